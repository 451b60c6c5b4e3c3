"""The commands of ``aml``, each in a module of its own.

Belongs here: a command's options, what it prints, and its exit code. Does not belong here: the
work. A command whose name is taken by a package has its module called ``…_command``.
"""


def main() -> None:
    """Run the command line, as `aml_assets.cli.app.main` does; also while it is imported."""
    import sys

    try:
        from aml_assets.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()
