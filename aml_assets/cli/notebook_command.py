"""``aml notebook``: JupyterLab over the bank's store, on loopback.

Belongs here: the command's options and output. Does not belong here: the command line of
JupyterLab (``notebook.jupyter_command``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from aml_assets.cli.arguments import as_local_path


def notebook(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8888,
    folder: Annotated[
        Path,
        typer.Option(
            parser=as_local_path,
            help="Folder of the notebooks; what they show is customers' data.",
        ),
    ] = Path("var/notebooks"),
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="Listen on every address, for a proxy that knows the token in JUPYTER_TOKEN.",
        ),
    ] = False,
) -> None:
    """Start JupyterLab on loopback; the address, with its token, is printed."""
    from aml_assets.notebook.jupyter_command import NOTEBOOK, TOKEN, command, prepare

    words, environment = command(folder, port, behind_proxy=behind_proxy)
    typer.echo(f"The notebook: {prepare(folder)}")
    if not behind_proxy:  # Jupyter prints no token that it was given
        token = environment[TOKEN]
        typer.echo(f"Open http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}?token={token}")
    # Jupyter replaces this process, so that it receives Ctrl-C and gives the exit code.
    os.execve(words[0], words, environment)
