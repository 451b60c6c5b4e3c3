"""An input to compare is a day, a replaced version of a day, or a file; it is verified and read."""

from pathlib import Path

import pytest

from aml_assets.errors import AmlError, CorruptFile, InputError
from aml_assets.steps.comparing import ComparedInput, read_input, refuse_unlike
from aml_assets_tests.conftest import Bank, day

FIVE = str(day(5))


def csv_of(bank: Bank) -> Path:
    return bank.store / f"predict_res/pred_full_table{FIVE}.csv"


def test_a_day_is_its_predictions_and_its_metrics(built: Bank):
    found = read_input(built.catalog, FIVE)
    assert found.name == str(csv_of(built))
    assert found.predictions is not None
    assert found.predictions.num_rows == 8
    assert found.metrics is not None
    assert found.metrics["model_id"] == f"aml_xgboost_{FIVE}"
    assert "_manifest" not in found.metrics


def test_a_day_of_another_store_is_read_by_our_templates(built: Bank, tmp_path: Path):
    other = built.copy_to(tmp_path / "other")
    found = read_input(built.catalog, FIVE, store=str(other.store))
    assert found.name.startswith(str(other.store))
    assert found.predictions == read_input(built.catalog, FIVE).predictions


def test_a_version_is_found_by_the_beginning_of_its_digest(built: Bank):
    digest = built.catalog.predictions.manifest(day(5)).digest
    found = read_input(built.catalog, f"{FIVE}@{digest[:8]}")
    assert found.name == str(csv_of(built))
    assert found.metrics is None


def test_an_altered_day_is_not_compared(built: Bank):
    csv = csv_of(built)
    csv.write_text(csv.read_text().replace("rule 1", "rule 9"))
    with pytest.raises(CorruptFile):
        read_input(built.catalog, FIVE)


def test_an_altered_version_is_not_compared_either(built: Bank):
    csv, digest = csv_of(built), built.catalog.predictions.manifest(day(5)).digest
    kept = csv.parent / f".versions/{csv.stem}.{digest}.csv"
    kept.parent.mkdir()
    kept.write_text(csv.read_text().replace("rule 1", "rule 9"))
    with pytest.raises(CorruptFile, match=r"\.versions"):
        read_input(built.catalog, f"{FIVE}@{digest[:8]}")


def test_a_file_is_metrics_if_it_is_an_object_and_predictions_otherwise(
    built: Bank, tmp_path: Path
):
    (tmp_path / "meta.json").write_text(' {"auc": 0.5, "_manifest": {}}')
    assert read_input(built.catalog, str(tmp_path / "meta.json")).metrics == {"auc": 0.5}
    predictions = read_input(built.catalog, str(csv_of(built))).predictions
    assert predictions is not None
    assert predictions.num_rows == 8


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("folder/", "is neither a day nor a file"), ("2024-02-30/", "is neither a day nor a file")],
)
def test_a_text_that_means_nothing_is_refused(built: Bank, text: str, sentence: str):
    with pytest.raises(AmlError, match=sentence):
        read_input(built.catalog, text)


def test_a_file_that_is_no_json_is_refused_without_its_content(built: Bank, tmp_path: Path):
    (tmp_path / "meta.json").write_text('{"customer": geheim')
    with pytest.raises(InputError, match=r"meta\.json is no JSON object") as raised:
        read_input(built.catalog, str(tmp_path / "meta.json"))
    assert "geheim" not in str(raised.value)


def test_inputs_of_different_kinds_are_refused(built: Bank):
    whole = read_input(built.catalog, FIVE)
    predictions = ComparedInput("a", predictions=whole.predictions)
    metrics = ComparedInput("b", metrics=whole.metrics)
    refuse_unlike(whole, predictions)
    refuse_unlike(whole, metrics)
    with pytest.raises(AmlError, match="one side holds predictions, the other metrics"):
        refuse_unlike(predictions, metrics)
