"""The rendering of a page: its template, style, script, and content security policy.

Belongs here: turning a page's values into HTML. Does not belong here: those values
(``core.pages.alert_page``, ``core.pages.model_page``).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from aml_assets.core.pages import reasons

if TYPE_CHECKING:
    from jinja2 import Environment

_PLACE = "templates"

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def render(
    template: str,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    marking: str = "",
    identity: str = "",
    **values: Any,
) -> str:
    """Render a page as HTML; every value is escaped.

    Args:
        template: the template's file name.
        styles: the file names of styles beside those that all pages have.
        scripts: the file names of scripts beside the one that all pages have.
        marking: how the bank marks such a document; it heads each printed page.
        identity: what names the page's content; it is at the foot of each printed page.
        **values: the values that the template uses.

    Raises:
        jinja2.UndefinedError: a value that the template uses is missing.
    """
    from markupsafe import Markup

    style = "".join(map(text_of, ("page.css", "chart.css", *styles))) + _printed(marking, identity)
    code = "".join(map(text_of, ("page.js", *scripts)))
    policy = (
        f"default-src 'none'; style-src '{_source_of(style)}'; script-src '{_source_of(code)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(
        **values, marking=marking, identity=identity,
        style=Markup(style), script=Markup(code), policy=policy,
    )  # fmt: skip


def _printed(marking: str, identity: str) -> str:
    """The style of what stands in the margins of each printed page."""
    return (
        f"@page {{ @top-center {{ content: {_css_text(marking)} }}"
        f" @bottom-left {{ content: {_css_text(identity)} }} }}\n"
    )


def _css_text(text: str) -> str:
    """A text in a style sheet, in which no character has a meaning."""
    letters = (each if each.isascii() and each.isalnum() else f"\\{ord(each):x} " for each in text)
    return f'"{"".join(letters)}"'


def signed(value: float) -> str:
    """A contribution with two decimals and its sign; the minus is as wide as the plus."""
    text = f"{value:+.2f}".replace("-", "−")
    return "0.00" if text in ("+0.00", "−0.00") else text


def spelt(day: dt.date) -> str:
    """A day in English words, whatever the locale."""
    weekday = ("Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun")[day.weekday()]
    return f"{weekday}day {day.day} {_MONTHS[day.month - 1]} {day.year}"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__ or "", _PLACE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "signed": signed,
        "spelt": spelt,
        "share": reasons.share,
        "number": reasons.number,
    }
    return environment


@lru_cache(maxsize=8)
def text_of(name: str) -> str:
    """The text of one of the pages' own files: a style or a script."""
    return resources.files(__package__ or "").joinpath(_PLACE, name).read_text(encoding="utf-8")


def _source_of(text: str) -> str:
    """The source expression of a style or script in a content security policy: its hash."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
