"""A writer killed at any step leaves readers a whole file and the next writer no debris.

Belongs here: kills at known steps. Does not belong here: kills at any moment
(`test_promises_races`).
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest

from aml_assets.io.formats import version_path
from aml_assets_tests.io.faults import Counted
from aml_assets_tests.io.places import Place, debris_after
from aml_assets_tests.io.processes import context, write_and_die
from aml_assets_tests.io.values import FORMATS, KINDS, PATH, is_version, state, write

pytestmark = pytest.mark.long  # a process for each step of each write

T = TypeVar("T")

AT_ONCE = 4
"""Mostly, a write waits for the cluster."""


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_step_a_reader_sees_the_whole_old_or_the_whole_new(place, kind):
    counted = Counted()
    write(place.below("whole").store(), kind, "old")
    write(place.below("whole").store(counted), kind, "new")
    assert counted.changes >= 6
    places = [place.below(str(step)) for step in range(counted.changes)]
    writers = [
        context.Process(target=write_and_die, args=(each, kind, step))
        for step, each in enumerate(places)
    ]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        old = list(threads.map(lambda each: write(each.store(), kind, "old"), places))
        for some in batched(writers, AT_ONCE):
            for each in some:
                each.start()
            for each in some:
                each.join()
        assert {each.exitcode for each in writers} == {-signal.SIGKILL}
        digests = [each.digest for each in old]
        seen = list(threads.map(partial(_seen_afterwards, kind), places, digests))
    assert seen == sorted(seen, reverse=True)  # all old before the commit, all new after
    assert {"old", "new"} == set(seen)


def _seen_afterwards(kind: str, place: Place, replaced: str) -> str:
    """Check what a killed writer left; gives the version that readers see."""
    store = place.store()
    version = state(store, kind)
    if version == "new" and kind != "parquet":
        kept = FORMATS[kind].read(store, version_path(PATH, replaced))
        assert is_version(kind, kept, "old")
    # Whatever is written next, the same or something else, leaves nothing behind.
    following = "new" if int(place.root.rpartition("/")[2]) % 2 else "old"
    assert debris_after(lambda: write(store, kind, following), place.files) == []
    assert state(store, kind) == following
    return version


def batched(all_: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(all_), size):
        yield all_[start : start + size]
