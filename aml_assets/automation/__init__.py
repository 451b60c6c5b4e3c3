"""What starts runs and what watches them: jobs, sensor, schedules, backfills, launcher, alarms.

Belongs here: everything of Dagster's that is not an asset. Does not belong here: deciding what a
night needs (``core.night``), or building it (``steps``).
"""
