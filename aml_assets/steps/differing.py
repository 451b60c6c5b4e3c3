"""Differing: the possible reasons why a partition that was built again has another digest.

Belongs here: comparing two manifests, and the libraries of then with those of now. Does not belong
here: building anything again (``steps.reproducing``), or comparing contents (``core.compare``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aml_assets.io.manifest import Manifest
from aml_assets.io.surroundings import Surroundings, libraries
from aml_assets.steps.inputs.dispositions_known import DISPOSITIONS


def differences(stored: Manifest | None, now: Manifest) -> Iterator[str]:
    """How the manifests of two contents differ: each difference could be the reason.

    Args:
        stored: of the content then; ``None`` if it is not stored any more.
        now: of the content that was built again.
    """
    if stored is None:
        return
    if stored.code_version != now.code_version:
        yield f"code version {stored.code_version} then, {now.code_version} now"
    if stored.settings != now.settings:
        yield f"settings {stored.settings} then, {now.settings} now"
    for name in sorted({*stored.inputs, *now.inputs}):
        then, read = stored.inputs.get(name, {}), now.inputs.get(name, {})
        for key in sorted({*then, *read}):
            if then.get(key) != read.get(key):
                was, is_ = (each.get(key, "not read")[:12] for each in (then, read))
                yield f"input {name} {key}: {was} then, {is_} now"
                return
    if stored.facts.get(DISPOSITIONS) != now.facts.get(DISPOSITIONS):
        yield "other dispositions were known then"


def other_libraries(recorded: Surroundings | None) -> Sequence[str]:
    """The libraries whose version has changed since, in words; or that none was recorded.

    Args:
        recorded: the surroundings of then; ``None`` where they are not recorded.
    """
    if recorded is None:
        return ["the versions of libraries of then are not recorded"]
    then, now = recorded.libraries, libraries()
    return [
        f"{name} {then.get(name, 'absent')} then, {now.get(name, 'absent')} now"
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]
