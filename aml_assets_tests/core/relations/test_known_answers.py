"""Known answers: the features of the network mark AMLworld's laundering attempts."""

import pytest

from aml_assets_tests.requirements import laundering_attempts
from benchmarks._attempts import Attempt, attempts, marked  # pyright: ignore[reportMissingImports]


@pytest.fixture(scope="module")
def answers() -> dict[str, list[tuple[Attempt, bool]]]:
    return marked(attempts(laundering_attempts()))


@pytest.mark.parametrize(("kind", "known"), [("FAN-IN", 31), ("FAN-OUT", 32)])
def test_every_fan_of_three_accounts_or_more_is_marked(answers, kind, known):
    fans = [found for attempt, found in answers[kind] if attempt.degree >= 3]
    assert len(fans) == known
    assert all(fans)


def test_every_scatter_gather_with_two_go_betweens_or_more_is_marked(answers):
    found = [marks for attempt, marks in answers["SCATTER-GATHER"] if attempt.go_betweens >= 2]
    assert len(found) == 33
    assert all(found)


def test_every_cycle_in_time_order_is_marked_even_those_of_eleven_and_twelve_payments(answers):
    cycles = [(attempt, found) for attempt, found in answers["CYCLE"] if attempt.in_time_order]
    assert len(cycles) == 49
    assert all(found for _, found in cycles)
    assert [len(each.payments) for each, _ in cycles if len(each.payments) > 10] != []
    assert max(len(each.payments) for each, _ in cycles) == 12


def test_no_cycle_against_time_is_marked(answers):
    backwards = [found for attempt, found in answers["CYCLE"] if not attempt.in_time_order]
    assert len(backwards) == 5
    assert not any(backwards)


def test_gather_scatter_is_marked_unless_a_side_is_a_single_account(answers):
    found = [marks for _, marks in answers["GATHER-SCATTER"]]
    assert len(found) == 51
    assert sum(found) >= 43
