"""The messages of the code, templates and scripts, and the catalogs of their translations.

Belongs here: finding the messages, reading and writing a catalog. Does not belong here: what is
asked of a catalog (``core/test_language.py``).

    python -m aml_assets_tests.messages

brings each catalog up to date: it adds what the code says anew, without a translation, which a
person fills in, and drops what nothing says any more.
"""

from __future__ import annotations

import io

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from aml_assets_tests.sources import ROOT

FOLDER = ROOT / "core" / "messages"
TRANSLATED = ["zh"]
"""The languages beside English."""

_METHODS = {
    "**.py": "python",
    "**/templates/**.html": "jinja2.ext:babel_extract",
    "**/templates/**.js": "javascript",
}
_OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true"}}
_KEYWORDS = {
    **dict.fromkeys(("say", "message", "Said", "_", "gettext"), None),
    **dict.fromkeys(("counted", "messages", "ngettext"), (1, 2)),
    "pgettext": ((1, "c"), 2),
}


def extracted() -> Catalog:
    """A catalog of all messages, each with the files that say it, and without translations."""
    catalog = Catalog(charset="utf-8")
    found = extract_from_dir(ROOT, list(_METHODS.items()), _OPTIONS, _KEYWORDS)
    for path, _, text, _, context in sorted(found, key=lambda each: (each[0], each[1])):
        if text:
            catalog.add(text, locations=[(path, 0)], context=context)
    return catalog


def stored(language: str) -> Catalog:
    """The catalog of a language."""
    path = FOLDER / f"{language}.po"
    return read_po(io.StringIO(path.read_text("utf-8")))


def update(language: str) -> None:
    """Bring a catalog up to date with the code; nothing is translated by likeness."""
    catalog = stored(language)
    catalog.update(extracted(), no_fuzzy_matching=True)
    write(language, catalog)


def write(language: str, catalog: Catalog) -> None:
    """Write a catalog below the header that its file has, in an order that tells no line."""
    for entry in catalog:
        entry.locations = [(file, 0) for file in sorted({file for file, _ in entry.locations})]
    text, path = io.BytesIO(), FOLDER / f"{language}.po"
    write_po(text, catalog, width=100, omit_header=True, ignore_obsolete=True, include_lineno=False)
    header = path.read_text("utf-8").partition("\n\n")[0]
    path.write_text(f"{header}\n\n{text.getvalue().decode().strip()}\n", "utf-8")


if __name__ == "__main__":
    for each in TRANSLATED:
        update(each)
