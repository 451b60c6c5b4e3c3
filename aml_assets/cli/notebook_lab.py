"""``aml notebook``: JupyterLab over the bank's store, on loopback.

Belongs here: the command's words. Does not belong here: how it is started (``notebook.server``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(notebook)


def notebook(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8888,
    folder: Annotated[
        Path, typer.Option(help="Where notebooks are kept; what they show is customers' data.")
    ] = Path("var/notebooks"),
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="Listen on every address, for a proxy that knows the token in JUPYTER_TOKEN.",
        ),
    ] = False,
) -> None:
    """Open JupyterLab on loopback; the address, with its token, is printed."""
    from aml_assets.notebook.server import NOTEBOOK, TOKEN, command, prepare

    words, environment = command(folder, port, behind_proxy=behind_proxy)
    typer.echo(f"The notebook: {prepare(folder)}")
    if not behind_proxy:  # Jupyter does not print the token, as it did not make it
        token = environment[TOKEN]
        typer.echo(f"Open http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}?token={token}")
    # Jupyter takes this process' place: Ctrl-C and the exit code are its own.
    os.execve(words[0], words, environment)
