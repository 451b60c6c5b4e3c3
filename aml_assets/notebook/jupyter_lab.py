"""JupyterLab that writes its token into no file and, behind a proxy, into no page.

Started as ``python -m aml_assets.notebook.jupyter_lab``; the token comes from the environment.

Belongs here: what Jupyter must not do and no option of its own forbids. Does not belong here:
its options (``jupyter_command``).
"""

from __future__ import annotations

from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp
from traitlets import Bool


class Server(ServerApp):
    """Jupyter's server, which keeps the token to itself."""

    token_in_pages = Bool(
        True,
        config=True,
        help="If pages hold the token and send it in place of a login. Behind a proxy that asks "
        "for a login they must not: it would refuse the token, and it adds the token itself.",
    )

    def init_webapp(self) -> None:
        """Set up the web application as Jupyter does; leave the token out of pages if so set."""
        super().init_webapp()
        if not self.token_in_pages:
            assert self.web_app is not None
            self.web_app.settings["page_config_hook"] = _without_token

    def write_server_info_file(self) -> None:
        """Write no file, as it would show the token to `jupyter server list` and to backups."""

    def write_browser_open_files(self) -> None:
        """Write no files, as they would hold the address with the token."""


def _without_token(_handler: object, page_config: dict[str, Any]) -> dict[str, Any]:
    return {**page_config, "token": ""}


class Lab(LabApp):
    """JupyterLab on such a server."""

    serverapp_class = Server

    @classmethod
    def get_extension_package(cls) -> str:
        """The package of JupyterLab's own extension; this package has none."""
        return LabApp.get_extension_package()


if __name__ == "__main__":
    Lab.launch_instance()
