"""``aml promote``, ``aml rollback`` and ``aml models``: which model scores, and who said so.

Belongs here: the commands' options and output. Does not belong here: promoting
(``steps.promoting``), or what a screen of models says (``steps.watching.model_board``).
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from aml_assets.cli.arguments import as_day

if TYPE_CHECKING:
    from aml_assets.core.governance.chain import Entry
    from aml_assets.io.catalog import Catalog

_Why = Annotated[str, typer.Option("--why", help="The reason; the ledger keeps it.")]
_By = Annotated[
    str | None, typer.Option("--by", help="Who decides, as you claim; else your login or user.")
]
_Line = Annotated[
    str, typer.Option("--line", help="A model line of the settings; the reports' by default.")
]
_From = Annotated[
    str | None,
    typer.Option("--from", help="The first day that it scores; by default the next to be scored."),
]


def promote(
    model: Annotated[str, typer.Argument(help="Its model_id, digest, or path in the store.")],
    why: _Why,
    by: _By = None,
    line: _Line = "",
    first: _From = None,
    against_the_gate: Annotated[
        bool, typer.Option("--against-the-gate", help="Although the gate does not let it pass.")
    ] = False,
) -> None:
    """Let a model score from now on, if it finds more than the one that does."""
    from aml_assets.steps import promoting

    catalog = _of_line(line)
    entry = promoting.promote(
        catalog,
        model,
        why,
        by=by,
        from_day=as_day(first) if first else None,
        against_the_gate=against_the_gate,
    )
    _say(entry)


def rollback(why: _Why, by: _By = None, line: _Line = "", first: _From = None) -> None:
    """Let the model that scored before the present champion score again, at once."""
    from aml_assets.steps import promoting

    day = as_day(first) if first else None
    _say(promoting.roll_back(_of_line(line), why, by=by, from_day=day))


def models() -> None:
    """Show the champion of each model line, its challengers, and what the gate says of them."""
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.watching.model_board import lines_of

    catalog = Catalog(load_settings())
    for number, line in enumerate(catalog.graph.lines):
        if number:
            typer.echo()
        for sentence in lines_of(catalog.of_line(line)):
            indent = len(sentence) - len(sentence.lstrip())
            for part in wrap(sentence, 100, subsequent_indent=" " * (indent + 2)):
                typer.echo(part)


def _say(entry: Entry) -> None:
    about = entry.about
    typer.echo(f"{about['model_id']} scores from {about['from_day']} on, says {entry.who}.")
    gate = about.get("gate")
    if gate:
        typer.echo(f"The gate, on {gate['days']} days: {gate['why']}.")
    typer.echo(f"Entry {entry.number} of the ledger says so, and why.")


def _of_line(name: str) -> Catalog:
    """The catalog of a model line.

    Raises:
        AmlError: there is no such line, or no champion scores it.
    """
    from aml_assets.errors import AmlError
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings

    catalog = Catalog(load_settings())
    lines = {line.name: line for line in catalog.graph.lines}
    if name not in lines:
        known = ", ".join(each for each in lines if each)
        raise AmlError(
            f"there is no model line {name!r}",
            remedy=f"Choose from {known}." if known else "The settings have none but the reports'.",
        )
    of_line = catalog.of_line(lines[name])
    if of_line.settings.scoring.model_policy != "promoted":
        raise AmlError(
            "no champion scores here: scoring.model_policy is "
            f"`{of_line.settings.scoring.model_policy}`",
            remedy="Set scoring.model_policy: promoted.",
        )
    return of_line
