from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from aml_assets.cli.demo.patterns import TYPOLOGIES, draw_pattern
from aml_assets.cli.demo.synthetic_bank import Bank, BankSummary, write_bank
from aml_assets.errors import SettingsError

FIRST_DAY = dt.date(2024, 1, 1)
SMALL: dict[str, Any] = {
    "first_day": FIRST_DAY, "days": 5, "customers": 100, "corporates": 10, "trx_per_day": 50,
}  # fmt: skip
Frame = Any
"""A pandas frame; pandas' own types cannot tell a column from a frame."""
Payment = tuple[str, str, float]
"""Payer, payee, time."""


@dataclass(frozen=True)
class Landed:
    """A written bank, read back as a stranger would."""

    root: Path
    summary: BankSummary
    tables: dict[str, Frame]


def read_daily(landing: Path, table: str, days: tuple[dt.date, ...]) -> Frame:
    parts = [
        pq.read_table(path).to_pandas().assign(landed=number)
        for number, day in enumerate(days)
        for path in sorted((landing / table / "daily" / day.isoformat()).glob("*.parquet"))
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    root = tmp_path_factory.mktemp("bank") / "landing"
    summary = write_bank(root, first_day=FIRST_DAY)
    tables = {name: read_daily(root, name, summary.days) for name in ("trx", "str")}
    for name in ("retail", "corporate", "account"):
        tables[name] = pq.read_table(root / name / "all" / "part-00000.parquet").to_pandas()
    return Landed(root, summary, tables)


def fingerprints(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_arguments_give_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    first = write_bank(tmp_path / "a", **SMALL)
    second = write_bank(tmp_path / "b", **SMALL)
    write_bank(tmp_path / "c", **SMALL, seed=2)
    assert first == second
    assert fingerprints(tmp_path / "a") == fingerprints(tmp_path / "b")
    other = fingerprints(tmp_path / "c")
    assert not [
        name for name, digest in fingerprints(tmp_path / "a").items()
        if "daily" in name and name.endswith("part-00000.parquet") and digest == other.get(name)
        and first.empty_day.isoformat() not in name
    ]  # fmt: skip


def test_days_landed_one_by_one_are_the_whole_bank(tmp_path: Path) -> None:
    write_bank(tmp_path / "whole", **SMALL)
    one_by_one = Bank(**SMALL)
    for day in reversed(one_by_one.summary.days):
        one_by_one.land_day(tmp_path / "steps", day)
    one_by_one.land_static(tmp_path / "steps")
    assert fingerprints(tmp_path / "steps") == fingerprints(tmp_path / "whole")


def test_a_demo_never_writes_over_anything(tmp_path: Path) -> None:
    (tmp_path / "account").mkdir()
    with pytest.raises(SettingsError, match="account exists"):
        write_bank(tmp_path, **SMALL)
    assert fingerprints(tmp_path) == {}
    bank = Bank(**SMALL)
    bank.land_day(tmp_path, FIRST_DAY)
    before = fingerprints(tmp_path)
    with pytest.raises(SettingsError, match="not empty"):
        bank.land_day(tmp_path, FIRST_DAY)
    assert fingerprints(tmp_path) == before


@pytest.mark.parametrize(
    "change", [{"days": 4}, {"customers": 99}, {"trx_per_day": 0}, {"laundering_rate": 0.5}]
)
def test_a_bank_that_cannot_hold_the_patterns_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=next(iter(change))):
        Bank(**(SMALL | change))


def test_every_folder_is_finished_by_success_and_holds_nothing_else(bank: Landed) -> None:
    expected = {f"{name}/all": 1 for name in ("retail", "corporate", "account")}
    for day in bank.summary.days:
        empty = day == bank.summary.empty_day
        expected[f"trx/daily/{day}"] = 1 if empty else 2
        expected[f"str/daily/{day}"] = 0 if empty else 1
    found = {str(p.parent.relative_to(bank.root)): p for p in bank.root.rglob("_SUCCESS")}
    assert found.keys() == expected.keys()
    for folder, success in found.items():
        parts = [f"part-{n:05d}.parquet" for n in range(expected[folder])]
        assert sorted(p.name for p in success.parent.iterdir()) == ["_SUCCESS", *parts]
        written = success.stat().st_mtime_ns
        assert all((success.parent / part).stat().st_mtime_ns <= written for part in parts)


def test_exactly_one_day_in_the_middle_is_empty(bank: Landed) -> None:
    for name in ("trx", "str"):
        landed = set(bank.tables[name]["landed"])
        empty = [day for n, day in enumerate(bank.summary.days) if n not in landed]
        assert empty == [bank.summary.empty_day]
    assert bank.summary.days.index(bank.summary.empty_day) == len(bank.summary.days) // 2
    empty_trx = bank.root / "trx" / "daily" / f"{bank.summary.empty_day}" / "part-00000.parquet"
    full_trx = bank.root / "trx" / "daily" / f"{FIRST_DAY}" / "part-00000.parquet"
    assert pq.read_schema(empty_trx).equals(pq.read_schema(full_trx))


def test_keys_are_unique_and_foreign_keys_resolve_or_lead_outside(bank: Landed) -> None:
    trx, reports, account = (bank.tables[name] for name in ("trx", "str", "account"))
    customers: Frame = pd.concat([bank.tables[t]["cust_id"] for t in ("retail", "corporate")])
    key_columns: list[Frame] = [trx["trx_id"], account["account_id"], customers]
    for keys in key_columns:
        assert keys.notna().all()
        assert keys.is_unique
    assert not reports.duplicated(["landed", "trx_id", "ins_id"]).any()
    assert reports[["trx_id", "ins_id"]].notna().all().all()
    assert account["cust_id"].isin(customers).all()

    owner = account.set_index("account_id")["cust_id"]
    for side in ("", "target_"):
        named, customer = trx[f"{side}account_id"], trx[f"{side}cust_id"]
        inside = named.isin(owner.index)
        assert (named[inside].map(owner) == customer[inside]).all()
        assert customer[~inside].isna().all()
        assert named[~inside & named.notna()].str.startswith("EXT").all()
        assert 0 < named.isna().mean() < customer.isna().mean() < 0.6
    assert (trx["account_id"] != trx["target_account_id"]).all()

    assert (trx["timestamp"].dt.normalize() == pd.Timestamp(FIRST_DAY)
            + pd.to_timedelta(trx["landed"], unit="D")).all()  # fmt: skip
    assert trx["timestamp"].dt.floor("s").dt.time.nunique() > 40_000  # not one stamp per day
    assert (trx["amount"] > 0).all()
    assert bank.tables["retail"]["name"].nunique() > 0.9 * len(bank.tables["retail"])
    shared = {"city", "risk_rating"}
    assert shared <= set(bank.tables["retail"]) & set(bank.tables["corporate"])


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


def assert_shape(typology: str, payments: list[Payment]) -> None:
    """``payments`` have the shape of the typology, and money is not passed on before it came."""
    payments = sorted(payments, key=lambda payment: payment[2])
    out_degree = Counter(payer for payer, _, _ in payments)
    in_degree = Counter(payee for _, payee, _ in payments)
    payers, payees = set(out_degree), set(in_degree)
    middle = payers & payees
    path = all(a[1] == b[0] for a, b in pairwise(payments))
    match typology:
        case "fan_out":
            assert len(payers) == 1
            assert len(payees) == len(payments) >= 5
            assert not middle
        case "fan_in":
            assert len(payees) == 1
            assert len(payers) == len(payments) >= 5
            assert not middle
        case "cycle":
            assert path
            assert payments[-1][1] == payments[0][0]
            assert payers == payees
            assert len(payers) == len(payments) >= 4
        case "random":
            assert path
            assert len(payers | payees) == len(payments) + 1 >= 5
        case "scatter_gather":
            assert len(payers - payees) == len(payees - payers) == 1
            assert len(middle) >= 4
            assert len(payments) == 2 * len(middle)
            assert all(out_degree[m] == in_degree[m] == 1 for m in middle)
        case "gather_scatter":
            (hub,) = middle
            assert in_degree[hub] >= 3
            assert out_degree[hub] >= 3
            assert len(payments) == in_degree[hub] + out_degree[hub]
            assert len(payers | payees) == len(payments) + 1
        case "bipartite":
            assert not middle
            assert len(payers) >= 4
            assert len(payees) >= 4
        case "stack":
            assert min(len(payers - payees), len(middle), len(payees - payers)) >= 3
            assert all((payer in middle) != (payee in middle) for payer, payee, _ in payments)
        case _:
            pytest.fail(f"no shape is known for {typology}")
    origin = {payments[0][0]} if typology == "cycle" else set()
    for account in middle - origin:
        came = max(when for _, payee, when in payments if payee == account)
        left = min(when for payer, _, when in payments if payer == account)
        assert came < left


def test_every_typology_is_planted_a_dozen_times_or_so_in_its_true_shape(bank: Landed) -> None:
    trx = bank.tables["trx"].set_index("trx_id")
    planted = [trx_id for pattern in bank.summary.patterns for trx_id in pattern.trx_ids]
    assert len(planted) == len(set(planted))
    assert set(bank.summary.patterns_per_typology) == set(TYPOLOGIES)
    assert min(bank.summary.patterns_per_typology.values()) >= 8
    spans = []
    for pattern in bank.summary.patterns:
        rows = trx.loc[list(pattern.trx_ids)]
        ends = zip(rows["account_id"], rows["target_account_id"], rows["timestamp"], strict=True)
        assert_shape(pattern.typology, [(a, b, when.timestamp()) for a, b, when in ends])
        spans.append(rows["landed"].nunique())
    assert pd.Series(spans).median() >= 3


@settings(max_examples=100, deadline=None)
@given(typology=st.sampled_from(TYPOLOGIES), seed=st.integers(0, 2**32))
def test_a_drawn_pattern_has_its_shape_and_makes_no_money(typology: str, seed: int) -> None:
    pattern = draw_pattern(typology, default_rng(seed))
    assert_shape(
        typology,
        [
            (str(payer), str(payee), float(moment))
            for (payer, payee, _), moment in zip(pattern.edges, pattern.moments, strict=True)
        ],
    )
    assert pattern.amounts.min() > 0
    assert pattern.moments.min() >= 0
    assert pattern.moments.max() < 1
    came, left = Counter[int](), Counter[int]()
    for (payer, payee, step), amount in zip(pattern.edges, pattern.amounts, strict=True):
        came[payee] += amount
        if step > 0:
            left[payer] += amount
    for account, passed_on in left.items():
        assert 0.9 * came[account] < passed_on < came[account]


@pytest.fixture(scope="module")
def decided(bank: Landed) -> Frame:
    """The decided reports, once each, with everything the bank knows about both sides."""
    tables = bank.tables
    trx = tables["trx"].drop(columns="landed")
    trx["hour"] = trx["timestamp"].dt.hour
    trx["second"] = trx["timestamp"].dt.second
    # Traces a generator may leave without meaning to.
    trx["position_in_file"] = trx["trx_id"].str[-6:].astype(int)
    trx["amount_occurs"] = trx.groupby("amount")["amount"].transform("size")
    rows = tables["str"].dropna(subset="label").drop_duplicates(["trx_id", "ins_id"], keep="last")
    rows = rows.merge(trx, on="trx_id")
    for side in ("", "target_"):
        for name in ("account", "retail", "corporate"):
            key = "account_id" if name == "account" else "cust_id"
            joined = tables[name].add_prefix(f"{side}{name}.")
            right = f"{side}{name}.{key}"
            rows = rows.merge(joined, left_on=f"{side}{key}", right_on=right, how="left")
    unused = [c for c in rows if c.endswith(("_id", "name")) or c == "timestamp"]
    return rows.drop(columns=unused)


def encoded(frame: Frame) -> Frame:
    """Dates as days, words as codes, missing as missing."""
    columns = {}
    for name, values in frame.items():
        if name.endswith(("birth_date", "founded", "opened")):
            values = pd.to_datetime(values).sub(pd.Timestamp(FIRST_DAY)).dt.days
        elif not pd.api.types.is_numeric_dtype(values):
            codes = values.astype("category").cat.codes
            values = codes.where(codes >= 0)
        columns[name] = values.astype(float)
    return pd.DataFrame(columns)


def test_no_column_alone_gives_laundering_away(decided: Frame) -> None:
    from sklearn.metrics import roc_auc_score

    label = decided["label"].to_numpy()
    features = decided.drop(columns=["label", "landed"])
    telling = {}
    for name, values in encoded(features).items():
        # Twenty bins by quantile and one for missing, each with its own share of positives:
        # the best that any use of this column alone could do, seen with hindsight.
        few = values.nunique() <= 30
        bins = values if few else pd.Series(pd.qcut(values, 20, labels=False, duplicates="drop"))
        share = decided["label"].groupby(bins.fillna(-1)).transform("mean")
        telling[name] = roc_auc_score(label, share)
    assert len(telling) > 40
    assert {name: auc for name, auc in telling.items() if auc >= 0.8} == {}
    for trace in ("second", "position_in_file", "amount_occurs"):
        assert telling[trace] < 0.65, trace


def test_laundering_is_detectable_on_later_days_but_not_trivially(decided: Frame) -> None:
    import xgboost as xgb
    from sklearn.metrics import average_precision_score, roc_auc_score

    label, day = decided["label"].astype(int), decided["landed"]
    features = encoded(decided.drop(columns=["label", "landed"]))
    parameters = {
        "objective": "binary:logistic", "base_score": 0.5, "max_depth": 5, "eta": 0.1,
        "subsample": 0.8, "colsample_bytree": 0.6, "min_child_weight": 3, "seed": 0, "nthread": 1,
    }  # fmt: skip
    areas, precisions = [], []
    for start in (0, 7, 14):
        train = day.between(start, start + 26)
        test = day.between(start + 27, start + 29)
        model = xgb.train(parameters, xgb.DMatrix(features[train], label[train]), 120)
        scores = model.predict(xgb.DMatrix(features[test]))
        areas.append(roc_auc_score(label[test], scores))
        precisions.append(average_precision_score(label[test], scores))
        prevalence = label[test].mean()
        assert precisions[-1] > 3 * prevalence
    assert 0.85 < sum(areas) / 3 < 0.95
    assert max(precisions) < 0.8
