"""The configuration: typed sections, their defaults, and how they are read.

Belongs here: what can be set, and which settings contradict each other. Does not belong here:
acting on a setting. ``load`` reads file and environment; every ``*_settings`` module holds the
sections of one subject.
"""
