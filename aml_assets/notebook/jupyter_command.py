"""The command line and environment with which JupyterLab is started for the notebook.

JupyterLab listens on loopback with a new token; in a deployment it listens behind a proxy that
asks for a login and knows the token.

Belongs here: its options, its environment, its folder. Does not belong here: the server itself
(``jupyter_lab``) and the proxy (``deploy/``).
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import sys
from importlib.resources import as_file, files
from pathlib import Path

from aml_assets.errors import AmlError
from aml_assets.settings.load import load_settings
from aml_assets.settings.sources import CONFIG_VARIABLE

NOTEBOOK = "explore.ipynb"
"""File name of our notebook, in this package and in the notebooks' folder."""

TOKEN = "JUPYTER_TOKEN"
"""Environment variable that holds the token."""

_SHORTEST = 20
"""Number of characters from which on a token cannot be guessed."""


def command(
    folder: Path, port: int, *, behind_proxy: bool = False
) -> tuple[list[str], dict[str, str]]:
    """The command line that starts JupyterLab, and its environment.

    The token is in the environment, which other users of the machine cannot read. Jupyter reads
    no configuration file, since one could undo these options.

    Args:
        folder: the notebooks' folder; the browser sees nothing outside it.
        port: the port on 127.0.0.1.
        behind_proxy: listen on every address, with the token in ``JUPYTER_TOKEN``.

    Returns:
        The words of the command, and all variables of its environment.

    Raises:
        AmlError: JupyterLab is not installed, or a proxy's token is missing.
        SettingsError: the bank's configuration cannot be read.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise AmlError("JupyterLab is not installed", remedy="pip install 'aml_assets[notebook]'.")
    token = os.environ.get(TOKEN, "") if behind_proxy else secrets.token_urlsafe(24)
    if len(token) < _SHORTEST:
        raise AmlError(
            f"there is no {TOKEN} of {_SHORTEST} characters or more",
            remedy="Give the proxy's; without one, anybody in the network would be let in.",
        )
    words = [
        sys.executable, "-m", "aml_assets.notebook.jupyter_lab",
        f"--ServerApp.ip={'0.0.0.0' if behind_proxy else '127.0.0.1'}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",  # in a container it may be the only user
        f"--ServerApp.root_dir={folder.absolute()}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
        *(["--Server.token_in_pages=False"] if behind_proxy else []),
    ]  # fmt: skip
    return words, {**os.environ, **_places(), "JUPYTER_NO_CONFIG": "1", TOKEN: token}


def prepare(folder: Path) -> Path:
    """Copy our notebook into a folder, unless one of its name, perhaps edited, is there already.

    Returns:
        The notebook's path.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / NOTEBOOK
    if not target.exists():
        with as_file(files("aml_assets.notebook") / NOTEBOOK) as source:
            shutil.copyfile(source, target)
    return target


def _places() -> dict[str, str]:
    """The settings' variables with absolute paths, as a kernel starts in another folder."""
    settings = load_settings()
    if config := os.environ.get(CONFIG_VARIABLE):
        return {CONFIG_VARIABLE: str(Path(config).absolute())}
    return {"AML_LANDING__URL": settings.landing.url, "AML_STORE__URL": settings.store.url}
