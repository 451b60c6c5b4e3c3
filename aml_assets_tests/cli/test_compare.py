"""`aml compare`, as scripts and people use it."""

import json
import stat

import pytest
from typer.testing import CliRunner

from aml_assets.cli.app import app
from aml_assets_tests.conftest import Bank, day

FIVE = str(day(5))


@pytest.fixture
def compare(built: Bank, monkeypatch, tmp_path):
    """Run it for the built bank."""
    monkeypatch.setenv("AML_STORE__URL", str(built.store))
    monkeypatch.chdir(tmp_path)

    def run(*words: str):
        return CliRunner().invoke(app, ["compare", *words])

    return run


def csv_of(bank: Bank):
    return bank.store / f"predict_res/pred_full_table{FIVE}.csv"


def test_a_day_is_the_same_as_itself_in_another_place(compare, built, tmp_path):
    copy = built.copy_to(tmp_path / "other")
    done = compare(FIVE, "--other", str(copy.store))
    assert done.exit_code == 0, done.output
    assert "rows       8 | 8; in both 8" in done.output
    assert compare(str(csv_of(built)), str(csv_of(copy))).exit_code == 0


def test_a_replaced_csv_is_compared_by_its_digest_with_keys_for_one_reader(
    compare, built, tmp_path
):
    old = built.catalog.predictions.manifest(day(5)).digest
    built.options["training"] = {"rounds": 9, "max_depth": 3}
    built.good("daily", 5, only=("models", "predictions"))
    done = compare(f"{FIVE}@{old[:12]}", FIVE, "--keys", "keys.csv", "--json")
    assert done.exit_code == 1, done.output
    found = json.loads(done.output)
    differing = found["predictions"]["scores"]["differing"]
    assert differing > 0
    assert not found["same"]
    keys = tmp_path / "keys.csv"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert "pred_score" in keys.read_text()
    again = compare(f"{FIVE}@{old[:12]}", FIVE, "--keys", "keys.csv")
    assert (again.exit_code, "exists already" in again.output) == (2, True)


def test_nothing_printed_holds_a_customers_value(compare, built, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(csv_of(built).read_text().replace("rule 1", "rule 9"))
    done = compare(FIVE, str(other))
    assert done.exit_code == 1
    assert "column     reason differs in 4 rows" in done.output
    assert "rule" not in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([FIVE], "with what?"),
        ([FIVE, str(day(6))], "it has not been materialized yet"),
        ([FIVE, "no.csv"], "nothing is stored there"),
        ([FIVE, f"{FIVE}@abcdef"], "0 CSVs have a digest that begins with abcdef"),
        ([FIVE, "predict"], "nothing is stored there"),
        (["csv.csv", "--other", "x"], "is no day, and another store has days"),
        (["csv.csv", "meta.json"], "one side holds predictions, the other metrics"),
        ([FIVE, "empty.csv"], "is empty, or no CSV"),
        ([FIVE, "csv.csv", "--key", "party"], "column party: the left file has no such column"),
    ],
)
def test_trouble_is_one_sentence_and_exit_code_2(compare, built, tmp_path, words, sentence):
    (tmp_path / "meta.json").write_text('{"auc": 0.5}')
    (tmp_path / "empty.csv").touch()
    (tmp_path / "csv.csv").write_bytes(csv_of(built).read_bytes())
    done = compare(*words)
    assert done.exit_code == 2, done.output
    assert sentence in done.output.replace("\n", " ")
    assert "Traceback" not in done.output
