"""The configuration: typed sections, their defaults, and how they are read.

Belongs here: what can be set and what contradicts what. Does not belong here: acting on a setting.
``load`` reads file and environment; every other module holds one section.
"""
