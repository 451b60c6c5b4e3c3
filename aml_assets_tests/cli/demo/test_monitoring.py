"""Reports arrive late, twice or undecided in the promised shares, and the desk errs rarely."""

from __future__ import annotations

from aml_assets_tests.cli.demo.conftest import Landed


def test_reports_come_late_undecided_twice_or_about_nothing_in_the_promised_shares(
    bank: Landed,
) -> None:
    rows, trx = bank.tables["str"], bank.tables["trx"]
    assert set(rows["label"].dropna()) == {0, 1}
    reports = rows.groupby(["trx_id", "ins_id"], sort=False).agg(
        landed=("landed", "first"), rows=("label", "size"), newest=("label", "last")
    )
    first_label = rows.drop_duplicates(["trx_id", "ins_id"]).set_index(["trx_id", "ins_id"])
    trx_day = reports.index.get_level_values("trx_id").map(trx.set_index("trx_id")["landed"])
    matched = trx_day.notna()
    delay = reports["landed"][matched] - trx_day[matched]
    known = reports.index.get_level_values("trx_id")[matched]

    assert 0.05 < known.nunique() / len(trx) < 0.08
    assert delay.between(0, 10).all()
    assert 0.11 < (delay > 0).mean() < 0.16
    assert 0 < (~matched).mean() < 0.005
    assert 0.01 < known.duplicated().mean() < 0.03

    age = len(bank.summary.days) - 1 - reports["landed"]
    assert 0.015 < reports["newest"][age >= 7].isna().mean() < 0.04
    assert 0.2 < reports["newest"][age < 7].isna().mean() < 0.3
    repeated = reports["rows"] == 2
    assert reports["rows"].max() == 2
    later = first_label["label"].isna() & reports["newest"].notna()
    assert (later == repeated).all()  # a row is repeated to decide it, for nothing else

    summary = bank.summary
    assert dict(summary.rows) == {name: len(table) for name, table in bank.tables.items()}
    assert summary.reports == len(reports)
    assert summary.positives == (reports["newest"] == 1).sum()
    assert summary.undecided == reports["newest"].isna().sum()
    assert summary.decided_later == later.sum()
    assert summary.late == (delay > 0).sum()
    assert summary.unmatched == (~matched).sum()


def test_the_desk_errs_both_ways_but_rarely(bank: Landed) -> None:
    planted = {trx_id for pattern in bank.summary.patterns for trx_id in pattern.trx_ids}
    rows = bank.tables["str"].dropna(subset="label")
    guilty = rows["trx_id"].isin(planted)
    assert 0.02 < (rows["label"][guilty] == 0).mean() < 0.1
    assert 0 < (rows["label"][~guilty] == 1).mean() < 0.005
    assert 0.8 < len(planted & set(bank.tables["str"]["trx_id"])) / len(planted) < 1


def test_every_three_days_hold_positives_and_negatives(bank: Landed) -> None:
    labels = bank.tables["str"].groupby("landed")["label"]
    days = range(len(bank.summary.days))
    for wanted in (1, 0):
        per_day = labels.agg(lambda column, w=wanted: (column == w).sum()).reindex(days).fillna(0)
        assert per_day.rolling(3).sum().min() >= 5
