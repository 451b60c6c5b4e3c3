"""aml_assets: a bank's nightly anti-money-laundering pipeline as a Dagster asset graph.

Every landed table, merged feature frame, trained model, metrics file and prediction CSV is a
daily-partitioned asset. ``build.build_definitions`` assembles the graph from one typed settings
object; ``assets`` holds thin Dagster wrappers, ``core`` the maths on plain frames, ``io``
everything that knows bytes, and ``cli`` the ``aml`` command. Importing this package loads
nothing heavy.
"""
