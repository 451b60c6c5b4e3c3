"""Case words: the sentences that tell what stands out in a customer's last days.

Belongs here: one whole sentence per mark or currency, with its numbers, in the reader's language,
and what a disposition is called. Does not belong here: finding what stands out
(``core.relations.timeline``), or the reasons of a score (``core.pages.reasons``).

A payer or receiver is called new only if enough earlier days are stored for that to mean something.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from aml_assets.core.cases.dispositions import NEEDS_MORE, NOT_SUSPICIOUS, SUSPICIOUS
from aml_assets.core.days import number_of
from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.relations.timeline import (
    FAN_DAYS,
    IN,
    LEAST_ROUND,
    LEAST_ROUND_SHARE,
    PASS_DAYS,
    Activity,
    Fan,
    PassThrough,
)

ENOUGH_BEFORE = 7
"""A payer or receiver is called new only if at least so many earlier days are stored."""

PASSED = message(
    "Passed on within {days} days: {paid_in} came on {day} (payers: {payers}), {paid_out} left "
    "(receivers: {receivers})."
)
PASSED_NEW = message(
    "Passed on within {days} days: {paid_in} came on {day} (payers: {payers}, new: {new_payers}), "
    "{paid_out} left (receivers: {receivers}, new: {new_receivers})."
)
GATHERED = message("Payers within {days} days up to {day}: {others}.")
GATHERED_NEW = message("Payers within {days} days up to {day}: {others}, new: {new_others}.")
SPREAD = message("Receivers within {days} days up to {day}: {others}.")
SPREAD_NEW = message("Receivers within {days} days up to {day}: {others}, new: {new_others}.")
NOT_KNOWN = message("not known")
MOVED = message("Known amounts: {paid_in} in, {paid_out} out.")
ROUND_AMOUNTS = message("Whole hundreds: {round_amounts} of {known} amounts.")

SAID = {
    SUSPICIOUS: message("suspicious"),
    NOT_SUSPICIOUS: message("not suspicious"),
    NEEDS_MORE: message("needs more"),
}
"""What each disposition is called."""


def marks_of(
    activity: Activity, stored: Sequence[dt.date], language: Language = ENGLISH
) -> tuple[str, ...]:
    """The sentences on what stands out; money that passed through comes first.

    Args:
        activity: of the customer.
        stored: the days of which transactions are stored, oldest first.
        language: the reader's.
    """
    days = [number_of(each) for each in stored]
    round_amounts, known = activity.round_amounts
    is_round = round_amounts >= max(LEAST_ROUND, LEAST_ROUND_SHARE * known)
    return (
        *(_passed(each, days, language) for each in activity.passes),
        *(_fan(each, days, language) for each in activity.fans),
        *(
            [language.say(ROUND_AMOUNTS, round_amounts=round_amounts, known=known)]
            if is_round
            else []
        ),
    )


def totals_of(activity: Activity, language: Language = ENGLISH) -> list[str]:
    """The sums that a customer was paid and that he paid, one whole sentence per currency."""
    currencies = sorted({each.currency for each in activity.moved})
    return [
        language.say(
            MOVED,
            paid_in=_sum([(of.paid_in, of.payments_in) for of in moved], currency, language),
            paid_out=_sum([(of.paid_out, of.payments_out) for of in moved], currency, language),
        )
        for currency in currencies
        for moved in [[of for of in activity.moved if of.currency == currency]]
    ]


def _sum(paid: Sequence[tuple[Decimal | None, int]], currency: str, language: Language) -> str:
    """The sum of the known amounts; "not known" if there are payments and no known amount."""
    known = [amount for amount, _ in paid if amount is not None]
    if not known and any(payments for _, payments in paid):
        return language.say(NOT_KNOWN)
    return money(sum(known, Decimal()), currency, language)


def money(amount: Decimal, currency: str, language: Language = ENGLISH) -> str:
    """An amount to the cent with its currency, if it is known."""
    return f"{language.localized(f'{amount:,.2f}')} {currency}".rstrip()


def _passed(of: PassThrough, stored: Sequence[int], language: Language) -> str:
    sentence = PASSED_NEW if _is_new(of.day, stored) else PASSED
    return language.say(
        sentence,
        payers=of.payers,
        new_payers=of.new_payers,
        receivers=of.receivers,
        new_receivers=of.new_receivers,
        days=PASS_DAYS,
        paid_in=money(of.paid_in, of.currency, language),
        paid_out=money(of.paid_out, of.currency, language),
        day=_day(of.day),
    )


def _fan(of: Fan, stored: Sequence[int], language: Language) -> str:
    is_new = _is_new(of.day - FAN_DAYS + 1, stored)
    if of.way == IN:
        sentence = GATHERED_NEW if is_new else GATHERED
    else:
        sentence = SPREAD_NEW if is_new else SPREAD
    return language.say(
        sentence, others=of.others, new_others=of.new_others, days=FAN_DAYS, day=_day(of.day)
    )


def _is_new(since: int, stored: Sequence[int]) -> bool:
    return sum(day < since for day in stored) >= ENOUGH_BEFORE


def _day(number: int) -> str:
    return str(dt.date(1970, 1, 1) + dt.timedelta(days=number))
