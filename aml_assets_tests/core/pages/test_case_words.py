"""Case words: whole sentences with their numbers, and nothing called new without a reason."""

from decimal import Decimal

from aml_assets.core.days import days_between, number_of
from aml_assets.core.pages.case_words import marks_of, money, totals_of
from aml_assets.core.relations.timeline import IN, OUT, Activity, Fan, Moved, PassThrough
from aml_assets_tests.core.samples import DAY

TODAY = number_of(DAY)
PASSED = Activity(passes=(PassThrough("EUR", TODAY, Decimal(9000), Decimal(8800), 6, 1, 6, 1),))
WEEKS = days_between(DAY.replace(day=1).replace(month=2), DAY)


def test_money_that_passed_on_is_told_with_who_was_new():
    assert marks_of(PASSED, WEEKS) == (
        f"Passed on within 2 days: 9,000.00 EUR came on {DAY} (payers: 6, new: 6), 8,800.00 EUR "
        "left (receivers: 1, new: 1).",
    )


def test_nobody_is_called_new_where_few_days_before_are_stored():
    assert marks_of(PASSED, [DAY]) == (
        f"Passed on within 2 days: 9,000.00 EUR came on {DAY} (payers: 6), 8,800.00 EUR left "
        "(receivers: 1).",
    )
    fans = Activity(fans=(Fan(IN, TODAY, 7, 5), Fan(OUT, TODAY, 6, 6)))
    assert marks_of(fans, WEEKS[-7:]) == (
        f"Payers within 2 days up to {DAY}: 7.",
        f"Receivers within 2 days up to {DAY}: 6.",
    )
    assert marks_of(fans, WEEKS)[0] == f"Payers within 2 days up to {DAY}: 7, new: 5."


def test_round_amounts_are_told_where_they_are_many_and_the_most():
    def said(count: int, known: int) -> tuple[str, ...]:
        return marks_of(Activity(round_amounts=(count, known)), [])

    assert said(9, 10) == ("Whole hundreds: 9 of 10 amounts.",)
    assert said(4, 4) == said(9, 19) == ()


def test_sums_are_told_by_currency_and_what_is_not_known_is_no_zero():
    assert money(Decimal("1234.5"), "") == "1,234.50"
    moved = (
        Moved(1, "EUR", Decimal(1), None, 1, 0),
        Moved(2, "EUR", Decimal(2), Decimal(5), 1, 1),
        Moved(2, "USD", None, Decimal(7), 1, 1),
        Moved(2, "GBP", None, Decimal(7), 0, 1),
    )
    assert totals_of(Activity(moved=moved)) == [
        "Known amounts: 3.00 EUR in, 5.00 EUR out.",
        "Known amounts: 0.00 GBP in, 7.00 GBP out.",
        "Known amounts: not known in, 7.00 USD out.",
    ]
