"""A check's threshold may be given in part, for all tables or for one, and is completed."""

import pytest
from pydantic import ValidationError

from aml_assets.settings.check_settings import FRAME, SCORED, CheckSettings, Threshold


def checks(**values: object) -> CheckSettings:
    return CheckSettings.model_validate(values)


def test_a_part_of_a_threshold_is_completed_by_the_default():
    assert checks(volume={"low": 0.3}).volume == Threshold(severity="block", low=0.3, high=5.0)


def test_a_table_differs_from_all_tables_by_what_is_given_for_it():
    given = checks(volume={"low": 0.3}, tables={"trx": {"volume": {"high": 9}}})
    assert given.of("trx", "volume") == Threshold(severity="block", low=0.3, high=9)
    assert given.of("account", "volume") == Threshold(severity="block", low=0.3, high=5.0)


def test_our_defaults_for_a_table_rank_between_its_own_and_those_for_all():
    given = checks(
        null_rate={"severity": "off", "high": 0.8}, tables={"str": {"null_rate": {"high": 0.7}}}
    )
    assert given.of("str", "null_rate") == Threshold(severity="warn", high=0.7)
    assert given.of(FRAME, "null_rate") == Threshold(severity="warn", high=0.5)
    assert given.of("trx", "null_rate") == Threshold(severity="off", high=0.8)


def test_null_and_an_empty_threshold_of_a_table_leave_the_others_in_force():
    for nothing in (None, {}):
        given = checks(tables={"str": {"volume": nothing}, "trx": {"orphan_keys": nothing}})
        assert given.of("str", "volume") == CheckSettings().of("str", "volume")
        assert given.of("trx", "orphan_keys") == Threshold(severity="warn", high=0.2)


def test_a_static_table_has_a_volume_check_of_its_own():
    given = checks(tables={"retail": {"static_volume": {"low": 0.9}}})
    assert given.of("retail", "volume", static=True).low == 0.9
    assert given.of("retail", "volume").low == 0.2


def test_a_threshold_holds_both_its_ends():
    threshold = Threshold(low=1, high=2)
    assert [threshold.holds(figure) for figure in (0.9, 1, 2, 2.1)] == [False, True, True, False]
    assert Threshold().holds(1e300)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"volume": {"low": 9}}, "low is larger than high"),
        ({"tables": {"trx": {"volume": {"low": 9}}}}, "low is larger than high"),
        ({"tables": {"trx": {"volum": {"low": 9}}}}, "volum"),
        ({"tables": {"trx": 3}}, "tables.trx"),
        ({"volume": None}, "volume"),
        ({"unseen_share": {"severity": "block"}}, "nothing comes after the predictions"),
        ({"tables": {SCORED: {"unseen_share": {"severity": "block"}}}}, "nothing comes after"),
    ],
)
def test_what_contradicts_itself_or_means_nothing_is_refused(
    values: dict[str, object], sentence: str
):
    with pytest.raises(ValidationError, match=sentence):
        CheckSettings.model_validate(values)


def test_thresholds_of_a_table_that_is_not_configured_are_refused():
    with pytest.raises(ValueError, match="there is no table 'branch'"):
        checks(tables={"branch": {}}).refuse_unknown(["trx", "str"])
    checks(tables={"trx": {}, SCORED: {}}).refuse_unknown(["trx", "str"])
