"""Cleaning: what killed writers left goes by its age, and nothing else ever does.

Belongs here: `aml clean` and what finds the debris, on local files, HDFS and WebHDFS, and in this
machine's scratch space. Does not belong here: what a write itself tidies
(`io/test_promises_kills`), and how a file's name tells its writer (`io/test_store`).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.io.debris import find_debris, remove
from aml_assets.io.scratch import scratch_folder
from aml_assets.io.store import Sink
from aml_assets_tests.io.conftest import place as place
from aml_assets_tests.io.places import Place, temporary
from aml_assets_tests.io.processes import context

HOUR = 3600.0
FOLDERS = ("", "model/", "model/.versions/", "tables/trx/2024-01-05/")
TEMPORARY = ".tmp-" + "ab" * 6 + "-4711-815-" + "0" * 16
"""How the name ends of a file that a process of some other machine writes."""

KEPT = (
    "tables/trx/2024-01-05/data.parquet",
    "tables/trx/2024-01-05/.data.parquet.crc",
    "tables/trx/2024-01-05/.data.parquet.tmp-of-somebody-else",
    "tables/trx/2024-01-05/data.parquet.tmp",
    "tables/trx/2024-01-05/_temporary",
    "tables/retail/2024-01-05/.data.parquet.reference.json",
    "model/aml_2024-01-05.ubj",
    f"model/.versions/{'f' * 64}.ubj",
    "predict_res/.pred_full_table2024-01-05.csv.manifest.json",
    ".hidden",
)
"""Outputs, older versions, and what others hide there."""


def put(place: Place, paths: Iterable[str], *, hours: float) -> list[str]:
    files = place.files
    for path in paths:
        files.put(path, b"1234")
        files.make_older(path, hours * HOUR)
    return sorted(paths)


@pytest.fixture
def debris(place: Place) -> list[str]:
    return put(place, [f"{folder}.data.parquet{TEMPORARY}" for folder in FOLDERS], hours=25)


@pytest.fixture
def kept(place: Place) -> list[str]:
    """All that is no debris, and debris too young to tell."""
    young = [f"tables/trx/2024-01-06/.data.parquet{TEMPORARY}"]
    return sorted(put(place, KEPT, hours=1000) + put(place, young, hours=23))


@pytest.fixture
def clean(place: Place) -> Callable[..., Result]:
    """The command, on the place as store."""
    variables = {
        "AML_STORE__URL": place.url,
        "AML_HDFS__AUTHENTICATION": "insecure",
        "AML_HDFS__CLIENT": json.dumps(place.client),
    }

    def run(*options: str) -> Result:
        return CliRunner().invoke(app, ["clean", *options], env=variables)

    return run


def test_a_dry_run_says_what_would_go_and_removes_nothing(place, debris, kept, clean):
    done = clean("--dry-run")
    assert done.exit_code == 0
    assert sorted(re.findall(r"^  (\S+)  4 bytes, 25\.\d h old$", done.output, re.M)) == debris
    assert f"{len(debris)} temporary files, {4 * len(debris)} bytes, would be removed." in (
        done.output
    )
    assert place.files.names() == sorted(debris + kept)


def test_old_debris_of_all_folders_goes_and_everything_else_stays(place, debris, kept, clean):
    done = clean()
    assert done.exit_code == 0
    assert sorted(re.findall(r"^  (\S+)  4 bytes", done.output, re.M)) == debris
    assert f"{len(debris)} temporary files, {4 * len(debris)} bytes, removed." in done.output
    assert place.files.names() == kept
    again = clean()
    assert again.exit_code == 0
    assert again.output == "0 temporary files, 0 bytes, removed.\n"


def test_what_a_dead_process_left_on_this_machine_goes_and_what_is_in_use_stays(
    place, clean, tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with scratch_folder() as used:
        root = Path(used).parent
        left = root / "left"
        left.mkdir()
        (left / "duckdb_temp.tmp").write_bytes(b"1234")
        done = clean("--dry-run")
        assert f"  {left}  4 bytes, its process has died" in done.output
        assert "1 temporary files, 4 bytes, would be removed." in done.output
        assert sorted(map(str, root.iterdir())) == sorted([used, str(left)])
        assert "1 temporary files, 4 bytes, removed." in clean().output
        assert [str(each) for each in root.iterdir()] == [used]
    assert clean().output == "0 temporary files, 0 bytes, removed.\n"


def test_a_store_that_is_not_there_holds_no_debris(place):
    assert list(find_debris(place.below("absent").store(), 0)) == []


def test_debris_that_somebody_else_removed_meanwhile_is_no_error(place, debris):
    store = place.store()
    first, *_ = find_debris(store, 24 * HOUR)
    assert remove(store, first)
    assert not remove(store, first)


def test_what_this_process_is_writing_stays(place):
    store = place.store()
    found = []

    def write(sink: Sink) -> None:
        sink.write(b"half of it")
        found.extend(find_debris(store, 0, now=4e9))

    store.publish("day/data.bin", write)
    assert found == []
    assert place.files.names() == ["day/data.bin"]


def test_what_a_living_process_writes_stays_until_it_is_killed(place):
    store, files = place.store(), place.files
    writer = context.Process(target=_write_without_end, args=(place,), daemon=True)
    writer.start()
    try:
        end = time.monotonic() + 60
        while not temporary(files):
            assert time.monotonic() < end, "it writes nothing"
            time.sleep(0.1)
        assert list(find_debris(store, 0, now=4e9)) == []
    finally:
        writer.kill()
        writer.join()
    (left,) = find_debris(store, 0, now=4e9)
    assert [left.path] == temporary(files)
    assert remove(store, left)
    assert files.names() == []


def _write_without_end(place: Place) -> None:
    def write(sink: Sink) -> None:
        sink.write(b"half of it")
        context.Event().wait()

    place.store().publish("day/data.bin", write)
