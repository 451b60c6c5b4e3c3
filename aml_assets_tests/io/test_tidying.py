"""A folder is tidied before it is written; a large one is listed once a minute at most."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_assets.errors import StoreError, TransientStoreError
from aml_assets.io.filesystems import LocalFileSystem
from aml_assets.io.rooted import RootedFileSystem
from aml_assets.io.temporary import temporary_name
from aml_assets.io.tidying import Tidying
from aml_assets_tests.io.faults import Counted, ObservedFileSystem


def tidying(root: Path, observe) -> Tidying:
    return Tidying(RootedFileSystem(ObservedFileSystem(LocalFileSystem(), observe), str(root)))


@pytest.mark.parametrize(("files", "lists"), [(3, 2), (100, 1)])
def test_a_large_folder_counts_as_tidy_for_a_while(tmp_path, files, lists):
    for number in range(files):
        (tmp_path / str(number)).touch()
    counted = Counted()
    tidy = tidying(tmp_path, counted)
    assert set(tidy.tidy_and_find("", ["1", "absent"])) == {"1"}
    assert set(tidy.tidy_and_find("", ["1", "absent"])) == {"1"}
    assert counted.operations["list"] == lists
    tidy.forget("")
    tidy.tidy("")
    assert counted.operations["list"] == lists + 1


def test_only_files_of_dead_writers_are_deleted(tmp_path):
    (tmp_path / temporary_name("a")).touch()  # no write of this process uses it
    (tmp_path / temporary_name("b")).mkdir()
    (tmp_path / ".a.tmp-mine").touch()
    tidying(tmp_path, Counted()).tidy("")
    assert len(list(tmp_path.iterdir())) == 2
    assert (tmp_path / ".a.tmp-mine").exists()


def refusing(error: type[StoreError], refused: str):
    def observe(operation: str, path: str) -> None:
        if operation == refused:
            raise error("refused", path=path, operation=operation)

    return observe


@pytest.mark.parametrize("operation", ["list", "delete"])
def test_a_folder_that_cannot_be_tidied_does_not_stop_the_write(tmp_path, operation, caplog):
    (tmp_path / temporary_name("a")).touch()
    (tmp_path / "kept").touch()
    tidy = tidying(tmp_path, refusing(StoreError, operation))
    assert set(tidy.tidy_and_find("", ["kept", "absent"])) == {"kept"}
    assert "refused" in caplog.text
    with pytest.raises(TransientStoreError):
        tidying(tmp_path, refusing(TransientStoreError, operation)).tidy("")
