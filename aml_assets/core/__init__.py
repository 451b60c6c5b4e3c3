"""The pure core: tables, model, the night's decisions, pages, and comparisons.

Belongs here: functions that take frames, arrays and plain values and return them. Does not belong
here: Dagster, paths, stores, clocks, or anything else with an effect (tested).
"""
