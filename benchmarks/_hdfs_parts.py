"""The parts of the HDFS benchmark, each run as a process of its own.

Belongs here: what is measured, and how its content is checked. Does not belong here: the ways to
move bytes (``_hdfs.py``), ratios and tables (``hdfs_io.py``).

Every part gives medians in seconds, or numbers of bytes, under names that ``hdfs_io.py`` reads.
"""

from __future__ import annotations

import hashlib
import io
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar, cast

from _common import peak_memory, say
from _hdfs import PIECE, PROTOCOLS, BareHttp, BareRpc, JavaClient, Place, java_runs_here
from _wide_frame import COLUMN, CSV_COLUMNS, encode, wide_table

from aml_assets.io.manifest import Manifest
from aml_assets.io.store import Store

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

WIDE = "column/frame"
MANIFEST = Manifest(asset="benchmark", partition="2024-03-01")


@dataclass(frozen=True)
class Scale:
    """How much is moved, and how often.

    Attributes:
        size: bytes of the large file; the frame has a row for each KiB of it, the CSV for each
            four.
        files: small files in one folder; a fifth as many each in a folder of its own.
        rounds: how often a comparison is made.
    """

    size: int
    files: int
    rounds: int


class Clock:
    """Seconds of each thing, of all rounds but the first."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = defaultdict(list)

    def rounds(self, count: int) -> Iterator[int]:
        """One more than ``count``; what ran in the first one is forgotten."""
        for number in range(count + 1):
            say(f"  round {number} of {count}")
            yield number
            if number == 0:
                self._seconds.clear()

    @contextmanager
    def __call__(self, name: str) -> Generator[None]:
        """Time a block."""
        started = time.perf_counter()
        yield
        self._seconds[name].append(time.perf_counter() - started)

    def medians(self) -> dict[str, float]:
        """The median of each, seconds."""
        return {name: statistics.median(each) for name, each in self._seconds.items()}


class Taken:
    """Takes pieces, counts them, and hashes them where that is not timed."""

    def __init__(self, *, hashing: bool = False) -> None:
        self.length = 0
        self._hash = hashlib.sha256() if hashing else None

    def __call__(self, piece: bytes) -> None:
        self.length += len(piece)
        if self._hash:
            self._hash.update(piece)

    @property
    def sha256(self) -> str | None:
        """Hex digest of what was taken."""
        return self._hash.hexdigest() if self._hash else None


# -- the large file ------------------------------------------------------------------------


def raw(where: Place, scale: Scale) -> dict[str, float]:
    """The large file, written and read by each side of both protocols, and by Java's client."""
    pieces = [os.urandom(PIECE) for _ in range(4)]
    digest = Taken(hashing=True)
    for piece in _stream(pieces, scale.size):
        digest(piece)
    clock = Clock()
    java = _java(where, _stream(pieces, scale.size)) if java_runs_here() else None
    for number in clock.rounds(scale.rounds):
        for protocol in PROTOCOLS:
            _raw_round(clock, where, protocol, number, pieces, scale.size, digest.sha256)
        if java:
            _java_round(clock, where, java, number)
    return clock.medians()


def _raw_round(
    clock: Clock,
    where: Place,
    protocol: str,
    number: int,
    pieces: Sequence[bytes],
    size: int,
    digest: str | None,
) -> None:
    sides, rpc = where.sides(protocol), BareRpc(where)
    paths = {name: f"raw/{protocol}-{name}-{number}" for name in sides}
    for name, side in _turns(sides, number):
        with clock(f"{protocol} write {name}"):
            side.write(paths[name], _stream(pieces, size))
    one, other = map(rpc.status, paths.values())
    _check(one == other, f"length, replication or block size differ: {one}, {other}")
    for name, side in _turns(sides, number):
        taken = Taken()
        with clock(f"{protocol} read {name}"):
            side.read(paths["bare"], taken)
        _check(taken.length == size, f"{name} read a part only")
    for reader, writer in (("bare", "ours"), ("ours", "bare")):
        taken = Taken(hashing=True)
        sides[reader].read(paths[writer], taken)
        _check(taken.sha256 == digest, f"{reader} reads not what {writer} wrote")
    for path in paths.values():
        rpc.delete(path)


def _stream(pieces: Sequence[bytes], size: int) -> Iterator[bytes]:
    for number, start in enumerate(range(0, size, PIECE)):
        piece = pieces[number % len(pieces)]
        yield piece if size - start >= PIECE else piece[: size - start]


def _java(where: Place, stream: Iterator[bytes]) -> JavaClient:
    folder = Path(where.folder)
    with (folder / "large").open("wb") as file:
        file.writelines(stream)
    (folder / "empty").touch()
    rpc = BareRpc(where)
    rpc.write("raw/like", [b""])
    _, replication, _ = rpc.status("raw/like")
    return JavaClient(where, replication or 1)


def _java_round(clock: Clock, where: Place, java: JavaClient, number: int) -> None:
    copied = Path(where.folder) / "copied"
    for name, source in _turns({n: Path(where.folder) / n for n in ("large", "empty")}, number):
        with clock(f"java write {name}"):
            java.put(source, f"raw/{name}")
        with clock(f"java read {name}"):
            java.get(f"raw/{name}", copied)
        _check(_sha256(copied) == _sha256(source), "Java's client copied something else")
        copied.unlink()
        BareRpc(where).delete(f"raw/{name}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- the wide frame ------------------------------------------------------------------------


def frame(where: Place, scale: Scale) -> dict[str, float]:
    """A wide frame: encoded in memory, its bytes sent by the bare client, and written by us."""
    from aml_assets.io.formats.parquet import ParquetFormat

    table, parquet, clock = wide_table(scale.size // 1024), ParquetFormat(), Clock()
    encoded = encode(table)
    pieces = [bytes(encoded[at : at + PIECE]) for at in range(0, len(encoded), PIECE)]

    def play(protocol: str, number: int) -> None:
        bare, store, rpc = where.sides(protocol)["bare"], where.store(protocol), BareRpc(where)
        sent, written = (f"frame/{protocol}-{name}-{number}" for name in ("sent", "ours"))
        jobs: dict[str, Callable[[], object]] = {
            "encode": lambda: encode(table),
            "send": lambda: bare.write(sent, pieces),
            "ours": lambda: parquet.write(store, written, table, MANIFEST),
        }
        for name, job in _turns(jobs, number):
            with clock(f"{protocol} {name}"):
                job()
        lengths = [rpc.status(path)[0] for path in (sent, written)]
        _check(lengths[0] == len(encoded), "the encoded frame was sent in part")
        # Ours holds a manifest and checksums, some ten thousandths of the whole.
        _check(0 <= lengths[1] - lengths[0] < 0.01 * lengths[0] + 2**16, "another encoding")
        _check(parquet.read(store, written).equals(table), "another frame came back")
        rpc.delete("frame")

    for number in clock.rounds(scale.rounds):
        for protocol in PROTOCOLS:
            play(protocol, number)
    parquet.write(where.store("hdfs"), WIDE, table, MANIFEST)
    facts = {"bytes": len(encoded), "column bytes": _column_bytes(encoded)}
    return clock.medians() | facts | {"columns": table.num_columns}


def column(where: Place, scale: Scale, protocol: str) -> dict[str, float]:
    """What a reader of one column of `frame`'s table is served."""
    from aml_assets.io.formats.parquet import ParquetFormat

    store = _CountingStore(where.store(protocol))
    read = ParquetFormat().read(store, WIDE, [COLUMN])
    _check(read.num_rows == scale.size // 1024, "the column was read in part")
    return {"served": store.served}


def _column_bytes(encoded: memoryview) -> int:
    """What the column takes, compressed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(pa.BufferReader(encoded))
    index = metadata.schema.names.index(COLUMN)
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    return sum(group.column(index).total_compressed_size for group in groups)


class _CountingStore(Store):
    """Counts the bytes that its files are asked for; an adapter fetches these and no others."""

    def __init__(self, store: Store) -> None:
        vars(self).update(vars(store))
        self.served = 0

    def load(self, path: str, use: Callable[[BinaryIO], T]) -> T:
        """See `Store.load`."""

        def count(piece: bytes) -> None:
            self.served += len(piece)

        return super().load(path, lambda file: use(cast(BinaryIO, _CountingFile(file, count))))


class _CountingFile:
    def __init__(self, file: BinaryIO, count: Callable[[bytes], None]) -> None:
        self._file, self._count = file, count
        self.seek = file.seek

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._count(piece)
        return piece


# -- CSV -----------------------------------------------------------------------------------


def csv(where: Place, scale: Scale) -> dict[str, float]:
    """A frame of pandas to CSV over WebHDFS and back, by us and by the ways of 2019."""
    import pandas as pd
    import pyarrow as pa

    from aml_assets.io.formats.canonical import canonical
    from aml_assets.io.formats.csv import CsvFormat

    data = wide_table(scale.size // 4096).select(list(CSV_COLUMNS)).to_pandas()
    ours, store, clock = CsvFormat(include_index=True), where.store("webhdfs"), Clock()
    bare, rpc, local = BareHttp(where), BareRpc(where), Path(where.folder) / "frame.csv"

    def write_ours() -> None:
        ours.write(store, "csv/ours", pa.Table.from_pandas(data), MANIFEST)

    def write_directly() -> None:
        with bare.client.write(f"{where.root}/csv/writer", encoding="utf-8") as writer:
            data.to_csv(writer)

    def write_locally_first() -> None:
        data.to_csv(local)
        bare.client.upload(f"{where.root}/csv/upload", str(local))

    def read_at_once() -> pd.DataFrame:
        with bare.client.read(f"{where.root}/csv/writer") as reader:
            return pd.read_csv(io.BytesIO(reader.read()), index_col=0)

    writing = {"ours": write_ours, "writer": write_directly, "upload": write_locally_first}
    reading = {"ours": lambda: ours.read(store, "csv/ours").to_pandas(), "BytesIO": read_at_once}
    length = 0
    for number in clock.rounds(scale.rounds):
        for name, write in _turns(writing, number):
            with clock(f"write {name}"):
                write()
        length = local.stat().st_size
        lengths = {rpc.status(f"csv/{name}")[0] for name in ("writer", "upload")}
        _check(lengths == {length}, "the ways of 2019 wrote a part only")
        for name, read in _turns(reading, number):
            with clock(f"read {name}"):
                back = read()
            _check(back["amount_0"].equals(data["amount_0"]), f"{name} gives another frame back")
        written = canonical(pa.Table.from_pandas(data))
        _check(ours.read(store, "csv/ours").equals(written), "ours gives another frame back")
        rpc.delete("csv")
    return clock.medians() | {"rows": len(data), "bytes": length}


# -- small files ---------------------------------------------------------------------------


def small(where: Place, scale: Scale) -> dict[str, float]:
    """Files of 1 KiB, published by each side in turn."""
    clock, rpc = Clock(), BareRpc(where)
    layouts = {
        "one folder": (scale.files, "{}/{}"),
        "new folders": (max(1, scale.files // 5), "{}/{}/data"),
    }
    for protocol in PROTOCOLS:
        sides = where.sides(protocol)
        for layout, (count, path) in layouts.items():
            say(f"  {count} files over {protocol}, {layout}")
            for number in range(count):
                data = os.urandom(1024)
                for name, side in _turns(sides, number):
                    file = f"small/{protocol} {layout}/{path.format(name, number)}"
                    with clock(f"{protocol} {layout} {name}"):
                        side.publish(file, data)
                    taken: list[bytes] = []
                    rpc.read(file, taken.append)
                    _check(b"".join(taken) == data, f"{name} published something else")
    rpc.delete("small")
    return clock.medians()


# -- memory --------------------------------------------------------------------------------


def peak(where: Place, scale: Scale, protocol: str, verb: str, size: str) -> dict[str, float]:
    """The largest resident size of this process, MB, after writing or reading a file.

    The pieces are made as they are written, and dropped as they are read.
    """
    ours, path, length = where.sides(protocol)["ours"], f"peak/{protocol}-{size}", int(size)
    if verb == "write":
        ours.write(path, (os.urandom(min(PIECE, length - at)) for at in range(0, length, PIECE)))
        _check(BareRpc(where).status(path)[0] == length, "a part was written")
    else:
        taken = Taken()
        ours.read(path, taken)
        _check(taken.length == length, "a part was read")
    return {"peak": peak_memory()}


def remove(where: Place, scale: Scale) -> dict[str, float]:
    """Delete all that the run wrote in the cluster."""
    BareRpc(where).delete()
    return {}


def _turns(sides: dict[str, T], number: int) -> list[tuple[str, T]]:
    """Who comes first changes from round to round."""
    return list(sides.items())[:: -1 if number % 2 else 1]


def _check(holds: bool, what: str) -> None:
    """End the run rather than give figures of something that went wrong."""
    if not holds:
        raise RuntimeError(f"nothing was measured: {what}")


PARTS: dict[str, Callable[..., dict[str, float]]] = {
    part.__name__: part for part in (raw, frame, column, csv, small, peak, remove)
}
