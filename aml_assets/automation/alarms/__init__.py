"""Alarms: what the event log says that somebody should know, and how it reaches them.

Belongs here: noticing (``alarm_events``), wording (``message``), sending (``channels``), and the
sensors that do it (``alarm_sensors``). Does not belong here: repairing anything.
"""
