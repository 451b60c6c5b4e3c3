"""Reading pages as a browser would: elements, their texts, and what they would load.

Belongs here: what the tests of pages share. Does not belong here: expectations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

_VOID = {"meta", "link", "br", "img", "input", "hr"}
_LOADING = {
    "src",
    "href",
    "srcset",
    "data",
    "action",
    "formaction",
    "poster",
    "xlink:href",
    "style",
}


@dataclass
class Element:
    """One element; ``text`` is all that stands in it, its children's too."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def all(self, tag: str | None = None, **attributes: str) -> Iterator[Element]:
        """Elements below, in order; ``data_f`` stands for ``data-f``."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        for child in self.children:
            if tag in (None, child.tag) and wanted.items() <= child.attributes.items():
                yield child
            yield from child.all(tag, **attributes)

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def say(self) -> str:
        """The text, on one line."""
        return " ".join(self.text.split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def read(page: str) -> Element:
    """The page's tree; fails on one that is not well nested."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    (root,) = reader.open
    return root


def alerts_in(page: Element) -> list[dict[str, Any]]:
    """The alerts of an alert page as its script reads them, with shared texts in their places."""
    packed = json.loads(page.one("script", id="data").text)
    texts = packed["texts"]
    names = [
        *(
            "rank",
            "score",
            "below",
            "share",
            "decision",
            "key",
            "when",
            "offset",
            "amount",
            "currency",
        ),
        *("who", "whom", "own", "families", "rest", "margin"),
    ]
    rows = [dict(zip(names, row, strict=True)) for row in packed["alerts"]]
    for row in rows:
        row |= {each: texts[row[each]] for each in ("share", "decision", "offset", "currency")}
        for side in ("who", "whom"):
            row[side][0] = texts[row[side][0]]
        row["own"] = [texts[place] for place in row["own"]]
        row["families"] = [(texts[name], by, told) for name, by, told in row["families"]]
        flat = [value for _, _, told in row["families"] for value in told]
        triples = zip(*[iter(flat)] * 3, strict=True)
        row["reasons"] = [(texts[head] + texts[rest], by) for head, rest, by in triples]
    return rows


def cases_in(page: Element) -> list[dict[str, Any]]:
    """The cases of an alert page, with shared texts in their places and reports by their ranks."""
    packed = json.loads(page.one("script", id="data").text)
    texts, alerts = packed["texts"], packed["alerts"]
    names = [
        *("customer", "name", "accounts", "score", "below", "share", "line", "why", "reports"),
        *("queued", "sample", "lately", "confirmed", "moved", "report_days", "queue_days"),
        *("counterparties", "others", "marks", "decisions"),
    ]
    rows = [dict(zip(names, row, strict=True)) for row in packed["cases"]]
    for row in rows:
        row |= {each: texts[row[each]] for each in ("name", "share", "line")}
        row["reports"] = [alerts[place][0] for place in row["reports"]]
        row["moved"] = {texts[currency]: days for currency, days in row["moved"]}
        row["marks"] = [texts[place] for place in row["marks"]]
        row["counterparties"] = [
            {"name": texts[name], "id": customer or account, "currency": texts[currency]}
            | {"in": came, "out": left, "payments": (inward, outward)}
            for name, customer, account, currency, came, left, inward, outward in row[
                "counterparties"
            ]
        ]
        row["decisions"] = [
            (texts[on], key, texts[says], texts[reason], note, texts[by])
            for on, key, says, reason, note, by in row["decisions"]
        ]
    return rows


def foreign(page: Element) -> list[str]:
    """What would be loaded or followed from elsewhere, or styles that no policy allows."""
    found = []
    for element in page.all():
        for name, value in element.attributes.items():
            is_local = name == "href" and element.tag == "a" and ":" not in value
            if (name in _LOADING and not (is_local and not value.startswith("/"))) or (
                name.startswith("on")
            ):
                found.append(f"{element.tag} {name}={value}")
    found += [element.tag for element in page.all() if element.tag in ("link", "iframe", "base")]
    return found
