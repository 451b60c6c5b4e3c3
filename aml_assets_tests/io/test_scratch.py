"""Scratch folders: nobody else can look into them, and what a killed process leaves is swept."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest

from aml_assets.errors import AmlError
from aml_assets.io import scratch
from aml_assets.io.scratch import scratch_folder, sweep

SPILLING = """
from aml_assets.core.tables import engine
from aml_assets.io.scratch import scratch_folder

sql = "SELECT x, random() AS y FROM range(30000000) AS t(x) ORDER BY y"
with engine.spilling_into(scratch_folder, memory=60_000_000):
    engine.query(sql, {})
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """An empty folder for the system's temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


@pytest.fixture
def root(temporary):
    return temporary / f"aml-{os.geteuid()}"


def test_a_scratch_folder_is_private_and_ends_with_its_use(temporary, root):
    with scratch_folder() as one, scratch_folder() as other:
        assert one != other
        assert {os.path.dirname(one), os.path.dirname(other)} == {str(root)}
        assert [os.stat(each).st_mode & 0o777 for each in (root, one, other)] == [0o700] * 3
        assert sweep() == []
    assert list(root.iterdir()) == []
    assert list(temporary.iterdir()) == [root]


def test_a_query_killed_while_it_spills_leaves_files_there_alone_and_the_next_start_sweeps_them(
    tmp_path, temporary, root
):
    here = tmp_path / "here"
    here.mkdir()
    with subprocess.Popen([sys.executable, "-c", SPILLING], cwd=here) as process:
        end = time.monotonic() + 60
        while not any(each.is_file() and each.stat().st_size for each in temporary.rglob("*")):
            assert process.poll() is None, "it ended without spilling"
            assert time.monotonic() < end
            time.sleep(0.02)
        assert sweep() == []  # it lives
        process.send_signal(signal.SIGKILL)
    left = [each for each in temporary.rglob("*") if each.is_file()]
    assert left
    assert list(here.iterdir()) == []
    assert {each.parent.parent for each in left} == {root}
    (found,) = sweep(dry_run=True)
    assert found.length > 0
    with scratch_folder() as folder:
        assert [str(each) for each in root.iterdir()] == [folder]


@pytest.mark.parametrize("foreign", ["a file", "a link", "open to others"])
def test_a_folder_that_is_not_ours_alone_is_refused(foreign, tmp_path, root):
    if foreign == "a file":
        root.touch()
    elif foreign == "a link":
        root.symlink_to(tmp_path)
    else:
        root.mkdir()
        root.chmod(0o777)
    with pytest.raises(AmlError, match=r"TMPDIR"), scratch_folder():
        pass


@pytest.mark.parametrize("inherited", ["whatever it is", "0"])
def test_no_process_of_ours_leaves_its_memory_in_a_core_dump(inherited):
    # Nor in one that a program takes: Linux asks for a limit of exactly 1 there, or for the flag.
    code = f"""
import ctypes, resource
if {inherited == "0"}:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from aml_assets.io.scratch import no_core_dumps
no_core_dumps()
no_core_dumps()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    closed = inherited == "0" or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0
    assert done.stdout.split() == (["0", "0", "0"] if closed else ["0", "1", "1"])


def test_a_folder_whose_work_ends_while_others_sweep_is_simply_gone(root, monkeypatch):
    real = scratch._lock

    def ends(folder, how):
        if folder != root:
            folder.rmdir()
        return real(folder, how)

    root.mkdir(0o700)
    (root / "ending").mkdir()
    monkeypatch.setattr(scratch, "_lock", ends)
    assert scratch.sweep() == []
