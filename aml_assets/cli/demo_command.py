"""``aml demo``: a synthetic bank, and its trainable days built through to predictions.

Belongs here: the command's options. Does not belong here: the demo (``cli.demo.run``).
"""

from __future__ import annotations

from typing import Annotated

import typer

from aml_assets.cli.arguments import as_day


def demo(
    days: Annotated[int, typer.Option(help="Days of the synthetic bank, 31 or more.", min=31)] = 37,
    last: Annotated[
        str | None,
        typer.Option(help="The bank's last day, YYYY-MM-DD; the last partition, or yesterday."),
    ] = None,
    landing_only: Annotated[
        bool, typer.Option("--landing-only", help="Only write the bank's landing.")
    ] = False,
) -> None:
    """Write a synthetic bank and build each day that can have a model through to its pages."""
    from aml_assets.cli.demo.run import run_demo

    run_demo(days, last=as_day(last) if last else None, landing_only=landing_only)
