"""Errors name paths of the store, and no path leads out of its root."""

from __future__ import annotations

import pytest

from aml_assets.errors import NotFound, StoreError, TransientStoreError
from aml_assets.io.filesystems import LocalFileSystem
from aml_assets.io.rooted import RootedFileSystem


@pytest.fixture
def rooted(tmp_path) -> RootedFileSystem:
    return RootedFileSystem(LocalFileSystem(), f"{tmp_path}/")


def test_an_error_of_the_adapter_keeps_its_kind_and_names_the_stores_path(rooted):
    with pytest.raises(NotFound) as caught:
        rooted.delete("day/x")
    assert str(caught.value) == "delete day/x: no such file or directory"
    assert (caught.value.path, caught.value.reason) == ("day/x", "no such file or directory")


def test_an_error_can_be_shown_under_another_path_of_the_store(rooted):
    with pytest.raises(TransientStoreError, match=r"^write day/x: away\. Wait$"):  # noqa: SIM117
        with rooted.named("day/.x.tmp", shown="day/x"):
            raise TransientStoreError(
                "away", path=rooted.full("day/.x.tmp"), operation="write", remedy="Wait"
            )


def test_an_error_about_another_path_is_raised_as_it_is(rooted):
    error = StoreError("full", path="other", operation="write")
    with pytest.raises(StoreError) as caught, rooted.named("day/x"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("path", ["", "/a", "a//b", "../a", "a/..", "./a", "a\0b"])
def test_a_path_that_leads_out_of_the_root_is_refused(rooted, path):
    with pytest.raises(StoreError, match="not a path inside the store"):
        rooted.full(path)
