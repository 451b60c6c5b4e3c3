"""Alarms: messages to operators about failures and findings in Dagster's event log.

Belongs here: finding alarms (``alarm_events``), choosing the texts that may be passed on
(``trusted_text``), wording (``message``), sending (``channels``), and the sensors that do it
(``alarm_sensors``). Does not belong here: repairing anything.
"""
