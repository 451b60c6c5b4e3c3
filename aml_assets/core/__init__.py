"""The pure core: contracts, joins, encoding, training, evaluation and scoring.

Belongs here: functions that take frames, arrays and plain values and return them. Does not
belong here: Dagster, paths, stores, clocks, or anything else with an effect (tested).
"""
