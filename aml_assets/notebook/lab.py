"""JupyterLab whose token stands in no file: it is in the environment, and there it stays.

Belongs here: what Jupyter must not do that no option of its own forbids. Does not belong here: its
options (``server``).
"""

from __future__ import annotations

from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp
from traitlets import Bool


class Server(ServerApp):
    """Jupyter's server, more discreet."""

    tell_token = Bool(
        True,
        config=True,
        help="Whether pages hold the token, to send it in place of a login. A proxy that asks for "
        "a login would take it for a wrong one, and brings the token itself.",
    )

    def init_webapp(self) -> None:
        """As Jupyter does it; its pages may be told less."""
        super().init_webapp()
        if not self.tell_token:
            assert self.web_app is not None
            self.web_app.settings["page_config_hook"] = _without_token

    def write_server_info_file(self) -> None:
        """Write none: it would tell the token to `jupyter server list`, and to a backup."""

    def write_browser_open_files(self) -> None:
        """Write none: they hold the address with the token."""


def _without_token(_handler: object, page_config: dict[str, Any]) -> dict[str, Any]:
    return {**page_config, "token": ""}


class Lab(LabApp):
    """JupyterLab over such a server."""

    serverapp_class = Server

    @classmethod
    def get_extension_package(cls) -> str:
        """The extension is JupyterLab's, not of this package."""
        return LabApp.get_extension_package()


if __name__ == "__main__":
    Lab.launch_instance()
