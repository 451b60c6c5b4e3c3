"""``aml card``: the model card of a day.

Belongs here: the command's options and output. Does not belong here: the card
(``core.governance.model_card``), or its mark-up (``core.governance.card_markdown``).
"""

from __future__ import annotations

import json
from typing import Annotated

import typer

from aml_assets.cli.arguments import as_day


def card(
    day: Annotated[str, typer.Argument(help="The day of the model page, YYYY-MM-DD.")],
    line: Annotated[
        str, typer.Option("--line", help="A further model line; by default that of reports.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print it as JSON, as it lies in the store.")
    ] = False,
) -> None:
    """Print the card of a day's model: purpose, data, figures, groups, limits, approval."""
    from aml_assets.core.governance.card_markdown import to_markdown
    from aml_assets.core.language import Language
    from aml_assets.io.catalog import Catalog
    from aml_assets.settings.load import load_settings
    from aml_assets.steps.builders.model_cards import stored_card

    catalog = Catalog(load_settings())
    found = stored_card(catalog, line, as_day(day))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
    else:
        language = Language(catalog.settings.reports.language)
        typer.echo(to_markdown(found, language), nl=False)
