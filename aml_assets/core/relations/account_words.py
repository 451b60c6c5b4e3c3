"""Words of accounts: name and sentence of each feature of an account's behaviour, to be filled in.

Belongs here: English texts about one account. Does not belong here: those about a pair, or filling
them in (``words``).
"""

from __future__ import annotations

Words = tuple[str, str]
"""A feature's name, and the sentence that a value of it says."""

_FLOWS = {
    "sent_outside": ("made", "to the outside"),
    "received_outside": ("received", "from the outside"),
    "sent": ("made", "to customers"),
    "received": ("received", "from customers"),
}
"""Flow → what an account does, and with whom; a name that begins another comes after it."""

_OF_FLOW = {
    "": (
        "payments WHOM that the {side} DID",
        "the {side} DID {payments} WHOM in {days}",
    ),
    "total": (
        "sum of the payments WHOM that the {side} DID",
        "the payments WHOM that the {side} DID in {days} add up to {number}",
    ),
    "usual": (
        "usual amount of the payments WHOM that the {side} DID",
        "the payments WHOM that the {side} DID are usually of {number}",
    ),
    "deviation": (
        "deviation of the payments WHOM that the {side} DID",
        "the payments WHOM that the {side} DID usually deviate by {number}",
    ),
    "largest": (
        "largest earlier payment WHOM that the {side} DID",
        "the largest earlier payment WHOM that the {side} DID was of {number}",
    ),
    "unusual": (
        "how unusual the amounts are that the {side} DID WHOM",
        "the payments WHOM that the {side} DID today are {size} deviations {above} the usual "
        "amount",
    ),
    "gap": (
        "days since the last payment WHOM that the {side} DID",
        "the last earlier payment WHOM that the {side} DID was {ago}",
    ),
}

_TRAITS = {
    "round": "of round amounts",
    "below_threshold": "just below the threshold",
    "night": "at night",
    "weekend": "on a weekend",
}
"""Trait → what payments with it are; the others are the bank's marks."""

_OTHERS = {
    "passed_on": (
        "share of the {side}'s money that passes through",
        "what came into and what went out of the {side}'s account in {days} agree to {share}",
    ),
    "confirmed": (
        "confirmed reports of the {side}",
        "the {side} stands in {reports} that were confirmed",
    ),
    "confirmed_age": (
        "days since the {side}'s last confirmed report",
        "the last confirmed report of the {side} was {ago}",
    ),
    "near_confirmed": (
        "the {side}'s counterparties with confirmed reports",
        "{accounts} that the {side} deals with stand in confirmed reports",
    ),
    "near_share": (
        "share of the {side}'s counterparties with confirmed reports",
        "{share} of those that the {side} deals with stand in confirmed reports",
    ),
    "short_label_history": (
        "history of the {side}'s reports is short",
        "fewer days of reports are stored than the horizon asks for",
    ),
    "short_history": (
        "history of the {side} is short",
        "less history is stored of the {side} than the horizon asks for",
    ),
}


def words_of(feature: str) -> Words | None:
    """The words for a feature of an account, without side and window; ``None`` if it has none.

    What stands in braces is left to be filled in.
    """
    for flow, (did, whom) in _FLOWS.items():
        if feature == flow or feature.startswith(f"{flow}_"):
            words = _OF_FLOW.get(feature.removeprefix(flow).removeprefix("_"))
            return words and _filled(words, DID=did, WHOM=whom)
    if feature in _OTHERS:
        return _OTHERS[feature]
    if feature.endswith("_share"):
        trait = feature.removesuffix("_share")
        how = _TRAITS.get(trait, f"marked {trait.replace('_', ' ')}")
        name = "share of the {side}'s payments HOW"
        return _filled((name, "{share} of the {side}'s payments in {days} were HOW"), HOW=how)
    return None


def _filled(words: Words, **values: str) -> Words:
    name, sentence = words
    for key, value in values.items():
        name, sentence = name.replace(key, value), sentence.replace(key, value)
    return name, sentence
