"""The rendering of a page: its template, style, script, and content security policy.

Belongs here: turning a page's values into HTML, in the reader's language. Does not belong here:
those values (``core.pages.alert_page``, ``core.pages.model_page``), or translations
(``core.language``).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from aml_assets.core.language import ENGLISH, Language
from aml_assets.core.pages.value_words import number, share

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_PLACE = "templates"

_SAID_BY_SCRIPT = re.compile(r'\bsay\("([^"]+)"')
"""A message of a script."""

_NUMBER_OF_PAGE = "PAGE_NUMBER"
"""Where ``page.css`` has the number of a printed page."""


def render(
    template: str,
    *,
    styles: Sequence[str] = (),
    scripts: Sequence[str] = (),
    marking: str = "",
    identity: str = "",
    language: Language = ENGLISH,
    **values: Any,
) -> str:
    """Render a page as HTML; every value is escaped.

    Args:
        template: the template's file name.
        styles: the file names of styles beside those that all pages have.
        scripts: the file names of scripts beside the one that all pages have.
        marking: how the bank marks such a document; it heads each printed page.
        identity: what names the page's content; it is at the foot of each printed page.
        language: the reader's.
        **values: the values that the template uses.

    Raises:
        jinja2.UndefinedError: a value that the template uses is missing.
    """
    from markupsafe import Markup

    style = _style(language, styles) + _printed(marking, identity)
    code = "".join(map(text_of, ("page.js", *scripts)))
    policy = (
        f"default-src 'none'; style-src '{_source_of(style)}'; script-src '{_source_of(code)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment(language).get_template(template)
    return page.render(
        **values, marking=marking, identity=identity, language=language,
        style=Markup(style), script=Markup(code), policy=policy, said=_said(code, language),
    )  # fmt: skip


def _style(language: Language, further: Sequence[str]) -> str:
    """The style of all pages, the further styles of one, and that of the language's letters."""
    number = language.say('"page " counter(page) " of " counter(pages)')
    page = text_of("page.css").replace(_NUMBER_OF_PAGE, number)
    letters = f"letters.{language.code}.css"
    return page + "".join(map(text_of, ("chart.css", *further, letters)))


def _said(code: str, language: Language) -> Markup:
    """The translated messages of a script as JSON; "" if its English ones are not translated."""
    from markupsafe import Markup

    messages = dict.fromkeys(_SAID_BY_SCRIPT.findall(code))
    said = {each: language.say(each) for each in messages}
    if not any(each != text for each, text in said.items()):
        return Markup("")
    return Markup(json.dumps(said, ensure_ascii=False).replace("<", "\\u003c"))


def _printed(marking: str, identity: str) -> str:
    """The style of the texts in the margins of each printed page."""
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


@lru_cache(maxsize=8)
def _environment(language: Language) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__ or "", _PLACE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.add_extension("jinja2.ext.i18n")
    texts = language.texts
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        texts.gettext, texts.ngettext, newstyle=True, pgettext=texts.pgettext
    )
    environment.filters |= {
        "signed": signed,
        "spelt": language.spelt,
        "share": lambda value: share(value, language),
        "number": lambda value: number(value, language),
        "whole": language.whole,
        "fixed": language.fixed,
        "change": lambda value: language.localized(f"{value:+.3f}").replace("-", "−"),
        "say": language.say,
    }
    return environment


@lru_cache(maxsize=8)
def text_of(name: str) -> str:
    """The text of one of the pages' own files: a style or a script."""
    return resources.files(__package__ or "").joinpath(_PLACE, name).read_text(encoding="utf-8")


def _source_of(text: str) -> str:
    """The source expression of a style or script in a content security policy: its hash."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
