"""``aml demo``: a synthetic bank, and its last day built through to predictions.

Belongs here: the command's options. Does not belong here: the demo (``cli.demo.run``).
"""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    days: Annotated[int, typer.Option(help="Days of the synthetic bank, 40 or more.", min=40)] = 45,
    landing_only: Annotated[
        bool, typer.Option("--landing-only", help="Only write the bank's landing.")
    ] = False,
) -> None:
    """Write a synthetic bank and build its last day through to predictions."""
    from aml_assets.cli.demo.run import run_demo

    run_demo(days, landing_only=landing_only)
