"""Each check of a day's content: its figure, its sentence, and when it fails."""

import dataclasses
import datetime as dt
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.tables.checks import (
    CHECKS,
    CheckInput,
    Figures,
    Result,
    Subject,
    checks_for,
)
from aml_assets.settings.check_settings import CheckSettings, TableChecks, Threshold

VOLUME = Threshold(severity="block", low=0.2, high=5.0)
SHARE = Threshold(severity="warn", high=0.2)
TODAY = dt.date(2024, 3, 4)  # a Monday


def before(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def figures(rows: int, days_ago: int = 0, **values) -> Figures:
    return Figures(before(days_ago), rows, **values)


def past(*rows: int, **values) -> list[Figures]:
    """Earlier days, the newest first."""
    return [figures(count, days_ago, **values) for days_ago, count in enumerate(rows, 1)]


def judge(check: str, today: Figures, past: Sequence[Figures], limit: Threshold, **given) -> Result:
    """A check's result where five earlier days and thirty rows are enough to judge."""
    return CHECKS[check].judge(CheckInput(today, past, min_days=5, min_rows=30, **given), limit)


# -- volume --------------------------------------------------------------------------------


def test_rows_are_measured_against_the_median_of_earlier_days():
    result = judge("volume", figures(50), past(90, 100, 110, 100, 1000), VOLUME)
    assert (result.figure, result.passed) == (0.5, True)
    assert result.detail == "50 rows, usually 100 (median of 5 days)"
    assert result.threshold == "at least 0.2 and at most 5"


@pytest.mark.parametrize(("rows", "passed"), [(19, False), (20, True), (500, True), (501, False)])
def test_the_ends_of_a_threshold_are_inside(rows, passed):
    result = judge("volume", figures(rows), past(*[100] * 6), VOLUME)
    assert result.passed is passed
    assert result.blocks is not passed


def test_a_threshold_that_warns_blocks_nothing():
    warns = VOLUME.model_copy(update={"severity": "warn"})
    result = judge("volume", figures(1), past(*[100] * 6), warns)
    assert (result.passed, result.blocks) == (False, False)


def test_too_few_days_tell_nothing_of_what_is_usual():
    result = judge("volume", figures(1), past(100, 100, 100, 100), VOLUME)
    assert (result.passed, result.figure) == (True, None)
    assert result.detail == "too few days: 4 earlier ones, 5 tell what is usual"


def test_a_sunday_is_measured_by_sundays_where_weekdays_would_fail_it():
    two_weeks = [figures(10 if before(n).weekday() >= 5 else 100, n) for n in range(2, 16)]
    sunday = Figures(before(1), 9)
    result = judge("volume", sunday, two_weeks, VOLUME)
    assert (result.figure, result.passed) == (0.9, True)
    assert result.detail == "9 rows, usually 10 (median of 2 Sundays)"
    assert not judge("volume", Figures(TODAY, 9), two_weeks, VOLUME).passed


def test_an_empty_day_fails_unless_it_is_empty_by_design():
    assert judge("volume", figures(0), past(*[100] * 6), VOLUME).figure == 0
    exempt = judge("volume", figures(0), past(*[100] * 6), VOLUME, empty_by_design="a holiday")
    assert (exempt.passed, exempt.detail) == (True, "no row: a holiday")


@given(
    rows=st.integers(1, 10**9),
    others=st.lists(st.integers(1, 10**9), min_size=5, max_size=14),
    scale=st.integers(1, 1000),
)
def test_volume_depends_on_proportions_and_not_on_the_order_of_days(rows, others, scale):
    one = judge("volume", figures(rows), past(*others), VOLUME)
    scaled = judge("volume", figures(rows * scale), past(*[n * scale for n in others]), VOLUME)
    assert (one.passed, one.figure) == (scaled.passed, scaled.figure)
    assert judge("volume", figures(rows), past(*others)[::-1], VOLUME) == one
    ratio = rows / statistics.median(others)
    if 0.2 <= ratio <= 5:
        assert one.passed


# -- null rates ----------------------------------------------------------------------------


def test_the_column_whose_nulls_rose_most_is_named():
    earlier = past(*[100] * 5, nulls={"amount": 2, "city": 40})
    result = judge("null_rate", figures(100, nulls={"amount": 83, "city": 45}), earlier, SHARE)
    assert (result.figure, result.passed) == (0.81, False)
    assert result.detail == "column amount: 83.0% null, usually 2.0% (median of 5 days)"


def test_fewer_nulls_than_usual_are_no_failure():
    earlier = past(*[100] * 5, nulls={"city": 90})
    result = judge("null_rate", figures(100, nulls={"city": 10}), earlier, SHARE)
    assert (result.figure, result.passed) == (-0.8, True)


def test_a_column_that_comes_or_goes_is_no_failure():
    earlier = past(*[100] * 5, nulls={"gone": 0, "amount": 0})
    result = judge("null_rate", figures(100, nulls={"new": 100, "amount": 0}), earlier, SHARE)
    assert (result.figure, result.passed) == (0, True)


def test_a_handful_of_rows_is_not_judged():
    earlier = past(*[100] * 5, nulls={"city": 0})
    result = judge("null_rate", figures(3, nulls={"city": 3}), earlier, SHARE)
    assert (result.passed, result.detail) == (
        True,
        "too few rows: 3, and 30 are needed to judge",
    )


# -- label rate ----------------------------------------------------------------------------

RATE = CheckSettings().label_rate


def labelled(positives: int, decided: int, days_ago: int = 0) -> Figures:
    return figures(decided, days_ago, positives=positives, decided=decided)


def test_labels_turned_upside_down_are_seen():
    earlier = [labelled(4, 1000, n) for n in range(1, 6)]
    result = judge("label_rate", labelled(996, 1000), earlier, RATE)
    assert (result.figure, result.passed) == (249, False)
    assert result.detail == (
        "996 of 1,000 decided are positive (99.60%), usually 0.40% (median of 5 days)"
    )


def test_no_positive_is_no_wonder_where_few_are_to_be_expected():
    earlier = [labelled(4, 1000, n) for n in range(1, 6)]
    assert judge("label_rate", labelled(0, 1000), earlier, RATE).passed
    many = [labelled(40, 1000, n) for n in range(1, 6)]
    assert not judge("label_rate", labelled(0, 1000), many, RATE).passed


def test_a_bank_without_any_positive_divides_by_nothing():
    earlier = [labelled(0, 1000, n) for n in range(1, 6)]
    assert judge("label_rate", labelled(0, 1000), earlier, RATE).passed
    assert not judge("label_rate", labelled(600, 1000), earlier, RATE).passed


def test_undecided_reports_are_not_judged():
    result = judge("label_rate", figures(1000, positives=0, decided=0), [], RATE)
    assert (result.figure, result.passed) == (None, True)


# -- landing, shares, keys -----------------------------------------------------------------


def test_hours_later_than_usual_are_told():
    earlier = past(*[10] * 5, landed_after=26.0)
    late = judge(
        "late_landing", figures(10, landed_after=31.5), earlier, CheckSettings().late_landing
    )
    assert (late.figure, late.passed, late.blocks) == (5.5, False, False)
    unknown = judge("late_landing", figures(10), earlier, CheckSettings().late_landing)
    assert (unknown.figure, unknown.passed) == (None, True)


def test_the_worst_of_some_shares_is_named():
    orphans = {"trx.cust_id": [30, 100], "trx.account_id": [1, 100], "trx.branch": [5, 5]}
    result = judge("orphan_keys", figures(100), [], SHARE, facts={"orphans": orphans})
    assert (result.figure, result.passed) == (0.3, False)
    assert result.detail == "trx.cust_id: 30 of 100 refer to a row that no table holds"


def test_stored_rows_have_unique_keys_by_contract():
    result = judge("duplicate_keys", figures(10), [], Threshold(severity="block", high=0))
    assert (result.figure, result.passed) == (0, True)


def test_a_result_says_how_and_never_what_of_a_row():
    result = judge("volume", figures(1), past(*[100] * 6), VOLUME)
    assert set(dataclasses.asdict(result)) == {
        "name",
        "passed",
        "blocking",
        "figure",
        "low",
        "high",
        "detail",
    }


# -- registry ------------------------------------------------------------------------------

EVERYTHING = {
    "nulls": {"amount": 10},
    "positives": 20,
    "decided": 90,
    "landed_after": 26.0,
    "columns": {"a": "id"},
    "unmatched": 7,
    "orphans": {"trx.cust_id": [9, 100]},
    "unseen": {"channel": 3},
}
"""Every figure and fact that a check may need, of a day of a hundred rows."""


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        (Subject("table", daily=False), ["volume", "null_rate", "duplicate_keys", "schema_change"]),
        (
            Subject("table"),
            ["volume", "null_rate", "duplicate_keys", "schema_change", "late_landing"],
        ),
        (
            Subject("table", labelled=True),
            [
                "volume",
                "null_rate",
                "duplicate_keys",
                "schema_change",
                "label_rate",
                "late_landing",
            ],
        ),
        (Subject("features"), ["null_rate", "schema_change", "unmatched_share", "orphan_keys"]),
        (Subject("predictions"), ["unseen_share"]),
        (Subject("other"), []),
    ],
)
def test_an_asset_has_the_checks_of_its_kind(subject, names):
    assert [check.name for check in checks_for(subject)] == names


def input_of(known, earlier: int = 5) -> CheckInput:
    """A day of a hundred rows and the days before it, of which only some figures are known."""
    attributes = {field.name for field in dataclasses.fields(Figures)}
    of_day = {name: value for name, value in known.items() if name in attributes}
    facts = {name: value for name, value in known.items() if name not in attributes}
    before_it = past(*[100] * earlier, **of_day)
    return CheckInput(figures(100, **of_day), before_it, facts, min_days=5, min_rows=30)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_reads_what_it_declares_to_need_and_nothing_else(name):
    check, limit = CHECKS[name], getattr(CheckSettings(), name)
    whole = check.judge(input_of(EVERYTHING), limit)
    assert whole.figure is not None
    declared = {need: EVERYTHING[need] for need in check.needs}
    assert check.judge(input_of(declared), limit) == whole
    alone = check.judge(input_of(EVERYTHING, earlier=0), limit)
    assert (alone.figure is None) is check.compares
    for need in check.needs:
        without = {name: value for name, value in declared.items() if name != need}
        if need == "unmatched":  # each build of the features counts them
            with pytest.raises(KeyError, match=need):
                check.judge(input_of(without), limit)
        else:
            assert check.judge(input_of(without), limit) != whole


def test_every_check_has_a_threshold_for_all_tables_and_for_one():
    assert CHECKS.keys() <= CheckSettings.model_fields.keys()
    assert CHECKS.keys() | {"static_volume"} == TableChecks.model_fields.keys()


# -- settings ------------------------------------------------------------------------------


def test_what_is_given_is_laid_over_the_defaults():
    of = CheckSettings.model_validate(
        {"volume": {"low": 0.5}, "tables": {"trx": {"volume": {"high": 9}}}}
    )
    assert of.volume == Threshold(severity="block", low=0.5, high=5.0)
    assert of.of("trx", "volume") == Threshold(severity="block", low=0.5, high=9.0)
    assert of.of("str", "volume") == Threshold(severity="warn", low=0.5, high=5.0)
    assert of.of("retail", "volume", static=True) == of.static_volume


def test_a_tables_own_words_are_laid_over_what_differs_by_default():
    of = CheckSettings.model_validate({"tables": {"str": {"volume": {"severity": "block"}}}})
    assert of.of("str", "volume").severity == "block"
    assert of.of("str", "null_rate").severity == "warn"


def test_settings_that_are_written_out_and_read_again_are_the_same():
    given = {"volume": {"low": 0.5}, "tables": {"retail": {"static_volume": {"low": 0.9}}}}
    of = CheckSettings.model_validate(given)
    assert of.of("retail", "volume", static=True) == Threshold(severity="block", low=0.9, high=2.0)
    again = CheckSettings.model_validate(of.model_dump(mode="json"))
    assert again == of
    assert again.of("str", "volume") == Threshold(severity="warn", low=0.5, high=5.0)


@pytest.mark.parametrize(
    ("given_settings", "said"),
    [
        ({"volume": {"low": 9}}, "low is larger than high"),
        ({"tables": {"trx": {"volume": {"low": 9}}}}, "low is larger than high"),
        ({"unseen_share": {"severity": "block"}}, "nothing comes after the predictions"),
        ({"volum": {}}, "volum"),
    ],
)
def test_thresholds_that_make_no_sense_are_refused(given_settings, said):
    with pytest.raises(ValueError, match=said):
        CheckSettings.model_validate(given_settings)
