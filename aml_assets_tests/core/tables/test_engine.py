"""The SQL engine sees only its views, quotes no value, and is shut in."""

import itertools
from contextlib import nullcontext

import pyarrow as pa
import pytest

from aml_assets.core.tables import engine
from aml_assets.errors import AmlError

CANARY = "Kanarienvogel"


def test_a_query_sees_only_the_views_it_was_given():
    table = pa.table({"x": [2, 1]})  # noqa: F841 - DuckDB would find it by its name
    views = {'a "view"': pa.table({"x": [3]})}
    assert engine.query('SELECT x FROM "a ""view"""', views).to_pylist() == [{"x": 3}]
    with pytest.raises(AmlError, match="CatalogException"):
        engine.query('SELECT x FROM "table"', {})


def test_the_queries_of_a_block_share_an_engine_and_no_view():
    opened: list[str] = []

    def folder() -> nullcontext[str]:
        opened.append("")
        return nullcontext("")

    with engine.spilling_into(folder):
        for x in (3, 4):
            views = {f"v{x}": pa.table({"x": [x]})}
            assert engine.query(f"SELECT x FROM v{x}", views).to_pylist() == [{"x": x}]
        with pytest.raises(AmlError, match="CatalogException"):
            engine.query("SELECT x FROM v3", {})
    assert len(opened) == 1


def test_the_engines_text_which_quotes_cells_never_comes_through():
    views = {"v": pa.table({"x": [CANARY]})}
    with pytest.raises(AmlError, match="refused a query over v") as caught:
        engine.query("SELECT CAST(x AS INTEGER) FROM v", views)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def read_in_batches(sql, views):
    return pa.Table.from_batches(list(engine.batches(sql, views, 1000)))


@pytest.mark.parametrize("run", [engine.query, read_in_batches])
def test_a_stream_is_read_as_it_comes_and_what_it_raises_comes_through_as_it_is(run):
    schema = pa.schema([("x", pa.int64())])

    def batches(fails):
        yield pa.RecordBatch.from_pydict({"x": list(range(3000))}, schema=schema)
        if fails:
            raise ConnectionResetError(CANARY)
        yield pa.RecordBatch.from_pydict({"x": [7]}, schema=schema)

    sql = "SELECT x FROM v ORDER BY x"
    views = {"v": engine.Stream(schema, batches(fails=False))}
    assert run(sql, views)["x"].to_pylist() == sorted([*range(3000), 7])
    with pytest.raises(ConnectionResetError):
        run(sql, {"v": engine.Stream(schema, batches(fails=True))})
    assert run(sql, {"v": engine.Stream(schema, [])}).num_rows == 0


@pytest.mark.parametrize("run", [engine.query, read_in_batches])
def test_too_little_memory_is_a_sentence_with_rows_and_setting_and_quotes_nothing(run, tmp_path):
    table = pa.table({"x": [f"{CANARY}{number}" for number in range(300_000)]})
    half_read = engine.Stream(table.schema, itertools.cycle(table.to_batches()))
    sql = "SELECT x, COUNT(*) OVER (PARTITION BY x) AS n FROM v ORDER BY x"
    for view, named in ((table, r"v \(300,000 rows\)"), (half_read, "query over v")):
        with (
            engine.spilling_into(lambda: nullcontext(str(tmp_path)), memory=2_000_000, spill=9**6),
            pytest.raises(AmlError, match=rf"{named}.*engine\.memory") as caught,
        ):
            run(sql, {"v": view})
        assert CANARY not in str(caught.value)
        assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "attempt",
    [
        "COPY v TO '{file}'",
        "EXPORT DATABASE '{file}'",
        "ATTACH '{file}' AS other",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM glob('/etc/*')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    ],
)
def test_the_engine_reaches_no_file_network_or_extension_and_keeps_its_configuration(
    tmp_path, attempt
):
    views = {"v": pa.table({"x": [CANARY]})}
    with engine.spilling_into(lambda: nullcontext("")):
        for _ in range(2):  # what one query has tried, the next cannot either
            with pytest.raises(AmlError, match=r"\((Permission|InvalidInput)Exception\)"):
                engine.query(attempt.format(file=tmp_path / "out.csv"), views)
    assert list(tmp_path.iterdir()) == []


def test_a_query_spills_into_the_folder_that_it_is_given_and_else_nowhere(tmp_path):
    setting = "SELECT current_setting('temp_directory') AS folder"
    with engine.spilling_into(lambda: nullcontext(str(tmp_path))):
        assert engine.query(setting, {})["folder"].to_pylist() == [str(tmp_path)]
    assert engine.query(setting, {})["folder"].to_pylist() == [""]
