"""Words: the name of each feature of ours, and the sentence that a value of it says.

Belongs here: English texts for pages. Does not belong here: how usual a value is, which the pages
say of every feature (``core.pages.reasons``), or the texts about one account (``account_words``).
"""

from __future__ import annotations

import re

from aml_assets.core.relations.account_words import Words, words_of

_WINDOWED = re.compile(r"(?P<what>\w+?)_(?P<days>\d+)")

_OF_PAIR = {
    "pair_payments": (
        "payments of this payer to this payee",
        "the payer has paid this payee {times}",
    ),
    "pair_age": ("days since the pair's first payment", "the pair's first payment was {ago}"),
    "pair_gap": ("days since the pair's last payment", "the pair's last payment was {ago}"),
    "reverse_payments": ("payments back to the payer", "the payee has paid the payer {times}"),
    "reverse_age": (
        "days since the first payment back",
        "the payee first paid the payer {ago}",
    ),
    "payer_rank": (
        "how central a receiver the payer is",
        "the payer is {number} times as central a receiver as the average account",
    ),
    "payee_rank": (
        "how central a receiver the payee is",
        "the payee is {number} times as central a receiver as the average account",
    ),
    "short_history": ("history is short", "less history is stored than the horizon asks for"),
}

_OF_WINDOW = {
    "payees": ("accounts paid by the {side}", "the {side} paid {accounts} in {days}"),
    "payers": ("accounts that paid the {side}", "the {side} was paid by {accounts} in {days}"),
    "new_payees": (
        "accounts newly paid by the {side}",
        "the {side} paid {accounts} for the first time in {days}",
    ),
    "new_payers": (
        "accounts that newly paid the {side}",
        "the {side} was paid by {accounts} for the first time in {days}",
    ),
    "shared_payees": (
        "new payees shared with another payer",
        "another account newly paid {number} of the same payees in {days}",
    ),
    "sharing_payers": (
        "payers who share new payees",
        "{number} other payers of this payee share new payees with the payer in {days}",
    ),
    "gather_ways": (
        "go-betweens from the payer's payers to the payee",
        "an account that newly paid the payer reaches this payee by {number} go-betweens in {days}",
    ),
    "scatter_ways": (
        "go-betweens from the payer to the payee's payees",
        "the payer reaches a new payee of this payee by {number} go-betweens in {days}",
    ),
    "upstream": (
        "accounts two new payments before the payee",
        "{accounts} stand two new payments before the payee in {days}",
    ),
    "downstream": (
        "accounts two new payments after the payer",
        "{accounts} can be reached from the payer by two new payments in {days}",
    ),
    "cycle": (
        "accounts of the round trip that the payment closes",
        "the payment closes a round trip of {accounts}, all new to each other in {days}",
    ),
}


def name_of(column: str) -> str:
    """The name of a feature of ours; its column's name if it has none here."""
    words, side, days = _parts(column)
    name = words[0].format(side=side) if words else column.replace("_", " ")
    return f"{name}, {_counted(days, 'day')}" if words and days else name


def sentence_of(column: str, value: float) -> str | None:
    """What a value of a feature of ours says; ``None`` for a feature without words."""
    words, side, days = _parts(column)
    if words is None:
        return None
    return words[1].format(
        side=side,
        number=_number(value),
        size=_number(abs(value)),
        above="below" if value < 0 else "above",
        share=f"{100 * value:.0f} %",
        accounts=_counted(int(value), "account"),
        payments=_counted(int(value), "payment"),
        reports=_counted(int(value), "report"),
        times=_counted(int(value), "time"),
        ago="today" if value == 0 else f"{_counted(int(value), 'day')} before",
        days=_counted(days or 0, "day"),
    )


def _parts(column: str) -> tuple[Words | None, str, int | None]:
    """A feature's words, whose side it is of ("" for the pair), and its days, if in a window."""
    match = _WINDOWED.fullmatch(column)
    what, days = (match["what"], int(match["days"])) if match else (column, None)
    if words := (_OF_WINDOW if match else _OF_PAIR).get(what):
        return words, "", days
    for side in ("payer", "payee"):
        if what.startswith(f"{side}_"):
            of_side = what.removeprefix(f"{side}_")
            of_network = _OF_WINDOW.get(of_side) if match else None
            return of_network or words_of(of_side), side, days
    return None, "", days


def _number(value: float) -> str:
    return f"{value:,.2g}" if value % 1 and abs(value) < 100 else f"{value:,.0f}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
