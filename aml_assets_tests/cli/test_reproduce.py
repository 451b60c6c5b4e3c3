"""``aml reproduce``, as a person types it: a line per asset, and what differs first."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets_tests.conftest import Bank, day, str_columns


@pytest.fixture
def aml(built: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    for name, text in built.variables.items():
        monkeypatch.setenv(name, text)
    # The training of the bank's own definitions, which no variable names.
    for name, text in {"ROUNDS": "3", "MAX_DEPTH": "2", "MIN_CHILD_WEIGHT": "0"}.items():
        monkeypatch.setenv(f"AML_TRAINING__{name}", text)
    return lambda *words: CliRunner().invoke(app, ["reproduce", *words])


def test_each_asset_has_a_line_and_the_last_one_says_the_same(
    built: Bank, aml: Callable[..., Result]
):
    before = built.files()
    done = aml("2024-01-05", "--to", str(built.root / "again"))
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    digest = built.catalog.predictions.manifest(day(5)).digest[:12]
    assert f"same     predictions/predictions {digest}" in lines
    assert lines[-1] == f"2024-01-05: same, {len(lines) - 1} assets built again."
    assert built.files() == before
    assert (built.root / "again/predict_res/pred_full_table2024-01-05.csv").is_file()


def test_recorded_settings_are_used_and_said(
    built: Bank, aml: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AML_TRAINING__ROUNDS", "9")
    built.unland(5)
    done = aml("2024-01-05", "--to", str(built.root / "again"))
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Settings: as recorded; the present ones are others.")
    assert "taken    tables/trx" in done.output
    assert "it is not in the landing any more" in done.output
    assert done.output.endswith(" assets built again, 2 taken from the store.\n")


def test_the_first_difference_is_exit_code_1(built: Bank, aml: Callable[..., Result]):
    # A model of a day whose training window was restated since.
    built.land("str", 3, str_columns(3, [1, 1, 1, 0, 0, 0, 0, 0]))
    built.prepare(3, 3)
    done = aml("2024-01-05", "--to", str(built.root / "again"))
    assert done.exit_code == 1, done.output
    last = done.output.splitlines()[-1]
    assert last.startswith("2024-01-05: models/model is the first that differs: its input ")
    assert "features/merged_features 2024-01-03" in last
    assert "differs  models/model" in done.output


def test_trouble_is_exit_code_2_and_one_sentence(
    built: Bank, aml: Callable[..., Result], tmp_path: Path
):
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    for words, said in (
        (["2024-01-12", "--to", "x"], "nothing of the day is stored"),
        (["2024-01-05", "--to", str(full)], "is not empty"),
        (["2024-01-05", "--to", "hdfs:/x"], "--to: "),
        (["2024-01-05"], "--to"),
        (["x", "--to", "x"], "is no day"),
    ):
        done = aml(*words)
        assert done.exit_code == 2, done.output
        assert said in done.output + done.stderr
    assert [each.name for each in full.iterdir()] == ["file"]
    assert not (built.root / "again").exists()
