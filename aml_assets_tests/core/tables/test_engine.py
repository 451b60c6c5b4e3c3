"""The SQL engine sees only its views, quotes no value, and leaves nothing behind."""

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


def test_the_engines_text_which_quotes_cells_never_comes_through():
    views = {"v": pa.table({"x": [CANARY]})}
    with pytest.raises(AmlError, match="refused a query over v") as caught:
        engine.query("SELECT CAST(x AS INTEGER) FROM v", views)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_the_engine_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    engine.query("SELECT 1 AS x", {})
    assert list(tmp_path.iterdir()) == []
