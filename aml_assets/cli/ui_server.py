"""Dagster's webserver with the guard before it: the process that ``aml ui`` starts.

Belongs here: putting the two together. Does not belong here: what the guard refuses
(``ui_guard``), or the daemon beside it (``ui``).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aml_assets.cli.ui_guard import UiGuard
from aml_assets.cli.ui_token import HOST, ui_token

if TYPE_CHECKING:
    from pathlib import Path

    from aml_assets.assets.dagster_internals import WorkspaceProcessContext

_MODULE = "aml_assets.definitions"
_POLL_MILLISECONDS = 2000
"""How often the UI asks for news: the default of Dagster's own command."""


def guarded(workspace: WorkspaceProcessContext, home: Path, port: int) -> UiGuard:
    """Dagster's UI and GraphQL over a workspace, as an ASGI application that asks for the token."""
    from dagster_webserver.app import create_app_from_workspace_process_context

    app = create_app_from_workspace_process_context(
        workspace, live_data_poll_rate=_POLL_MILLISECONDS
    )
    return UiGuard(app, token=ui_token(home), cookie=f"aml_ui_{port}")


def main(port: int) -> None:
    """Serve until a signal ends it.

    Raises:
        SettingsError: Dagster's home, or the token in it, cannot be used.
    """
    import uvicorn

    from aml_assets.assets.dagster_internals import workspace_of
    from aml_assets.cli.home import default_home, open_instance

    with open_instance() as instance, workspace_of(instance, _MODULE) as workspace:
        app = guarded(workspace, default_home(), port)
        uvicorn.run(app, host=HOST, port=port, log_level="warning")


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except KeyboardInterrupt:  # before uvicorn took over
        sys.exit(130)
