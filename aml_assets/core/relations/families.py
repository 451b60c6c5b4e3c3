"""Families: groups of features about one subject, as "fans", which pages show together.

Belongs here: the family of a column, by its table and its name, and the family's words. Does not
belong here: a feature's own words (``core.relations.words``), or what a family contributes
(``core.pages.reasons``, ``core.pages.model_page``).

A column that no rule knows is of its table's family, and a table that no rule knows, such as one
that a bank adds, is a family of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aml_assets.core.language import message
from aml_assets.core.relations.unit_day import UNIT_FEATURES
from aml_assets.settings.table_settings import PAIR_FEATURES, STR, TRX

_TABLES: Mapping[str, str] = {
    STR: message("the report"),
    TRX: message("the transaction"),
    "retail": message("the customer"),
    "corporate": message("the customer"),
    "account": message("the account"),
    PAIR_FEATURES: message("the network"),
    "behaviour": message("behaviour"),
    "label_history": message("earlier decisions"),
    UNIT_FEATURES: message("its network"),
}

_OF_PAIR = (
    (r"pair_.*|reverse_.*", message("the pair")),
    (r"pay(er|ee)_(new_)?pay(er|ee)s(_\d+)?", message("fans")),
    (r"shared_payees.*|sharing_payers.*", message("shared payees")),
    (r"(gather|scatter)_ways.*", message("go-betweens")),
    (r"upstream.*|downstream.*", message("layers")),
    (r"cycle.*", message("round trips")),
    (r"pay(er|ee)_rank.*", message("ranks")),
    (r"short_history", message("length of the history")),
)

_COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    PAIR_FEATURES: _OF_PAIR,
    UNIT_FEATURES: (
        (r"short_history", message("length of the history")),
        (r"reports_.*", message("its reports")),
        (r"(paid|received|passed_on|active_days|quiet_days).*", message("its payments")),
        # The largest value of a pair's feature, of the unit's pairs as payer (or as payee).
        (rf"pay(er|ee)_({_OF_PAIR[0][0]})_within_\d+", message("its pairs")),
        *((rf"pay(er|ee)_({pattern})_within_\d+", family) for pattern, family in _OF_PAIR[1:]),
    ),
    "behaviour": (
        (r"pay(er|ee)_short_history", message("length of the history")),
        (r"payer_.*", message("behaviour of the payer")),
        (r"payee_.*", message("behaviour of the payee")),
    ),
}
"""Table → pattern of a column's whole name → its family; the first pattern that fits counts."""

_WORDS: Mapping[str, str] = {
    "the report": message("who or what reported it"),
    "the transaction": message("how much, when, by which channel"),
    "the customer": message("who pays"),
    "the account": message("the account that pays"),
    "the pair": message("whether these two have paid each other before"),
    "fans": message("how many accounts both pay and are paid by, strangers above all"),
    "shared payees": message("payers who work through one list of payees"),
    "go-betweens": message("accounts by which money comes and goes side by side"),
    "layers": message("accounts two new payments away"),
    "round trips": message("money that comes back where it left"),
    "ranks": message("how central a receiver each account is"),
    "length of the history": message("whether new may only mean not known"),
    "behaviour of the payer": message("what the payer does usually"),
    "behaviour of the payee": message("what the payee does usually"),
    "its payments": message("how much it pays and is paid, and how much of it passes through"),
    "its reports": message("how often its transactions were reported"),
    "its pairs": message(
        "how long and how often those whom it pays, or is paid by, have been in touch"
    ),
    "its network": message("what the pairs are like in which it pays or is paid"),
    "earlier decisions": message("what investigators found out before about those around it"),
}


def family_of(table: str, column: str) -> str:
    """The family of a feature's column, as the message that a page shows."""
    for pattern, family in _COLUMNS.get(table, ()):
        if re.fullmatch(pattern, column):
            return family
    return _TABLES.get(table, table.replace("_", " "))


def meaning_of(family: str) -> str:
    """What the features of a family say, as a message; "" for a table that a bank adds."""
    return _WORDS.get(family, "")
