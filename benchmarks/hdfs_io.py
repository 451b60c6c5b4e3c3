"""Bytes on HDFS: ours against the bare clients, on one real cluster, in one run.

Shows what the store's promises (hashing, publishing by rename, deadlines) cost beside a client
that promises nothing. Each comparison is a process of its own; in it the sides take turns, in
changing order, a first round is not counted, and medians are compared. Both sides send the same
bytes with the same replication and block size. What was written is checked outside of the
measured time: read back by the other side and hashed, or compared. All of it is deleted.

- raw: `Store.publish` and `Store.load` against hdfs-native and `hdfs`, all in pieces of 8 MiB;
  beside them the Java client's copy of a local file, and of an empty one: its JVM's start.
- frame: writing a wide frame, against the longer of encoding it in memory and of sending its
  encoded bytes by the bare client.
- column: the bytes that a reader of one column is served, against those of the column.
- csv: a CSV over WebHDFS, from and to a pandas frame, against the ways of 2019.
- small: publishing 1 KiB, against a bare create, write, close and rename; all in one folder,
  whose listing grows, or each in a new one.
- memory: the peak of a process that writes or reads a large file, against a quarter of it.

Run it alone: ``.venv/bin/python benchmarks/hdfs_io.py [--small]``. It starts a cluster under the
temporary folder (``TMPDIR``), which takes ten times the size; ``AML_TEST_HDFS`` and
``AML_TEST_WEBHDFS`` name another cluster, which takes our word for who we are.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _common import machine, print_figures, print_table, run_child, say
from _hdfs import PROTOCOLS, Place, place
from _hdfs_parts import PARTS, Scale

if TYPE_CHECKING:
    from aml_assets_tests.hadoop.cluster import Cluster

FULL = Scale(2**30, 1000, 5)
SMALL = Scale(2**26, 50, 3)


def main() -> None:
    """Parse the command line; a child does one part, the parent all of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="64 MiB and 50 files")
    parser.add_argument("--size", type=int, metavar="MIB", help="of the large file")
    parser.add_argument("--files", type=int, help="how many small files")
    parser.add_argument("--rounds", type=int, help="how often each comparison is made")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--case", nargs="*", default=[], help=argparse.SUPPRESS)
    given = parser.parse_args()
    base = SMALL if given.small else FULL
    scale = Scale(
        given.size * 2**20 if given.size else base.size,
        given.files or base.files,
        given.rounds or base.rounds,
    )
    if given.part:
        print_figures(PARTS[given.part](Place(**given.place), scale, *given.case))
        return
    with (
        tempfile.TemporaryDirectory(prefix="aml-hdfs-io-") as folder,
        place(Path(folder)) as (where, cluster),
    ):
        measure(where, scale, cluster)


def measure(where: Place, scale: Scale, cluster: Cluster | None) -> None:
    """Run all parts and print what came out."""

    def part(name: str, *case: str) -> dict[str, Any]:
        say(f"{' '.join((name, *case))} ...")
        numbers = {"--size": scale.size >> 20, "--files": scale.files, "--rounds": scale.rounds}
        options = [text for option, n in numbers.items() for text in (option, str(n))]
        at = ["--place", json.dumps(asdict(where))]
        return run_child(__file__, "--part", name, *at, *options, "--case", *case)

    quarter, whole = str(scale.size // 4), str(scale.size)
    try:
        figures = report_raw(scale, part("raw"))
        frame = part("frame")
        figures |= report_frame(frame)
        figures |= report_csv(part("csv"))
        before = cluster.bytes_read() if cluster else 0
        served = {"our reader, hdfs": part("column", "hdfs")["served"]}
        if cluster:
            # Whoever breaks a stream off is not counted there, so this is not known of WebHDFS.
            served["by the DataNodes, hdfs"] = cluster.bytes_read() - before
        served["our reader, webhdfs"] = part("column", "webhdfs")["served"]
        figures |= report_column(frame["column bytes"], served)
        figures |= report_small(scale, part("small"))
        peaks = {
            f"{protocol} {verb}": [
                part("peak", protocol, verb, n)["peak"] for n in (quarter, whole)
            ]
            for protocol in PROTOCOLS
            for verb in ("write", "read")
        }
        figures |= report_memory(peaks)
    finally:
        part("remove")
    print_figures({name: round(value, 3) for name, value in figures.items()})


# -- what is shown -------------------------------------------------------------------------


def report_raw(scale: Scale, seconds: dict[str, float]) -> dict[str, float]:
    """The large file: how fast we are beside the bare clients, 1 as fast as they."""
    megabytes, ratios, rows = scale.size / 1e6, {}, []
    for protocol in PROTOCOLS:
        for verb in ("write", "read"):
            bare, ours = (seconds[f"{protocol} {verb} {side}"] for side in ("bare", "ours"))
            ratios[f"{protocol}_{verb}"] = bare / ours
            speeds = [f"{megabytes / each:,.0f}" for each in (bare, ours)]
            times = [f"{bare:.2f}", f"{ours:.2f}", *speeds, f"{bare / ours:.2f}"]
            rows.append([f"{protocol}, {verb}", *times])
    print_table(
        f"{scale.size >> 20:,} MiB in pieces of 8 MiB, medians of {scale.rounds} ({machine()})",
        ["", "bare, s", "ours, s", "bare, MB/s", "ours, MB/s", "bare / ours"],
        rows,
    )
    if "java write large" in seconds:
        rows = []
        for verb in ("write", "read"):
            large, empty = (seconds[f"java {verb} {file}"] for file in ("large", "empty"))
            rows.append([verb, f"{large:.2f}", f"{empty:.2f}"])
            # On small files noise may be all there is.
            rows[-1].append(f"{megabytes / (large - empty):,.0f}" if large > empty else "")
        print_table(
            "The same by Java's client, from and to a local file",
            ["", "large file, s", "empty file, s", "without that, MB/s"],
            rows,
        )
    return ratios


def report_frame(found: dict[str, float]) -> dict[str, float]:
    """The wide frame: ours over the longer of encoding and sending."""
    ratios, rows = {}, []
    for protocol in PROTOCOLS:
        encode, send, ours = (found[f"{protocol} {name}"] for name in ("encode", "send", "ours"))
        ratios[protocol] = ours / max(encode, send)
        times = [f"{each:.2f}" for each in (encode, send, ours, ratios[protocol])]
        rows.append([f"over {protocol}", *times])
    print_table(
        f"A frame of {found['columns']} columns, {found['bytes'] / 1e6:,.0f} MB of Parquet",
        ["", "encode in memory, s", "send, s", "ours, s", "ours / the longer"],
        rows,
    )
    return {"parquet_write": ratios["hdfs"]}


def report_csv(found: dict[str, float]) -> dict[str, float]:
    """The CSV: how much faster than the writer of 2019."""

    def row(what: str, name: str, ours: float) -> list[str]:
        return [what, f"{found[name]:.2f}", f"{ours:.2f}", f"{found[name] / ours:.1f}"]

    write, read = found["write ours"], found["read ours"]
    print_table(
        f"A CSV of {found['bytes'] / 1e6:,.0f} MB, {found['rows']:,} rows, over webhdfs",
        ["", "2019, s", "ours, s", "2019 / ours"],
        [
            row("to_csv(writer)", "write writer", write),
            row("to_csv(local file), upload", "write upload", write),
            row("read_csv(BytesIO(all of it))", "read BytesIO", read),
        ],
    )
    return {"csv_vs_2019": found["write writer"] / write}


def report_column(own: float, served: dict[str, float]) -> dict[str, float]:
    """One column of the frame: the most that was served, over its own bytes."""
    print_table(
        f"One column of it, {own / 1e3:,.0f} kB of Parquet",
        ["served", "kB", "of its own"],
        [[to, f"{count / 1e3:,.0f}", f"{count / own:.2f}"] for to, count in served.items()],
    )
    return {"column_read_bytes": max(served.values()) / own}


def report_small(scale: Scale, seconds: dict[str, float]) -> dict[str, float]:
    """Small files: the worst of ours over bare."""
    ratios, rows = [], []
    for protocol in PROTOCOLS:
        for layout in ("one folder", "new folders"):
            bare, ours = (seconds[f"{protocol} {layout} {side}"] for side in ("bare", "ours"))
            ratios.append(ours / bare)
            times = [f"{bare * 1e3:.1f}", f"{ours * 1e3:.1f}", f"{ours / bare:.2f}"]
            rows.append([f"{protocol}, {layout}", *times])
    print_table(
        f"A file of 1 KiB, medians of {scale.files:,} in one folder, or a fifth in new ones",
        ["", "create and rename, ms", "ours, ms", "ours / bare"],
        rows,
    )
    return {"small_file": max(ratios)}


def report_memory(peaks: dict[str, list[float]]) -> dict[str, float]:
    """Peak memory: the worst growth with four times the file."""
    growth = {name: whole / quarter for name, (quarter, whole) in peaks.items()}
    print_table(
        "Peak memory of a process that moves a file in pieces",
        ["", "a quarter, MB", "the large file, MB", "growth"],
        [
            [name, *(f"{each:,.0f}" for each in megabytes), f"{growth[name]:.2f}"]
            for name, megabytes in peaks.items()
        ],
    )
    return {"peak_memory_growth": max(growth.values())}


if __name__ == "__main__":
    main()
