"""Words of accounts: name and sentence of each feature of an account's behaviour, to be filled in.

Belongs here: messages about one account. Does not belong here: those about a pair, or filling them
in (``words``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aml_assets.core.language import message


@dataclass(frozen=True)
class Words:
    """The texts of one feature, as messages with placeholders.

    Attributes:
        name: the feature's name.
        sentence: the sentence for a value of the feature.
        parts: placeholder → the message that fills it in, whatever the value.
    """

    name: str
    sentence: str
    parts: Mapping[str, str] = field(default_factory=dict)


_FLOWS = {
    "sent_outside": {"did": message("made"), "whom": message("to the outside")},
    "received_outside": {"did": message("received"), "whom": message("from the outside")},
    "sent": {"did": message("made"), "whom": message("to customers")},
    "received": {"did": message("received"), "whom": message("from customers")},
}
"""Flow → the messages for its placeholders. A longer name stands before a name that begins it."""

_OF_FLOW = {
    "": Words(
        message("payments {whom} that the {side} {did}"),
        message("the {side} {did} {payments} {whom} in {days}"),
    ),
    "total": Words(
        message("sum of the payments {whom} that the {side} {did}"),
        message("the payments {whom} that the {side} {did} in {days} add up to {number}"),
    ),
    "usual": Words(
        message("usual amount of the payments {whom} that the {side} {did}"),
        message("the payments {whom} that the {side} {did} are usually of {number}"),
    ),
    "deviation": Words(
        message("deviation of the payments {whom} that the {side} {did}"),
        message("the payments {whom} that the {side} {did} usually deviate by {number}"),
    ),
    "largest": Words(
        message("largest earlier payment {whom} that the {side} {did}"),
        message("the largest earlier payment {whom} that the {side} {did} was of {number}"),
    ),
    "unusual": Words(
        message("how unusual the amounts are that the {side} {did} {whom}"),
        message(
            "the payments {whom} that the {side} {did} today are {size} deviations {above} the "
            "usual amount"
        ),
    ),
    "gap": Words(
        message("days since the last payment {whom} that the {side} {did}"),
        message("the last earlier payment {whom} that the {side} {did} was {ago}"),
    ),
}

_TRAITS = {
    "round": message("of round amounts"),
    "below_threshold": message("just below the threshold"),
    "night": message("at night"),
    "weekend": message("on a weekend"),
}
"""Trait → the message for payments that have it. A trait that is not listed is a bank's mark."""

_OF_TRAIT = Words(
    message("share of the {side}'s payments {how}"),
    message("{share} of the {side}'s payments in {days} were {how}"),
)
_OF_MARK = Words(
    message("share of the {side}'s payments marked {mark}"),
    message("{share} of the {side}'s payments in {days} were marked {mark}"),
)

_OTHERS = {
    "passed_on": Words(
        message("share of the {side}'s money that passes through"),
        message(
            "what came into and what went out of the {side}'s account in {days} agree to {share}"
        ),
    ),
    "confirmed": Words(
        message("confirmed reports of the {side}"),
        message("the {side} stands in {reports} that were confirmed"),
    ),
    "confirmed_age": Words(
        message("days since the {side}'s last confirmed report"),
        message("the last confirmed report of the {side} was {ago}"),
    ),
    "near_confirmed": Words(
        message("the {side}'s counterparties with confirmed reports"),
        message("{accounts} that the {side} deals with stand in confirmed reports"),
    ),
    "near_share": Words(
        message("share of the {side}'s counterparties with confirmed reports"),
        message("{share} of those that the {side} deals with stand in confirmed reports"),
    ),
    "short_label_history": Words(
        message("history of the {side}'s reports is short"),
        message("fewer days of reports are stored than the horizon asks for"),
    ),
    "short_history": Words(
        message("history of the {side} is short"),
        message("less history is stored of the {side} than the horizon asks for"),
    ),
}


def words_of(feature: str) -> Words | None:
    """The words for a feature of an account; ``None`` if it has none.

    Args:
        feature: its name without side and window, as ``sent_total``.
    """
    for flow, parts in _FLOWS.items():
        if feature == flow or feature.startswith(f"{flow}_"):
            words = _OF_FLOW.get(feature.removeprefix(flow).removeprefix("_"))
            return words and replace(words, parts=parts)
    if feature in _OTHERS:
        return _OTHERS[feature]
    if feature.endswith("_share"):
        trait = feature.removesuffix("_share")
        if how := _TRAITS.get(trait):
            return replace(_OF_TRAIT, parts={"how": how})
        return replace(_OF_MARK, parts={"mark": trait.replace("_", " ")})
    return None
