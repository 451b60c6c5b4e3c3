"""The process that decodes an ORC file may die, wait for ever or want too much; ours goes on."""

import os
import sys

import pyarrow as pa
import pytest

from aml_assets.io import orc_child, orc_process
from aml_assets.io.orc_process import ENDED, Refused, opened
from aml_assets_tests.io.orc_files import written

CONTENT = written(pa.table({"x": range(5000), "t": ["a", None] * 2500}))


def answered(content=CONTENT, columns=(0, 1), seconds=30.0):
    """The rows that came, and why no more did."""
    rows = 0
    try:
        with opened(content, footer=1_000_000, seconds=seconds) as process:
            for batch in process.batches(columns):
                rows += batch.num_rows
    except Refused as error:
        return rows, error.reason
    return rows, None


def test_batches_come_of_the_columns_that_were_asked_for_with_texts_as_bytes():
    with opened(CONTENT, footer=1_000_000, seconds=30.0) as process:
        assert [column.name for column in process.facts.columns] == ["x", "t"]
        assert process.facts.rows == 5000
        table = pa.Table.from_batches(process.batches([1]))
    assert table.schema.types == [pa.binary()]
    assert table.column(0).to_pylist() == [b"a", None] * 2500


@pytest.mark.parametrize(
    "end",
    [
        "os.abort()",
        "os.kill(os.getpid(), 9)",
        "sys.exit(0)",
        "print('no line of ours', flush=True)",
        "print('{\"columns\": 1}', flush=True)",
        'print(\'{"columns": [], "rows": 0, "encrypted": 0, "julian": 0}\', flush=True)',
    ],
)
def test_a_process_that_dies_or_says_something_else_is_known_to_have_ended(end, monkeypatch):
    monkeypatch.setattr(orc_process, "_PROGRAM", f"import os, sys\n{end}")
    assert answered() == (0, ENDED)


def test_a_stream_that_ends_before_its_end_is_not_taken(monkeypatch):
    program = orc_process._PROGRAM.replace(
        "main()\n",
        "from aml_assets.io import orc_child\n"
        "line, said = orc_child._line, []\n"
        "orc_child._line = lambda *of: said.append(line(*of)) if not said else None\n"
        "main()\n",
    )
    assert program != orc_process._PROGRAM
    monkeypatch.setattr(orc_process, "_PROGRAM", program)
    assert answered() == (5000, ENDED)


def test_a_process_ends_with_its_time_and_with_the_block(monkeypatch):
    monkeypatch.setattr(
        orc_process,
        "_PROGRAM",
        "import json, sys; from aml_assets.io.orc_child import _bound\n"
        "job = json.loads(sys.argv[1]); _bound(job['memory'], job['seconds'])\nwhile True: pass",
    )
    assert answered(seconds=1.0) == (0, ENDED)
    monkeypatch.undo()
    with opened(CONTENT, footer=1_000_000, seconds=30.0) as process:
        number = process._process.pid
    assert not os.path.exists(f"/proc/{number}")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")
def test_more_memory_than_is_given_is_refused(monkeypatch):
    texts = written(pa.table({"t": [b"x" * 30_000_000] * 16}), compression="zstd")
    assert len(texts) < 1_000_000
    assert answered(texts, [0]) == (16, None)
    monkeypatch.setattr(orc_process, "MEMORY", 400_000_000)
    rows, reason = answered(texts, [0])
    assert rows == 0
    assert reason in (ENDED, orc_child.MEMORY)


def test_a_process_that_waits_for_ever_is_ended(monkeypatch):
    monkeypatch.setattr(orc_process, "_GRACE", 0.5)
    monkeypatch.setattr(orc_process, "_PROGRAM", "import time; time.sleep(1e6)")
    with pytest.raises(Refused, match=ENDED), opened(CONTENT, footer=1_000_000, seconds=0.5):
        pass


def test_a_limit_of_the_surroundings_that_is_lower_is_left_as_it_is(monkeypatch):
    lower = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
    monkeypatch.setattr(orc_process, "_PROGRAM", lower + orc_process._PROGRAM)
    assert answered() == (5000, None)


def test_no_variable_of_ours_is_known_there(monkeypatch, tmp_path):
    shown = tmp_path / "environment"
    monkeypatch.setenv("AML_SECRET", "key")
    monkeypatch.setattr(
        orc_process, "_PROGRAM", f"import os; open({str(shown)!r}, 'w').write(str(os.environ))"
    )
    answered()
    assert "AML_SECRET" not in shown.read_text()
