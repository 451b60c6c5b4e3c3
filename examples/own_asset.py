"""An asset of a bank's own: accounts that moved money on a day for the first time in a week."""

import datetime as dt

import pyarrow as pa

from aml_assets.assets.day_asset import day_asset
from aml_assets.build import build_definitions
from aml_assets.core.graph import Asset, Days, Reads
from aml_assets.io.upstream import Upstream

ROW = Asset("behaviour/new_accounts", (Reads("tables/trx", Days.LOOK_BACK),))


@day_asset(ROW.name, row=ROW, kinds={"parquet"}, code_version="1")
def new_accounts(day: dt.date, trx: Upstream[pa.Table]) -> pa.Table:
    """Accounts with a transaction on the day and none in the seven days before."""
    today, _ = trx.load(day, ["account_id"])
    known: set[object] = set()
    for past in (day - dt.timedelta(days=n) for n in range(1, 8)):
        if trx.has(past):
            known |= set(trx.load(past, ["account_id"])[0]["account_id"].to_pylist())
        else:
            trx.record(str(past))
    return pa.table({"account_id": sorted(set(today["account_id"].to_pylist()) - known)})


defs = build_definitions(assets=[new_accounts])
