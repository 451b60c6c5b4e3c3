"""aml_assets: a bank's nightly anti-money-laundering pipeline as a Dagster asset graph.

Every landed table, merged feature frame, trained model, metrics file and prediction CSV is a
daily-partitioned asset. ``build.build_definitions`` assembles the graph from one typed settings
object; ``assets`` holds thin Dagster wrappers, ``core`` the maths on plain frames, ``io``
everything that knows bytes, and ``cli`` the ``aml`` command. Importing this package loads
nothing heavy.
"""

import os

# Read by Arrow as it loads. Its own allocator keeps what one table needed while the next is read:
# a quarter more memory at the peak of a night, and no second less (benchmarks/preparation.py).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
