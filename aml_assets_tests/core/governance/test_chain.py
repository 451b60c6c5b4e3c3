"""A chain is whole or its first broken link is named, and it says which model scores a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from aml_assets.core.governance.chain import (
    FIRST,
    Champion,
    Entry,
    Head,
    Kind,
    Link,
    champion,
    first_broken,
    predecessor,
)

DAY = dt.date(2024, 3, 1)


class Chain:
    """Entries as an honest writer appends them."""

    def __init__(self) -> None:
        self.links: list[Link] = []

    def add(self, kind: Kind, **about: Any) -> Entry:
        end = self.links[-1] if self.links else None
        entry = Entry(
            number=len(self.links) + 1,
            previous=end.digest if end else FIRST,
            kind=kind,
            why="because",
            by="Ada",
            at="2024-03-01T00:00:00+00:00",
            about=about,
            champions=end.entry.champions_after if end else {},
        )
        self.links.append(Link(entry, f"digest {entry.number}"))
        return entry

    def promote(self, model: str, *, line: str = "", from_day: dt.date = DAY) -> Entry:
        return self.add("promotion", **_about(model, line, from_day))

    def roll_back(self, back_to: Champion, *, from_day: dt.date) -> Entry:
        about = _about(back_to.model_id, back_to.line, from_day)
        return self.add("rollback", **about, back_to=back_to.entry.number)

    def read(self, number: int) -> Entry:
        return self.links[number - 1].entry

    def champion(self, day: dt.date, line: str = "") -> Champion | None:
        return champion(self.links[-1].entry if self.links else None, line, day, self.read)

    @property
    def head(self) -> Head | None:
        end = self.links[-1] if self.links else None
        return Head(end.entry.number, end.digest) if end else None


def _about(model: str, line: str, from_day: dt.date) -> dict[str, str]:
    return {
        "line": line,
        "model_id": model,
        "model_digest": f"digest of {model}",
        "model_path": f"models/{model}",
        "from_day": str(from_day),
    }


def test_the_newest_promotion_that_has_begun_by_a_day_names_its_champion():
    chain = Chain()
    assert chain.champion(DAY) is None
    chain.add("skip")
    chain.promote("first")
    chain.promote("of customers", line="customer")
    chain.promote("second", from_day=DAY + dt.timedelta(9))
    chain.add("skip")
    assert chain.champion(DAY - dt.timedelta(1)) is None
    for back, model in ((0, "first"), (8, "first"), (9, "second"), (99, "second")):
        found = chain.champion(DAY + dt.timedelta(back))
        assert found is not None
        assert found.model_id == model
    found = chain.champion(DAY, "customer")
    assert found is not None
    assert found.model_id == "of customers"


def test_each_rollback_goes_back_to_the_champion_before_the_one_it_went_back_to():
    chain = Chain()
    for number, model in enumerate(["a", "b", "b", "c"]):
        chain.promote(model, from_day=DAY + dt.timedelta(number))
    later = DAY + dt.timedelta(9)
    for expected in ("b", "a"):
        current = chain.champion(later)
        assert current is not None
        before = predecessor(current, chain.read)
        assert before is not None
        assert before.model_id == expected
        chain.roll_back(before, from_day=later)
    current = chain.champion(later)
    assert current is not None
    assert (current.model_id, predecessor(current, chain.read)) == ("a", None)


def _whole() -> Chain:
    chain = Chain()
    for number in range(6):
        chain.add("skip")
        chain.promote(f"model {number}")
    return chain


def test_a_whole_chain_has_no_broken_link():
    chain = _whole()
    assert first_broken(chain.links, chain.head) is None
    assert first_broken([], None) is None


def _without_a_middle_one(links: list[Any]) -> list[Any]:
    return [*links[:4], *links[5:]]


def _swapped(links: list[Any]) -> list[Any]:
    return [*links[:4], links[7], *links[5:7], links[4], *links[8:]]


def _with_one_more(links: list[Any]) -> list[Any]:
    return [*links[:4], replace(links[4], digest="forged"), *links[4:]]


def _with_another_in_its_place(links: list[Any]) -> list[Any]:
    other = replace(links[4].entry, why="otherwise")
    return [*links[:4], Link(other, "digest of the other one"), *links[5:]]


def _with_another_champion(links: list[Any]) -> list[Any]:
    other = replace(links[4].entry, champions={"": 1})
    return [*links[:4], Link(other, links[4].digest), *links[5:]]


@pytest.mark.parametrize(
    ("tamper", "number", "why"),
    [
        (_without_a_middle_one, 5, "entry 6 lies in its place"),
        (_swapped, 5, "entry 8 lies in its place"),
        (_with_one_more, 6, "entry 5 lies in its place"),
        (_with_another_in_its_place, 6, "does not follow what lies before it"),
        (_with_another_champion, 5, "names other champions"),
        (lambda links: [*links[:4], None, *links[5:]], 5, "missing"),
        (lambda links: [*links[:4], "it was altered", *links[5:]], 5, "it was altered"),
        (lambda links: links[:-1], 12, "missing, and the head names it"),
        (lambda links: links[:-3], 10, "missing, and the head names it"),
    ],
)
def test_the_first_broken_link_is_named(tamper, number, why):
    chain = _whole()
    broken = first_broken(tamper(list(chain.links)), chain.head)
    assert broken is not None
    assert broken.number == number
    assert why in broken.why


def test_the_head_is_part_of_the_chain():
    chain = _whole()
    behind, other = Head(11, chain.links[10].digest), Head(12, "other")
    for head, number, why in (
        (None, 0, "the head is missing"),
        ("it was altered", 0, "the head cannot be read"),
        (behind, 12, "the head does not know it"),
        (other, 12, "the head names another entry"),
    ):
        broken = first_broken(chain.links, head)
        assert broken is not None
        assert broken.number == number
        assert why in broken.why


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1"},
        {"number": True},
        {"kind": "unknown"},
        {"about": []},
        {"why": None},
        {"champions": None},
        {"strange": 1},
    ],
)
def test_what_is_no_entry_is_refused_without_quoting_it(change):
    value = {**_whole().links[0].entry.to_dict(), **change}
    with pytest.raises(ValueError, match=r"entry|type|kind") as raised:
        Entry.from_dict(value)
    assert "because" not in str(raised.value)


def test_an_entry_survives_its_json():
    for link in _whole().links:
        assert Entry.from_dict(link.entry.to_dict()) == link.entry
