"""JupyterLab whose token stands in no file: it is in the environment, and there it stays.

Belongs here: what Jupyter must not do that no option of its own forbids. Does not belong here: its
options (``server``).
"""

from __future__ import annotations

from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp


class _Server(ServerApp):
    def write_server_info_file(self) -> None:
        """Write none: it would tell the token to `jupyter server list`, and to a backup."""

    def write_browser_open_files(self) -> None:
        """Write none: they hold the address with the token."""


class Lab(LabApp):
    """JupyterLab over such a server."""

    serverapp_class = _Server

    @classmethod
    def get_extension_package(cls) -> str:
        """The extension is JupyterLab's, not of this package."""
        return LabApp.get_extension_package()


if __name__ == "__main__":
    Lab.launch_instance()
