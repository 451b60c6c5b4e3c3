"""Tables on disk: nobody else sees them, their bytes are counted, a full disk is one sentence."""

import errno
import hashlib
import io
import os
import resource
import signal
from contextlib import contextmanager

import pyarrow as pa
import pytest

from aml_assets.core.tables import engine
from aml_assets.errors import AmlError
from aml_assets.io import spill as spilling
from aml_assets.io.scratch import sweep
from aml_assets.io.spill import MappedFile, Spill, engine_within
from aml_assets.settings.engine_settings import EngineSettings

SCHEMA = pa.schema([("id", pa.string()), ("city", pa.dictionary(pa.int32(), pa.string()))])


def batch(*cities):
    ids = pa.array([f"C{number}" for number in range(len(cities))])
    encoded = pa.array(cities).dictionary_encode()
    return pa.RecordBatch.from_arrays([ids, encoded], schema=SCHEMA)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "scratch"


@pytest.fixture
def settings(folder):
    folder.mkdir()
    return EngineSettings(spill_folder=str(folder))


def files(folder):
    return [each for each in folder.rglob("*") if each.is_file()]


def test_batches_come_back_as_they_were_and_outlive_the_scratch_space(settings, folder):
    batches = [batch("Bern", "Genf"), batch(None, "Basel"), batch("Bern")]
    with Spill(settings) as spill:
        kept = spill.keep(iter(batches))
        assert files(folder) == []  # a mapped file has no name any more
        assert [each.stat().st_mode & 0o777 for each in folder.iterdir()] == [0o700]
        assert spill.written > 0
    assert kept.equals(pa.Table.from_batches(batches))
    assert sweep(str(folder)) == []


def test_a_single_batch_needs_no_disk(settings, folder):
    with Spill(settings) as spill:
        assert spill.keep([batch("Bern")]).num_rows == 1
    assert spill.written == 0
    assert list(folder.iterdir()) == []


def test_a_copied_file_is_read_like_its_bytes_and_nobody_can_change_it(settings, folder):
    content = bytes(range(256)) * 1000
    with Spill(settings) as spill:
        copy, sha256 = spill.copy(io.BytesIO(content))
        assert files(folder) == []
    assert isinstance(copy, MappedFile)
    assert (len(copy), copy[7], copy[-4:], copy[:300]) == (
        len(content),
        7,
        content[-4:],
        content[:300],
    )
    assert copy.source.read() == content
    assert sha256 == hashlib.sha256(content).hexdigest()


def test_an_empty_file_is_copied_too(settings):
    with Spill(settings) as spill:
        assert spill.copy(io.BytesIO())[0] == b""


def test_more_than_the_settings_allow_is_refused_with_the_setting(folder, settings):
    with Spill(settings.model_copy(update={"spill": 1000})) as spill:
        with pytest.raises(AmlError, match=r"engine\.spill allows \(1,000 bytes\)"):
            spill.keep([batch(*["Bern"] * 100)] * 9)
        assert files(folder) == []


def test_a_full_disk_is_one_sentence_and_leaves_no_file(settings, folder, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Spill(settings) as spill:
        with full_at(300), pytest.raises(AmlError, match=r"too large.*engine\.spill_folder"):
            spill.copy(io.BytesIO(b"x" * 1000))
        with full_at(300), pytest.raises(AmlError, match="too large"):
            spill.keep([batch("Bern")] * 9)
        assert files(folder) == []
        monkeypatch.setattr(spilling.tempfile, "mkstemp", full)
        with pytest.raises(AmlError, match="No space left on device"):
            spill.copy(io.BytesIO(b"x"))
        assert files(folder) == []


@contextmanager
def full_at(length):
    """No file of this process can be longer, as on a disk without room for more."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_what_its_source_raises_is_not_taken_for_a_full_disk(settings, folder):
    def broken():
        yield batch("Bern")
        yield batch("Genf")
        raise ConnectionResetError

    with Spill(settings) as spill:
        with pytest.raises(ConnectionResetError):
            spill.keep(broken())
        assert files(folder) == []


def test_memory_bounds_what_is_held_there(settings):
    small = Spill(settings.model_copy(update={"memory": 8000}))
    assert (small.fits(1000), small.fits(1001)) == (True, False)
    large = Spill(settings.model_copy(update={"memory": 2**50}))
    assert not large.fits(2**30)


def test_the_engine_keeps_to_the_settings(settings):
    with engine_within(settings.model_copy(update={"memory": 90_000_000, "threads": 2})):
        found = engine.query(
            "SELECT current_setting('memory_limit') AS memory, "
            "current_setting('threads') AS threads",
            {},
        )
    assert found.to_pylist() == [{"memory": "85.8 MiB", "threads": 2}]


@pytest.mark.parametrize(
    ("limit", "memory"), [(1_000, 375), (2_000, 750), (3_000, 1_750), (8_000, 6_000)]
)
def test_the_engine_leaves_a_good_gigabyte_or_a_quarter_to_the_rest_of_the_process(
    limit, memory, monkeypatch
):
    monkeypatch.setattr(spilling, "memory_limit", lambda: limit * 10**6)
    assert spilling.memory_of(EngineSettings()) == memory * 10**6
    assert spilling.memory_of(EngineSettings(memory=7)) == 7
