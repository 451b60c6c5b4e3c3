"""A view shows chosen files of a store and writes beside it, never into it."""

from pathlib import Path

import pytest

from aml_assets.errors import NotFound
from aml_assets.io.store import Store
from aml_assets.io.view_of_store import StoreView


@pytest.fixture
def below(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "below"))
    for path in ("a/1/data", "a/2/data", "a/.versions/data.old", "decisions/skips/x", "z"):
        store.publish_bytes(path, f"below {path}".encode())
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "new"))


@pytest.fixture
def view(below: Store, folder: Store) -> StoreView:
    return StoreView(below, folder, through=("decisions",), new=("receipts",))


def files(root: str) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in Path(root).rglob("*") if each.is_file()}


def names(store: Store, folder: str, **options: bool) -> list[str]:
    return [each.name for each in store.list(folder, **options)]


def test_only_what_is_shown_exists(view: StoreView):
    view.show({"a/1/data": "a/1/data", "a/2/data": "a/.versions/data.old"}, {})
    assert view.read("a/1/data") == b"below a/1/data"
    assert view.read("a/2/data") == b"below a/.versions/data.old"
    status = view.status("a/2/data")
    assert status is not None
    assert (status.name, status.length) == ("data", 26)
    with view.open("a/2/data") as file:
        assert file.read(5) == b"below"
    assert (names(view, "a"), names(view, "a/1"), names(view, "")) == (["1", "2"], ["data"], ["a"])
    assert [each.is_directory for each in view.list("a")] == [True, True]
    for path in ("z", "a/.versions/data.old"):
        assert not view.exists(path)
        assert view.local_path(path) is None
        with pytest.raises(NotFound):
            view.read(path)
    view.show({"z": "z"}, {})
    assert not view.exists("a/1/data")
    assert view.exists("z")


def test_what_is_written_lies_in_the_new_folder_and_is_seen_once_it_is_shown(
    view: StoreView, below: Store, folder: Store
):
    before = files(below.url)
    view.publish_bytes("a/1/data", b"new")
    view.add_bytes("ledger/1", b"new")
    assert not view.exists("a/1/data")
    view.show({}, {"a/1/data": "a/1/data"})
    assert view.read("a/1/data") == folder.read("a/1/data") == b"new"
    assert folder.exists("ledger/1")
    view.delete("a/1/data")
    assert not folder.exists("a/1/data")
    assert files(below.url) == before


def test_open_folders_are_seen_whole_the_new_files_first(view: StoreView, below: Store):
    assert view.read("decisions/skips/x") == b"below decisions/skips/x"
    view.publish_bytes("decisions/skips/x", b"new")
    view.publish_bytes("decisions/skips/.y", b"new")
    view.publish_bytes("receipts/r", b"new")
    assert view.read("decisions/skips/x") == b"new"
    assert view.read("receipts/r") == b"new"
    assert names(view, "decisions/skips") == ["x"]
    assert names(view, "decisions/skips", hidden=True) == [".y", "x"]
    assert names(view, "receipts") == ["r"]
    assert below.read("decisions/skips/x") == b"below decisions/skips/x"
