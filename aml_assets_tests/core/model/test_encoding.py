"""The selection of features, their vocabularies, and the encoding of frames as numbers."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.days import ONE_DAY
from aml_assets.core.model import fitting
from aml_assets.core.model.encoding import Encoder
from aml_assets.errors import InputError, NotTrainable
from aml_assets.settings.load import Settings
from aml_assets_tests.core.samples import DAY, NOON, customers, frame, reports, transactions

NAN = np.nan
CANARY = "Kanarienvogel"


def fit(*frames, max_text_distinct_share=0.5, min_category_rows=1):
    return fitting.fit(
        list(map(fitting.seen, frames)),
        max_text_distinct_share=max_text_distinct_share,
        min_category_rows=min_category_rows,
    )


def column(encoder, matrix, name):
    return matrix.values[:, [feature.name for feature in encoder.features].index(name)].tolist()


def window():
    """Two days whose reports carry a feature of every kind."""
    older = frame(
        DAY - ONE_DAY,
        str=reports(
            1,
            2,
            reason=["b", "a"],
            score=[0.5, None],
            urgent=[True, None],
            limit=pa.array([Decimal("1.5"), Decimal("2")]),
            seen=pa.array([dt.datetime.fromisoformat("2024-03-01T18:30"), None]),
            born=pa.array([None, dt.date(2024, 3, 3)]),
        ),
    )
    newer = frame(
        str=reports(3, 4, 5, reason=["c", "a", None], score=[1, 2, 3]),
        trx=transactions(3, kind=["wire"]),
    )
    return older, newer


def test_a_fitted_encoder_gives_numbers_codes_and_parts_of_times():
    older, newer = window()
    encoder = fit(older, newer, max_text_distinct_share=1.0)
    matrix = encoder.transform(older)
    assert matrix.values.dtype == np.float32
    expected = {
        "str.reason": [1, 0],
        "str.score": [0.5, NAN],
        "str.urgent": [1, NAN],
        "str.limit": [1.5, 2],
        "str.seen hour": [18, NAN],
        "str.seen weekday": [4, NAN],
        "str.seen age_days": [3, NAN],
        "str.born age_days": [NAN, 1],
        "trx.kind": [NAN, NAN],
        "trx.amount": [NAN, NAN],
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(column(encoder, matrix, name), values, err_msg=name)
    assert matrix.nulls["str.score"] == 1
    assert matrix.unseen == {"str.reason": 0}
    assert matrix.absent == ("trx.kind",)


def test_ages_are_counted_from_the_event_day_of_each_frame():
    born = pa.array([dt.date(2000, 1, 1), dt.date(1969, 12, 31)])
    days = [frame(DAY + n * ONE_DAY, str=reports(1, 2, born=born)) for n in (0, 365)]
    encoder = fit(*days)
    ages = [column(encoder, encoder.transform(day), "str.born age_days") for day in days]
    assert ages[0] == [(DAY - value).days for value in born.to_pylist()]
    assert ages[1] == [age + 365 for age in ages[0]]


def test_a_time_before_1970_is_as_old_as_its_day():
    seen = pa.array([dt.datetime.fromisoformat("1969-12-31T23:59")])
    day = frame(str=reports(1, seen=seen))
    encoder = fit(day)
    age = column(encoder, encoder.transform(day), "str.seen age_days")
    assert age == [(DAY - dt.date(1969, 12, 31)).days]


def test_a_column_that_is_a_date_on_some_day_has_only_an_age():
    stamps = frame(DAY - ONE_DAY, str=reports(1, since=[dt.datetime.fromisoformat("2024-03-01")]))
    dates = frame(str=reports(2, since=[dt.date(2024, 3, 1)]))
    encoder = fit(stamps, dates)
    names = [feature.name for feature in encoder.features if feature.column == "since"]
    assert names == ["str.since age_days"]
    ages = [column(encoder, encoder.transform(day), names[0]) for day in (stamps, dates)]
    assert ages == [[3], [4]]


def test_an_encoder_that_went_through_json_gives_the_same_matrix():
    frames = window()
    encoder = fit(*frames)
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict(), sort_keys=True)))
    assert again == encoder
    for each in frames:
        np.testing.assert_array_equal(again.transform(each).values, encoder.transform(each).values)


def test_unseen_and_null_are_both_scored_as_missing_and_counted_apart():
    encoder = fit(frame(str=reports(*range(4), reason=["a", "b"] * 2)))
    later = frame(DAY + ONE_DAY, str=reports(1, 2, 3, 4, reason=["b", "new", None, "a"]))
    matrix = encoder.transform(later)
    np.testing.assert_array_equal(column(encoder, matrix, "str.reason"), [1, NAN, NAN, 0])
    assert matrix.nulls["str.reason"] == 1
    assert matrix.unseen["str.reason"] == 1


def test_only_the_rows_asked_for_are_encoded_and_counted():
    day = frame(str=reports(1, 2, 3, 4, reason=["a", None, "a", "a"]))
    encoder = fit(day)
    whole, part = encoder.transform(day), encoder.transform(day, np.array([3, 1]))
    np.testing.assert_array_equal(part.values, whole.values[[3, 1]])
    assert part.nulls["str.reason"] == 1
    none = encoder.transform(day, np.array([], np.int64))
    assert none.values.shape == (0, len(encoder.features))


def test_a_value_in_too_few_rows_of_the_window_is_not_learnt():
    frames = (
        frame(DAY - ONE_DAY, str=reports(1, 2, reason=["rare", "a"])),
        frame(str=reports(3, 4, 5, 6, 7, reason=["a", "once", "b", "b", "a"])),
    )
    encoder = fit(*frames, min_category_rows=2, max_text_distinct_share=0.6)
    (reason,) = [f for f in encoder.features if f.column == "reason"]
    assert reason.vocabulary == ("a", "b")
    with pytest.raises(NotTrainable, match=r"str.reason: no value stands in 9 rows"):
        fit(*frames, min_category_rows=9, max_text_distinct_share=0.6)


def test_a_name_in_its_own_table_is_no_feature_however_often_it_is_reported():
    names = [CANARY, "Ada", "Bo", "Cy"]
    retail = customers(1, 2, 3, 4, name=names, segment=["a", "a", "b", "b"])
    trx = transactions(*range(8), cust_id=[1] * 8)
    encoder = fit(frame(str=reports(*range(8)), trx=trx, retail=retail))
    features = {feature.name for feature in encoder.features}
    assert "retail.segment" in features
    assert "retail.name" not in features
    assert encoder.left_out["retail.name"].startswith("100% of its values in retail are distinct")
    assert CANARY not in json.dumps(encoder.to_dict())


def test_a_category_of_the_reports_is_judged_over_the_whole_window():
    days = [
        frame(DAY + n * ONE_DAY, str=reports(1, 2, reason=["a", "b"], note=[f"{n}", f"{n}!"]))
        for n in range(5)
    ]
    encoder = fit(*days)
    assert [f.name for f in encoder.features if f.table == "str"] == ["str.reason"]
    assert "str.note" in encoder.left_out


def test_a_kind_that_the_configuration_forces_is_final():
    kinds = {"retail": {"kinds": {"name": "category", "segment": "text", "partner": "id"}}}
    settings = Settings.model_validate({"tables": kinds})
    day = frame(
        settings=settings,
        str=reports(1, 2),
        trx=transactions(1, 2, cust_id=[1, 2]),
        retail=customers(1, 2, name=["Ada", "Bo"], segment=["a", "a"], partner=[5, 6]),
        corporate=customers(1, partner=["x"]),
    )
    encoder = fit(day)
    assert "retail.name" in {feature.name for feature in encoder.features}
    assert encoder.left_out["retail.segment"] == "a text by configuration"
    assert encoder.left_out["retail.partner"] == "an id"


def test_ids_and_the_label_are_never_features_under_any_name():
    day = frame(
        str=reports(1, 2, label=pa.array([0, 1]), cust_id=[1, 2]),
        trx=transactions(1, 2, ins_id=[5, 6]),
    )
    config = {
        "tables": {"trx": {"roles": {"ins_id": "ins_id"}}, "str": {"roles": {"cust_id": "cust_id"}}}
    }
    with_roles = frame(
        settings=Settings.model_validate(config),
        str=reports(1, 2, label=pa.array([0, 1]), cust_id=[1, 2]),
        trx=transactions(1, 2, ins_id=[5, 6]),
    )
    assert {"trx.amount", "str.cust_id", "trx.ins_id"} <= {f.name for f in fit(day).features}
    features = {feature.column for feature in fit(with_roles).features}
    assert features == {"amount", "timestamp", "trx_day"}


def test_a_column_without_a_value_in_the_window_is_no_feature_of_any_kind():
    nulls = {
        "number": pa.nulls(2, pa.float64()),
        "flag": pa.nulls(2, pa.bool_()),
        "moment": pa.nulls(2, pa.timestamp("us")),
        "word": pa.nulls(2, pa.string()),
        "nothing": pa.nulls(2),
    }
    encoder = fit(frame(str=reports(1, 2, score=[1, 2], **nulls)))
    assert [f.name for f in encoder.features if f.table == "str"] == ["str.score"]
    for name in nulls:
        assert encoder.left_out[f"str.{name}"] == "null throughout the training window"


def test_a_window_without_a_feature_cannot_be_trained_on():
    with pytest.raises(NotTrainable, match=r"can be a feature: .*trx.amount: null throughout"):
        fit(frame(str=reports(1, 2)))


@pytest.mark.parametrize(
    ("before", "after"),
    [([1.5], ["a"]), (["a"], [1.5]), ([1], [dt.date(2024, 1, 1)]), ([True], ["a"])],
)
def test_a_column_that_changes_its_kind_is_a_named_error(before, after):
    first = frame(DAY - ONE_DAY, str=reports(1, odd=before))
    second = frame(str=reports(2, odd=after))
    with pytest.raises(InputError) as caught:
        fit(first, second)
    error = caught.value
    assert (error.table, error.day, error.column) == ("str", str(DAY), "odd")
    encoder = fit(first, max_text_distinct_share=1.0)
    with pytest.raises(InputError) as caught:
        encoder.transform(second)
    assert (caught.value.table, caught.value.day, caught.value.column) == ("str", str(DAY), "odd")


def test_whole_numbers_flags_and_fractions_are_one_kind():
    days = [
        frame(DAY + n * ONE_DAY, str=reports(1, score=score))
        for n, score in enumerate(([True], [2], [0.5], [Decimal("0.25")]))
    ]
    encoder = fit(*days)
    values = [column(encoder, encoder.transform(day), "str.score") for day in days]
    assert values == [[1], [2], [0.5], [0.25]]


def test_a_column_absent_or_null_on_some_days_is_missing_there():
    days = [
        frame(DAY - 2 * ONE_DAY, str=reports(1, score=pa.nulls(1), reason=["a"])),
        frame(DAY - ONE_DAY, str=reports(2)),
        frame(DAY, str=reports(3, score=[7], reason=pa.nulls(1))),
        frame(DAY + ONE_DAY, str=reports()),
    ]
    encoder = fit(*days, max_text_distinct_share=1.0)
    matrices = [encoder.transform(day) for day in days]
    assert [m.absent for m in matrices] == [
        (),
        ("str.score", "str.reason"),
        (),
        ("str.score", "str.reason"),
    ]
    scores = [column(encoder, m, "str.score") for m in matrices]
    np.testing.assert_array_equal(scores[:3], [[NAN], [NAN], [7]])
    assert matrices[3].values.shape == (0, len(encoder.features))


def test_a_column_that_begins_to_collide_with_another_tables_stays_the_same_feature():
    kinds = ["wire", "cash"]
    before = frame(str=reports(1, 2), trx=transactions(1, 2, kind=kinds))
    after = frame(
        DAY + ONE_DAY, str=reports(1, 2, kind=["x", "x"]), trx=transactions(1, 2, kind=kinds)
    )
    assert "trx_kind" in after.table.column_names
    encoder = fit(before, max_text_distinct_share=1.0)
    for day in (before, after):
        assert column(encoder, encoder.transform(day), "trx.kind") == [1, 0]


def test_the_vocabulary_and_columns_depend_on_the_window_alone():
    older, newer = window()
    assert fit(older, newer) == fit(older, newer)
    vocabulary = {f.name: f.vocabulary for f in fit(older, max_text_distinct_share=1).features}
    assert vocabulary["str.reason"] == ("a", "b")
    assert vocabulary["str.score"] == ()


def test_a_saved_index_is_no_feature_even_if_earlier_days_took_it_for_a_number():
    one, other = (
        frame(DAY + n * ONE_DAY, str=reports(1, 2, score=[1, 2], **{"Unnamed: 0": [0, 1]}))
        for n in range(2)
    )
    number = replace(one.columns["Unnamed: 0"], kind="numeric")
    before = replace(one, columns={**one.columns, "Unnamed: 0": number})
    for window in ([one, other], [before, other]):
        encoder = fit(*window)
        assert [f.name for f in encoder.features if f.table == "str"] == ["str.score"]
        assert encoder.left_out["str.Unnamed: 0"].startswith("the index of a data frame")


def test_a_day_without_a_time_does_not_decide_whether_times_have_hours():
    days = [
        frame(DAY, str=reports(1, 2, at=[NOON, NOON])),
        frame(DAY + ONE_DAY, str=reports(1, 2, at=pa.nulls(2, pa.date32()))),
    ]
    features = {feature.name for feature in fit(*days).features if feature.column == "at"}
    assert features == {"str.at hour", "str.at weekday", "str.at age_days"}
