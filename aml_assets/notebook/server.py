"""JupyterLab for the notebook: on loopback, with a token made for this start alone.

Or, in a deployment, behind a proxy that asks for a login and knows the token.

Belongs here: its process and what it is told. Does not belong here: the proxy (``deploy/``).
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
from aml_assets.settings.load import CONFIG_VARIABLE, load_settings

NOTEBOOK = "explore.ipynb"


TOKEN = "JUPYTER_TOKEN"
_SHORTEST = 20
"""Characters of a token that nobody guesses."""


def command(
    folder: Path, port: int, *, behind_proxy: bool = False
) -> tuple[list[str], dict[str, str]]:
    """What to run, and the environment to run it in.

    The token stands in the environment, where other users of the machine do not see it; no
    configuration file of Jupyter's is read, since one could undo it.

    Args:
        folder: the notebooks' folder, which is all that the browser sees.
        port: on 127.0.0.1.
        behind_proxy: listen on every address, with the token that the environment gives.

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
        sys.executable, "-m", "aml_assets.notebook.lab",
        f"--ServerApp.ip={'0.0.0.0' if behind_proxy else '127.0.0.1'}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",  # in a container it may be the only user
        f"--ServerApp.root_dir={folder.absolute()}",
        f"--LabApp.default_url=/lab/tree/{NOTEBOOK}",
        *(["--Server.tell_token=False"] if behind_proxy else []),
    ]  # fmt: skip
    return words, {**os.environ, **_places(), "JUPYTER_NO_CONFIG": "1", TOKEN: token}


def prepare(folder: Path) -> Path:
    """Put our notebook there, unless one of that name is: it may be somebody's work by now."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / NOTEBOOK
    if not target.exists():
        with as_file(files("aml_assets.notebook") / NOTEBOOK) as source:
            shutil.copyfile(source, target)
    return target


def _places() -> dict[str, str]:
    """A kernel starts in the notebooks' folder: what counted from here must be said in full."""
    settings = load_settings()
    if config := os.environ.get(CONFIG_VARIABLE):
        return {CONFIG_VARIABLE: str(Path(config).absolute())}
    return {"AML_LANDING__URL": settings.landing.url, "AML_STORE__URL": settings.store.url}
