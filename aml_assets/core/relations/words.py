"""Words: for each feature that we compute, the name that pages show and a sentence for a value.

Belongs here: messages for pages. Does not belong here: how usual a value is, which the pages
say of every feature (``core.pages.reasons``), or the texts about one account (``account_words``).
"""

from __future__ import annotations

import re

from aml_assets.core.language import ENGLISH, Language, message
from aml_assets.core.relations.account_words import Words, words_of

_WINDOWED = re.compile(r"(?P<what>\w+?)_(?P<days>\d+)")

_SIDES = {"payer": message("payer"), "payee": message("payee")}

_OF_PAIR = {
    "pair_payments": Words(
        message("payments of this payer to this payee"),
        message("the payer has paid this payee {times}"),
    ),
    "pair_age": Words(
        message("days since the pair's first payment"),
        message("the pair's first payment was {ago}"),
    ),
    "pair_gap": Words(
        message("days since the pair's last payment"),
        message("the pair's last payment was {ago}"),
    ),
    "reverse_payments": Words(
        message("payments back to the payer"),
        message("the payee has paid the payer {times}"),
    ),
    "reverse_age": Words(
        message("days since the first payment back"),
        message("the payee first paid the payer {ago}"),
    ),
    "payer_rank": Words(
        message("how central a receiver the payer is"),
        message("the payer is {number} times as central a receiver as the average account"),
    ),
    "payee_rank": Words(
        message("how central a receiver the payee is"),
        message("the payee is {number} times as central a receiver as the average account"),
    ),
    "short_history": Words(
        message("history is short"),
        message("less history is stored than the horizon asks for"),
    ),
}

_OF_WINDOW = {
    "payees": Words(
        message("accounts paid by the {side}"),
        message("the {side} paid {accounts} in {days}"),
    ),
    "payers": Words(
        message("accounts that paid the {side}"),
        message("the {side} was paid by {accounts} in {days}"),
    ),
    "new_payees": Words(
        message("accounts newly paid by the {side}"),
        message("the {side} paid {accounts} for the first time in {days}"),
    ),
    "new_payers": Words(
        message("accounts that newly paid the {side}"),
        message("the {side} was paid by {accounts} for the first time in {days}"),
    ),
    "shared_payees": Words(
        message("new payees shared with another payer"),
        message("another account newly paid {number} of the same payees in {days}"),
    ),
    "sharing_payers": Words(
        message("payers who share new payees"),
        message("{number} other payers of this payee share new payees with the payer in {days}"),
    ),
    "gather_ways": Words(
        message("go-betweens from the payer's payers to the payee"),
        message(
            "an account that newly paid the payer reaches this payee by {number} go-betweens "
            "in {days}"
        ),
    ),
    "scatter_ways": Words(
        message("go-betweens from the payer to the payee's payees"),
        message("the payer reaches a new payee of this payee by {number} go-betweens in {days}"),
    ),
    "upstream": Words(
        message("accounts two new payments before the payee"),
        message("{accounts} stand two new payments before the payee in {days}"),
    ),
    "downstream": Words(
        message("accounts two new payments after the payer"),
        message("{accounts} can be reached from the payer by two new payments in {days}"),
    ),
    "cycle": Words(
        message("accounts of the round trip that the payment closes"),
        message("the payment closes a round trip of {accounts}, all new to each other in {days}"),
    ),
}


def name_of(column: str, language: Language = ENGLISH) -> str:
    """The name that pages show for a feature's column; the column's own name if it has no words."""
    words, side, days = _parts(column)
    if words is None:
        return column.replace("_", " ")
    name = language.say(words.name, **_filled(words, side, language))
    return language.say("{name}, {days}", name=name, days=_days(days, language)) if days else name


def sentence_of(column: str, value: float, language: Language = ENGLISH) -> str | None:
    """The sentence for a feature's value, as "the payer has paid this payee 3 times".

    ``None`` for a feature without words.
    """
    words, side, days = _parts(column)
    if words is None:
        return None
    count = int(value)
    return language.say(
        words.sentence,
        **_filled(words, side, language),
        number=_number(value, language),
        size=_number(abs(value), language),
        above=language.say("below") if value < 0 else language.say("above"),
        share=language.say("{number} %", number=f"{100 * value:.0f}"),
        accounts=language.counted("{number} account", "{number} accounts", count),
        payments=language.counted("{number} payment", "{number} payments", count),
        reports=language.counted("{number} report", "{number} reports", count),
        times=language.counted("{number} time", "{number} times", count),
        ago=language.counted("{number} day before", "{number} days before", count)
        if value
        else language.say("today"),
        days=_days(days or 0, language),
    )


def _filled(words: Words, side: str, language: Language) -> dict[str, str]:
    """The texts of the placeholders that depend on the feature alone, not on its value."""
    return {
        "side": language.say(_SIDES[side]) if side else "",
        **{place: language.say(part) for place, part in words.parts.items()},
    }


def _parts(column: str) -> tuple[Words | None, str, int | None]:
    """A column's name, as ``payer_new_payees_7``, taken apart: words, side and days of its window.

    The side is "" for a feature of the pair; the days are ``None`` without a window.
    """
    match = _WINDOWED.fullmatch(column)
    what, days = (match["what"], int(match["days"])) if match else (column, None)
    if words := (_OF_WINDOW if match else _OF_PAIR).get(what):
        return words, "", days
    for side in _SIDES:
        if what.startswith(f"{side}_"):
            of_side = what.removeprefix(f"{side}_")
            of_network = _OF_WINDOW.get(of_side) if match else None
            return of_network or words_of(of_side), side, days
    return None, "", days


def _number(value: float, language: Language) -> str:
    few = value % 1 and abs(value) < 100
    return language.localized(f"{value:,.2g}" if few else f"{value:,.0f}")


def _days(number: int, language: Language) -> str:
    return language.counted("{number} day", "{number} days", number)
