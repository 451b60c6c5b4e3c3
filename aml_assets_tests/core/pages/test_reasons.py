"""The reasons for a score: contributions that add up, and a sentence for each kind of value."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.model import fitting, reference, training
from aml_assets.core.model.batches import Batch
from aml_assets.core.model.encoding import Encoder, Feature, Frame
from aml_assets.core.pages import reasons
from aml_assets.core.tables.contracts import Column
from aml_assets.settings.training_settings import TrainingSettings
from aml_assets_tests.core.samples import DAY, accounts, customers, frame, reports, transactions

SIZE = 400


def window() -> Frame:
    """Reports of one day; those of a tax haven by night are laundering."""
    row = np.arange(SIZE)
    country = np.where(row % 20 == 0, "XX", "NL")
    hour = (row * 7) % 24
    ids = row.tolist()
    return frame(
        str=reports(*ids, label=pa.array([int(x) for x in (country == "XX") & (hour < 12)])),
        trx=transactions(
            *ids,
            amount=[float(n) if n % 10 else None for n in ids],
            timestamp=pa.array(
                [dt.datetime(2024, 3, 5, int(h)) for h in hour],  # noqa: DTZ001
                pa.timestamp("us"),
            ),
            country=country.tolist(),
        ),
        retail=customers(*ids, is_pep=[n % 50 == 0 for n in ids]),
        account=accounts(*ids, opened=[DAY - dt.timedelta(days=n) for n in ids]),
    )


@pytest.fixture(scope="module")
def model():
    learnt = window()
    encoder = fitting.fit([fitting.seen(learnt)], max_text_distinct_share=0.5, min_category_rows=2)
    values = encoder.transform(learnt).values
    labels = learnt.table.column("label").cast(pa.float32()).to_numpy()
    booster = training.train([Batch(values, labels)], TrainingSettings(rounds=20, threads=1))
    codes = [feature.encoding == "category" for feature in encoder.features]
    return booster, encoder, reference.fit(lambda n: values[:, n], codes), values


def explained(model, day: Frame, most=50, with_reference=True):
    booster, encoder, known, _ = model
    values = encoder.transform(day).values
    contributed = reasons.contributions(booster, values, threads=1)
    found = reasons.explain(encoder, known if with_reference else None, day, contributed, most=most)
    return found, booster, values


def plain(text: str) -> str:
    """Without the spaces that do not break."""
    return text.replace("\u00a0", " ")


def words(found) -> dict[str, str]:
    return {reason.column: plain(reason.words) for reason in found.reasons}


def test_contributions_add_up_to_each_scores_log_odds(model):
    import xgboost

    found, booster, values = explained(model, window(), most=2)
    margins = booster.predict(xgboost.DMatrix(values), output_margin=True)
    assert len({each.base for each in found}) == 1
    for each, margin in zip(found, margins, strict=True):
        assert len(each.reasons) <= 2
        assert each.margin == pytest.approx(float(margin), abs=1e-5)
        parts = each.base + sum(family.contribution for family in each.families) + each.rest
        assert parts == pytest.approx(each.margin, abs=1e-9)


FANS = Encoder(
    (
        Feature("trx", "amount", "number"),
        *(Feature("network", f"payer_new_payees_{days}", "number") for days in (7, 14, 30)),
        Feature("network", "cycle_30", "number"),
        Feature("network", "payee_rank", "number"),
    ),
    {},
)


def of_fans(*contributions: float, most=2) -> reasons.Explanation:
    """The explanation of one report by contributions to each feature of `FANS`."""
    numbers = {f"payer_new_payees_{days}": pa.array([days]) for days in (7, 14, 30)}
    day = Frame(
        DAY,
        pa.table({"amount": [9.5], **numbers, "cycle_30": [3], "payee_rank": [2.5]}),
        {
            name: Column("trx" if name == "amount" else "network", name, "numeric")
            for name in ("amount", *numbers, "cycle_30", "payee_rank")
        },
    )
    values = np.array([[*contributions, -3.0]])
    (found,) = reasons.explain(FANS, None, day, values, most=most)
    return found


def test_the_features_of_a_lines_units_have_families_and_names_of_their_own():
    names = ("paid_7", "payer_payer_new_payees_7_within_30", "short_history")
    encoder = Encoder(tuple(Feature("unit", name, "number") for name in names), {})
    table = pa.table({"paid_7": [3], names[1]: pa.array([None], pa.int64()), names[2]: [True]})
    day = Frame(DAY, table, {name: Column("unit", name, "numeric") for name in names})
    values = np.array([[0.5, 0.25, 0.125, -3.0]])
    (found,) = reasons.explain(encoder, None, day, values, most=3)
    told = ["its payments", "fans", "length of the history"]
    assert [each.family for each in found.families] == told
    assert words(found) == {
        "unit.paid_7": "payments made, 7 days is 3",
        "unit.payer_payer_new_payees_7_within_30": "as payer, the largest within 30 days: accounts "
        "newly paid by the payer, 7 days is missing",
        "unit.short_history": "short history is true",
    }


def test_a_family_of_many_small_reasons_comes_before_a_single_larger_one():
    found = of_fans(0.5, 0.3, 0.25, 0.2, 0.0, -0.1)
    assert [(each.family, round(each.contribution, 9)) for each in found.families] == [
        ("fans", 0.75), ("the transaction", 0.5),
    ]  # fmt: skip
    assert [plain(each.words) for each in found.reasons] == [
        "the payer paid 7 accounts for the first time in 7 days",
        "amount is 9.50",
    ]
    assert found.rest == pytest.approx(-0.1)


def test_a_familys_first_reason_points_where_the_family_does():
    found = of_fans(0.0, -0.9, 0.6, 0.5, 0.1, 0.0, most=4)
    fans = found.families[0]
    assert (fans.family, round(fans.contribution, 9)) == ("fans", 0.2)
    assert [each.contribution for each in fans.reasons] == [0.6, 0.5, -0.9]
    assert [each.family for each in found.families] == ["fans", "round trips"]


def test_the_parts_of_a_time_are_one_reason_and_the_largest_comes_first(model):
    found, _, _ = explained(model, window())
    suspicious = found[0]  # country XX at midnight
    columns = [reason.column for reason in suspicious.reasons]
    assert sorted(columns)[-2:] == ["trx.country", "trx.timestamp"]
    sizes = [abs(family.contribution) for family in suspicious.families]
    assert sizes == sorted(sizes, reverse=True)
    assert words(suspicious)["trx.country"] == "country is “XX” (5.0 % of training rows)"
    assert words(suspicious)["trx.timestamp"].startswith("timestamp is at 00:00–00:59 (4.2 % of")


def said(model, position: str, day: Frame, row=0, with_reference=True) -> str:
    """What is said of one feature of a row, whatever it contributes."""
    _, encoder, known, _ = model
    names = [feature.name for feature in encoder.features]
    speaker = reasons._Words(encoder, known if with_reference else None, day)
    return plain(speaker.of(row, names.index(position)))


def one(**changed) -> Frame:
    """A single report and what belongs to it."""
    trx = {"amount": [50.0], "country": ["NL"], **changed.get("trx", {})}
    return frame(
        str=reports(0),
        trx=transactions(0, **trx),
        retail=customers(0, **changed.get("retail", {"is_pep": [False]})),
        account=accounts(0, **changed.get("account", {"opened": [DAY]})),
    )


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        (390.5, "amount 390.50 is high (96.6 % of training rows lie below)"),
        (98_000.0, "amount 98,000 is high (all training rows lie below)"),
        (12.0, "amount 12 is low (96.9 % of training rows lie above)"),
        (-1.0, "amount -1 is low (all training rows lie above)"),
        (200.5, "amount is 200.50 (50 % of training rows lie below)"),
        (None, "amount is missing (as in 10 % of training rows)"),
        (float("nan"), "amount is missing (as in 10 % of training rows)"),
    ],
)
def test_a_number_is_told_with_its_place_among_the_training_rows(model, amount, sentence):
    day = one(trx={"amount": pa.array([amount], pa.float64())})
    assert said(model, "trx.amount", day) == sentence


@pytest.mark.parametrize(
    ("feature", "changed", "sentence"),
    [
        ("trx.country", {"trx": {"country": ["ZZ"]}}, "country “ZZ” was not seen in training"),
        (
            "trx.country",
            {"trx": {"country": pa.nulls(1, pa.string())}},
            "country is missing (as in 0 % of training rows)",
        ),
        (
            "retail.is_pep",
            {"retail": {"is_pep": [True]}},
            "retail is pep is true (2.0 % of training rows)",
        ),
        (
            "account.opened age_days",
            {"account": {"opened": [DAY - dt.timedelta(days=1)]}},
            "account opened is 2024-03-04, 1 day before the report "
            "(99.5 % of training rows are longer ago)",
        ),
        (
            "trx.timestamp weekday",
            {},
            "timestamp is on a Tuesday (100 % of training rows)",
        ),
        ("trx.trx_day age_days", {}, "reported the same day (100 % of training rows)"),
    ],
)
def test_other_kinds_are_told_in_their_own_words(model, feature, changed, sentence):
    assert said(model, feature, one(**changed)) == sentence


def test_a_model_that_kept_no_training_rows_tells_values_alone(model):
    day = one(trx={"amount": [98_000.0]})
    assert said(model, "trx.amount", day, with_reference=False) == "amount is 98,000"
    assert said(model, "trx.country", day, with_reference=False) == "country is “NL”"


def test_no_row_has_no_explanation(model):
    found, _, _ = explained(model, frame())
    assert found == []
