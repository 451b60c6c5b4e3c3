"""``aml seal``: give what the store holds a seal by the first key, or make a new first key.

Belongs here: the command's options and output. Does not belong here: exchanging seals
(``io.resealing``), or what a seal is (``io.seals``).
"""

from __future__ import annotations

from typing import Annotated

import typer


def seal(
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key", help="Write a new first key into the file of keys, and seal nothing yet."
        ),
    ] = False,
) -> None:
    """Seal every stored file by the first key of store.seal_keys, and so vouch for it."""
    from aml_assets.errors import AmlError, SettingsError
    from aml_assets.io.catalog import Catalog
    from aml_assets.io.resealing import reseal
    from aml_assets.io.seals import add_key
    from aml_assets.settings.load import load_settings

    settings = load_settings()
    keys = settings.store.seal_keys
    if keys is None:
        raise SettingsError(
            "store.seal_keys is not set", remedy="Set it to the path of a file of keys first."
        )
    if new_key:
        name = add_key(keys)
        typer.echo(f"{keys}: {name} is the first key now; those below it are still accepted.")
        typer.echo("Restart what runs, so that it knows the key; then: aml seal.")
        return
    exchanged = refused = 0
    for each in reseal(Catalog(settings).store):
        if each.refused is None:
            exchanged += 1
        else:
            refused += 1
            typer.echo(f"  {each.refused}")
    typer.echo(f"{exchanged} files sealed by the first key.")
    if refused:
        raise AmlError(
            f"{refused} files were left as they are", remedy="Each is named above, with the reason."
        )
