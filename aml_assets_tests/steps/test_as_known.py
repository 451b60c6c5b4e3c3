"""As known then: what is learnt and scored on a day knows nothing of what came to light later.

Belongs here: the same day built from the whole history, and from what was known at its end. Does
not belong here: which decisions are known when (``core/model/test_labels``).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from aml_assets.core.cases.dispositions import LABELS
from aml_assets.core.graph import FEATURES, MODEL, QUEUE, Line
from aml_assets.io.manifest import Manifest
from aml_assets.steps.builders.build_model import build_model
from aml_assets.steps.builders.build_predictions import build_predictions
from aml_assets.steps.deciding import take_dispositions
from aml_assets.steps.inputs.training_data import training_data
from aml_assets.steps.inputs.window_frames import windows_of
from aml_assets_tests.conftest import Bank, day, trx_columns

pytestmark = pytest.mark.long  # half a minute of builds

DAY, LAST, MATURITY = 9, 12, 2
CUSTOMERS = Line("customer")

Case = dict[str, Any]


def options(*, names_days: bool) -> dict[str, Any]:
    """Windows and ripe labels of a bank that names the days of its decisions, or does not."""
    tables: Case = {"dispositions": {"roles": {"cust_id": None, "note": None}}}
    if names_days:
        tables["str"] = {"roles": {"decided_at": "closed"}}
    return {
        "tables": tables,
        "windows": {"train_days": 3, "eval_days": 1},
        "labels": {"maturity_days": MATURITY},
        "features": {
            "network": {"windows": [2], "horizon_days": 3},
            "behaviour": {"windows": [2], "horizon_days": 3},
        },
        "lines": {"customer": {"horizon_days": 1, "windows": [2], "train_every": 1}},
    }


def history(random: Random, *, names_days: bool) -> dict[int, list[Case]]:
    """Per day, its reports: some of late transactions, some that were reported before."""
    found: dict[int, list[Case]] = {}
    for number in range(1, LAST + 1):
        own = [number * 100 + row for row in range(8)]
        late = [(number - 1) * 100 + 8 + random.randrange(4)] if number > 1 else []
        before = [case["trx"] for case in found.get(number - 1, [])]
        repeated = random.sample(before, 2) if before else []
        cases = [_case(random, number, trx, names_days) for trx in dict.fromkeys([*own, *late])]
        for trx in {*repeated} - {*own, *late}:
            cases.append(_case(random, number, trx, names_days))
            if not names_days:
                cases[-1]["written"] = number  # such a row brings its decision with it
        found[number] = cases
    return found


def _case(random: Random, number: int, trx: int, names_days: bool) -> Case:
    """A report, its label, and the day on which that is written into the table."""
    written = number + random.randrange(MATURITY + 1)
    slow = names_days and random.random() < 0.3
    decided = number + random.randrange(6) if slow else written
    return {
        "trx": trx,
        "label": int(random.random() < 0.2),
        "written": decided if slow else written,
        "decided": decided if (names_days and random.random() < 0.8) or slow else None,
        # Until it has decided, the bank writes 0; but a slow decision stays open beyond maturity.
        "open": None if slow else 0,
    }


def landed(cases: list[Case], by: int) -> dict[str, Any]:
    """The table of reports as it lies there at the end of a day."""
    known = [case["written"] <= by for case in cases]
    shown = list(zip(cases, known, strict=True))
    closed = [day(case["decided"]) if k and case["decided"] else None for case, k in shown]
    status = [f"closed as {case['label']}" if k else None for case, k in shown]
    return {
        "trx_id": [case["trx"] for case in cases],
        "ins_id": [7] * len(cases),
        "label": pa.array([case["label" if k else "open"] for case, k in shown], pa.int8()),
        "closed": pa.array(closed, pa.date32()),
        "status": pa.array(status, pa.string()),
    }


def decide(bank: Bank, cases: dict[int, list[Case]], last: int, random: Random) -> None:
    """On each day investigators decide on some reports and customers of the day before."""
    listed = pa.table({"customer": range(1, 9)})
    for number in range(2, last + 1):
        before = day(number - 1)
        bank.catalog.queues.publish(before, listed, Manifest(QUEUE, str(before)))
        lines = ["day,trx_id,ins_id,customer,disposition,reason"]
        for case in random.sample(cases[number - 1], 3):
            said = random.choice(sorted(LABELS))
            lines.append(f"{before},{case['trx']},7,,{said},R1")
        for customer in random.sample(range(1, 9), 3):
            lines.append(f"{before},,,{customer},{random.choice(sorted(LABELS))},R1")
        noon = dt.datetime.combine(day(number), dt.time(12), dt.UTC)
        take_dispositions(bank.catalog, "\n".join(lines).encode(), by="Ada", at=noon)


def land_decisions(bank: Bank, cases: dict[int, list[Case]], last: int, random: Random) -> None:
    """On each day the bank's own tool lands what was decided on reports of two days before."""
    for number in range(3, last + 1):
        chosen = random.sample(cases[number - 2], 2)
        columns = {
            "trx_id": [case["trx"] for case in chosen],
            "ins_id": [7] * len(chosen),
            "day": pa.array([day(number - 2)] * len(chosen), pa.date32()),
            "disposition": random.choices(sorted(LABELS), k=len(chosen)),
            "reason": ["R1"] * len(chosen),
            "by": ["Eve"] * len(chosen),
        }
        bank.land("dispositions", number, columns)


def build(bank: Bank, cases: dict[int, list[Case]], last: int, seed: int) -> dict[str, Any]:
    """Tables, relations, features, the model and the predictions of `DAY`; what they hold."""
    catalog = bank.catalog
    bank.prepare(1, last)
    decide(bank, cases, last, Random(seed))
    when = day(DAY)
    data = training_data(catalog, catalog.upstream(FEATURES), windows_of(catalog, when))
    model = build_model(catalog, when, catalog.upstream(FEATURES))
    model.publish_to(catalog.models, when)
    features, models = catalog.upstream(FEATURES), catalog.upstream(MODEL)
    scored = build_predictions(catalog, when, features, models)
    scored.publish_to(catalog.predictions, when)
    learnt = [(each.features.tobytes(), each.labels.tobytes()) for each in data.batches]
    csv = next(of for path, of in bank.files().items() if path.endswith(".csv"))
    return {
        "learnt": learnt,
        "model": bytes(model.value.save_raw("ubj")),
        "predictions": csv,
        **of_customers(bank, when),
    }


def of_customers(bank: Bank, when: dt.date) -> dict[str, Any]:
    """The frame, model and scores of a line of customers."""
    line = bank.catalog.of_line(CUSTOMERS)
    frames, reports = line.upstream(CUSTOMERS.features), line.upstream(FEATURES)
    model = build_model(line, when, frames, reports=reports)
    model.publish_to(line.models, when)
    scored = build_predictions(line, when, frames, line.upstream(CUSTOMERS.model))
    return {
        "customers": bank.catalog.frames(CUSTOMERS.features).load(when),
        "customer model": bytes(model.value.save_raw("ubj")),
        "customer scores": scored.value,
    }


@settings(deadline=None, max_examples=6, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32), names_days=st.booleans())
def test_a_day_from_the_whole_history_equals_it_from_what_was_known_at_its_end(seed, names_days):
    cases = history(Random(seed), names_days=names_days)
    found = []
    with TemporaryDirectory() as folder:
        for name, last, by in (("then", DAY, DAY), ("now", LAST, LAST + 9)):
            bank = Bank(Path(folder) / name, options(names_days=names_days))
            bank.land_static()
            for number in range(1, last + 1):
                bank.land("trx", number, trx_columns(number))
                bank.land("str", number, landed(cases[number], by))
            land_decisions(bank, cases, last, Random(seed + 1))
            found.append(build(bank, cases, last, seed))
    then, now = found
    for what, content in then.items():
        assert content == now[what], what
