"""aml_assets: a bank's nightly anti-money-laundering pipeline as a Dagster asset graph.

Every landed table, merged feature frame, trained model, metrics file, prediction CSV and page is a
daily-partitioned asset. ``build`` assembles the graph from one typed settings object.

- ``settings``: what can be configured.
- ``core``: pure functions on frames and plain data, the asset graph's table among them.
- ``io``: the landing and the store; everything that knows bytes.
- ``steps``: one builder per asset, its inputs, its checks, and watching what has landed.
- ``assets``: the assets as Dagster loads them, and the HDFS IO manager.
- ``automation``: jobs, sensor, schedules, backfills, executors, launcher, alarms.
- ``cli``: the ``aml`` command, with migration and demo. ``notebook``: the store in a notebook.

Belongs here: nothing but this map. Does not belong here: any import that loads something heavy.
"""

import os

# Read by Arrow as it loads. Its own allocator keeps what one table needed while the next is read:
# a quarter more memory at the peak of a night, and no second less (benchmarks/preparation.py).
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
