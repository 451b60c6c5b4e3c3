"""Model lines beside the reports': all customers, or accounts, scored by the same steps."""

import datetime as dt
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.graph import FEATURES, NETWORK, QUEUE, Line
from aml_assets.io.manifest import Manifest
from aml_assets.steps.deciding import take_dispositions
from aml_assets.steps.inputs.labelling import select_rows
from aml_assets.steps.inputs.training_data import TrainingData, training_data
from aml_assets.steps.inputs.window_frames import read_window, windows_of
from aml_assets_tests import pages
from aml_assets_tests.conftest import Bank, day, str_columns

pytestmark = pytest.mark.long  # whole graphs

CUSTOMERS, ACCOUNTS = Line("customer"), Line("payer_account")
LINES = {
    "customer": {"horizon_days": 1, "windows": [2], "train_every": 1},
    "payer_account": {
        "unit": "account",
        "horizon_days": 1,
        "windows": [2],
        "train_every": 1,
        "training": {"rounds": 2},
    },
}
DAY = 7
"""Its models learn from days 1 to 3, whose horizon is over by 4, and are measured on day 6; days 4
and 5 lie between, one for `delay_days` and one for the horizon."""

OPTIONS: dict[str, Any] = {
    "lines": LINES,
    "windows": {"train_days": 3, "delay_days": 1, "eval_days": 1},
}


@pytest.fixture(scope="module")
def scored(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = landed_bank.copy_to(tmp_path_factory.mktemp("lines"), **OPTIONS)
    bank.prepare(1, DAY)
    bank.good("daily", DAY)
    return bank


def test_every_customer_who_moved_money_is_scored_reported_or_not(scored: Bank):
    table = scored.catalog.of(CUSTOMERS.scores).load(day(DAY))
    assert table.column_names == ["customer", "pred_score", "rank", "model_id"]
    assert sorted(table.column("customer").to_pylist()) == list(range(1, 9))
    assert table.column("rank").to_pylist() == list(range(1, 9))
    assert set(table.column("model_id").to_pylist()) == {f"aml_xgboost_customer_{day(DAY)}"}


def test_another_line_is_configuration_only(scored: Bank):
    table = scored.catalog.of(ACCOUNTS.scores).load(day(DAY))
    assert table.column_names == ["account", "pred_score", "rank", "model_id"]
    assert sorted(table.column("account").to_pylist()) == list(range(50, 60))


def test_a_line_reads_exactly_the_days_that_its_windows_and_horizons_mean(scored: Bank):
    catalog = scored.catalog

    def read(asset: str) -> dict[str, list[str]]:
        found = catalog.of(asset).manifest(day(DAY)).inputs
        return {name: sorted(days) for name, days in found.items()}

    def days(*numbers: int) -> list[str]:
        return [str(day(number)) for number in numbers]

    line, name = CUSTOMERS, catalog.of_line(CUSTOMERS).model_id(day(DAY))
    assert read(line.partial) == dict.fromkeys(["tables/trx", FEATURES, NETWORK], days(DAY))
    assert read(line.features) == {line.partial: days(6, 7)}
    # Beside the days after the rows, those in which their reports may be repeated, decided.
    assert read(line.model) == {line.features: days(1, 2, 3), FEATURES: days(1, 2, 3, 4, 5)}
    assert read(line.metrics) == {
        line.model: [name],
        line.features: days(1, 2, 3, 6),
        FEATURES: days(6, 7),
    }
    assert read(line.scores) == {line.features: days(DAY), line.model: [name]}
    assert read(line.page) == {
        line.model: [name],
        line.metrics: days(*range(1, DAY + 1)),
        line.features: days(1, 2, 3, 6, DAY),
        FEATURES: days(6, 7),
    }


def test_a_line_is_measured_by_the_reports_after_its_evaluation_days(scored: Bank):
    figures = scored.catalog.of(CUSTOMERS.metrics).load(day(DAY))
    # Reports of day 7 confirm the customers of two transactions; of another they are undecided.
    assert (figures["rows"], figures["positives"], figures["decided"]) == (8, 4, 6)
    assert figures["windows"]["eval_start"] == str(day(6))
    assert figures["ripens_on"] is None
    assert figures["by_budget"]["budget"] == 1
    units = figures["by_budget"]["units"]
    assert (units["customer"]["units"], units["account"]) == (8, None)


def page(bank: Bank, line: Line, number: int = DAY) -> pages.Element:
    return pages.read(bank.catalog.of(line.page).load(day(number)))


def test_each_line_has_a_page_of_its_models_that_speaks_of_whom_it_scores(scored: Bank):
    customers, accounts = page(scored, CUSTOMERS), page(scored, ACCOUNTS)
    assert customers.one("h1").say().startswith("Customers’ model")
    assert accounts.one("h1").say().startswith("Accounts’ model")
    assert "8 customer-days, 6 decided, 4 positive" in customers.one("dl").say()
    assert "features/customer_features" in customers.one("table", id="built").say()
    assert "features/payer_account_features" in accounts.one("table", id="built").say()
    assert "lines.payer_account.budget" in accounts.say()
    names = [row.attributes.get("title", "") for row in customers.one(id="features").all("th")]
    assert "unit.paid_2" in names
    assert "payments made, 2 days" in customers.one("table", id="features").say()


def test_the_page_of_a_line_leads_to_its_scores_of_the_day_and_loads_nothing(scored: Bank):
    for line in (CUSTOMERS, ACCOUNTS):
        tree, stored = page(scored, line), scored.catalog.of(line.page)
        assert pages.foreign(tree) == []
        (link,) = tree.all("a")
        file = (scored.store / stored.path(day(DAY))).parent / link.attributes["href"]
        assert file.resolve() == (
            scored.store / scored.catalog.of(line.scores).path(day(DAY))
        ).resolve()  # fmt: skip
        assert file.is_file()


def test_an_ad_hoc_run_has_a_page_of_a_line_of_its_own_with_its_own_scores(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "adhoc")
    before = bank.files()
    only = (CUSTOMERS.model, CUSTOMERS.metrics, CUSTOMERS.scores, CUSTOMERS.page)
    bank.good("daily", DAY, only=only, config={"training": {"rounds": 1}})
    (added,) = (path for path in bank.files() if path not in before and "report/" in path)
    (link,) = pages.read((bank.store / added).read_text()).all("a")
    assert "_adhoc_" in added
    assert "_adhoc_" in link.attributes["href"]
    assert ((bank.store / added).parent / link.attributes["href"]).resolve().is_file()


def test_metrics_that_are_no_longer_of_the_frames_or_reports_of_a_line_are_refused(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "other_labels")
    bank.land("str", DAY, str_columns(DAY, labels=[1, 0, 1, 1, None, 0, 1, 0]))
    bank.good("daily", DAY, only=("tables/str", FEATURES))
    run = bank.bad("daily", DAY, only=(CUSTOMERS.page,))
    assert "they are of another model, or of other features" in run.sentence
    command = f"aml backfill --from {day(DAY)} --to {day(DAY)} --select {CUSTOMERS.metrics}"
    assert command in run.sentence
    bank.good("daily", DAY, only=(CUSTOMERS.metrics, CUSTOMERS.page))


def test_metrics_without_a_horizon_that_is_over_say_so_and_ripen(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "longer")
    bank.options["lines"] = {"customer": {**LINES["customer"], "horizon_days": 2}}
    bank.prepare(8, 9)
    bank.good("daily", 8, only=(CUSTOMERS.model, CUSTOMERS.metrics))
    stored = bank.catalog.of(CUSTOMERS.metrics)
    assert stored.load(day(8))["decided"] == 8 - 2, "day 7 is ripe on day 9"
    shutil.rmtree(bank.store / FEATURES / str(day(9)))
    bank.good("daily", 8, only=(CUSTOMERS.metrics, CUSTOMERS.page))
    ripens = page(bank, CUSTOMERS, 8).one("p", id="unripe").say()
    assert f"ripens on {day(9)}" in ripens
    figures = stored.load(day(8))
    assert (figures["decided"], figures["ripens_on"]) == (0, str(day(9)))
    assert figures["average_precision"] is None


def test_a_report_that_is_repeated_with_its_decision_counts_on_the_day_on_which_it_came_first(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "repeated", labels={"maturity_days": 2})
    own, undecided = str_columns(3), [None] * 8
    bank.land("str", 2, str_columns(2, undecided))
    bank.land("str", 3, str_columns(3, undecided))
    # Day 4 repeats all reports of day 3 and has none of its own.
    bank.land("str", 4, own | {"label": [1, 0, 0, 0, 0, 0, 0, 0]})
    bank.prepare(2, DAY)
    found = labels_of(bank, 2, known_by=5)
    assert found == {1: 1, 4: 1} | dict.fromkeys((2, 3, 5, 6, 7, 8), 0), "reported on day 3"
    found = labels_of(bank, 3, known_by=6)
    assert set(found.values()) == {0}, "day 4 only repeats what day 3 knew"


def labels_of(bank: Bank, number: int, known_by: int) -> dict[int, float]:
    catalog = bank.catalog.of_line(CUSTOMERS)
    window = read_window(catalog, catalog.upstream(CUSTOMERS.features), [day(number)])
    reports = catalog.upstream(FEATURES)
    (selected,) = select_rows(catalog, window, reports, known_by=day(known_by))
    ids = bank.frame(CUSTOMERS.features, number).column("customer").to_pylist()
    return dict(zip(ids, selected.labels.tolist(), strict=True))


def decide(bank: Bank, of: int, at: int, **said: str) -> None:
    """On a day, investigators decide on customers who were listed on another day, as ``c4``."""
    listed = pa.table({"customer": range(1, 9)})
    bank.catalog.queues.publish(day(of), listed, Manifest(QUEUE, str(day(of))))
    lines = [f"{day(of)},{name.removeprefix('c')},{what},R1" for name, what in said.items()]
    data = "\n".join(["day,customer,disposition,reason", *lines]).encode()
    noon = dt.datetime.combine(day(at), dt.time(12), dt.UTC)
    take_dispositions(bank.catalog, data, by="Ada", at=noon)


def test_a_decision_on_a_customer_labels_his_row_of_that_day_from_the_day_after(
    scored: Bank, tmp_path
):
    bank = scored.copy_to(tmp_path / "decided")
    before = {number: labels_of(bank, number, known_by=5) for number in (1, 2, 3)}
    assert {one for one, label in before[2].items() if label == 1} == {1, 2, 5, 6}
    said = {"c2": "not_suspicious", "c3": "not_suspicious", "c4": "suspicious", "c7": "needs_more"}
    decide(bank, 2, at=4, **said)
    np.testing.assert_equal(labels_of(bank, 2, known_by=4), before[2])
    # A confirmed report of his goes before what was said of a customer, and nothing else does.
    expected = {**before[2], 3: 0, 4: 1, 7: np.nan}
    np.testing.assert_equal(labels_of(bank, 2, known_by=5), expected)
    for other in (1, 3):
        np.testing.assert_equal(labels_of(bank, other, known_by=5), before[other])


def test_a_decision_on_a_customer_says_nothing_of_accounts(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "accounts")
    catalog = bank.catalog.of_line(ACCOUNTS)

    def found() -> list[float]:
        window = read_window(catalog, catalog.upstream(ACCOUNTS.features), [day(2)])
        (rows,) = select_rows(catalog, window, catalog.upstream(FEATURES), known_by=day(5))
        return rows.labels.tolist()

    before = found()
    decide(bank, 2, at=4, c4="suspicious")
    np.testing.assert_equal(found(), before)


def customers_to_learn_from(bank: Bank, scratch: Callable[[], str] | None = None) -> TrainingData:
    catalog = bank.catalog.of_line(CUSTOMERS)
    return training_data(
        catalog,
        catalog.upstream(CUSTOMERS.features),
        windows_of(catalog, day(DAY)),
        reports=catalog.upstream(FEATURES),
        scratch=scratch,
    )


def test_who_was_decided_on_is_learnt_from_on_that_day_whatever_his_share_of_days(
    scored: Bank, tmp_path
):
    every = {"customer": {**LINES["customer"], "train_every": 1_000}}
    bank = scored.copy_to(tmp_path / "few", lines=every)
    decide(bank, 2, at=4, c4="suspicious", c7="not_suspicious")
    data = customers_to_learn_from(bank)
    assert [each.labels.tolist() for each in data.batches] == [[], [1, 0], []]


def test_from_disk_the_rows_of_a_line_and_their_weights_are_those_of_memory(scored: Bank, tmp_path):
    every = {"customer": {**LINES["customer"], "train_every": 2}}
    found = list[list[Any]]()
    for bytes_ in (0, 1 << 40):
        training = {"external_memory_bytes": bytes_}
        bank = scored.copy_to(tmp_path / str(bytes_), lines=every, training=training)
        decide(bank, 2, at=4, c4="suspicious", c7="not_suspicious")
        data = customers_to_learn_from(bank, scratch=lambda: str(tmp_path))
        assert (data.folder is None) == (bytes_ > 0)
        found.append([(b.features.tolist(), b.labels.tolist(), b.weights) for b in data.batches])
    np.testing.assert_equal(found[0], found[1])


def test_metrics_of_a_line_count_what_was_decided_on_customers_and_say_so(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "measured")
    decide(bank, 6, at=6, c3="suspicious")
    bank.good("daily", DAY, only=(CUSTOMERS.metrics,))
    figures = bank.catalog.of(CUSTOMERS.metrics).load(day(DAY))
    assert (figures["positives"], figures["decided"]) == (5, 7)
    facts = bank.catalog.of(CUSTOMERS.metrics).manifest(day(DAY)).facts
    assert facts["dispositions"] == bank.catalog.dispositions.brought().fact


def test_labels_are_no_part_of_a_lines_frames(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "relabelled")
    before = bank.frame(CUSTOMERS.features, DAY)
    for number in (6, 7):
        bank.land("str", number, str_columns(number, labels=[1, 0, 1, 1, None, 0, 1, 0]))
    bank.prepare(6, DAY)
    assert bank.frame(CUSTOMERS.features, DAY) == before


def test_a_hole_in_the_days_whose_reports_label_a_window_is_named(scored: Bank, tmp_path):
    bank = scored.copy_to(tmp_path / "hole")
    shutil.rmtree(bank.store / FEATURES / str(day(4)))
    sentence = bank.bad("daily", DAY, only=(CUSTOMERS.model,)).sentence
    assert FEATURES in sentence
    assert str(day(4)) in sentence
    assert f"--select {FEATURES}" in sentence


def test_a_model_of_customers_is_fitted_again_with_the_days_whose_horizon_is_over(
    landed_bank: Bank, tmp_path
):
    bank = landed_bank.copy_to(tmp_path / "refit", training={"refit": True}, **OPTIONS)
    bank.prepare(1, DAY)
    bank.good("daily", DAY, only=("models",))
    measured, model = (
        bank.catalog.of(asset).manifest(day(DAY))
        for asset in (CUSTOMERS.measured_model, CUSTOMERS.model)
    )
    assert sorted(measured.inputs[CUSTOMERS.features]) == [str(day(n)) for n in (1, 2, 3)]
    # By day 6, the last one that is known, the reports after day 5 are in, and after day 6 are not.
    assert sorted(model.inputs[CUSTOMERS.features]) == [str(day(n)) for n in (1, 2, 3, 4, 5)]
    assert model.facts["refit_until"] == str(day(5))
    figures = bank.catalog.of(CUSTOMERS.metrics).load(day(DAY))
    assert figures["measured_model"]["digest"] == measured.digest
    bank.good("daily", DAY, only=(CUSTOMERS.page,))
    tree = page(bank, CUSTOMERS)
    assert "The day’s customers are scored by the same parameters" in tree.one(id="refit").say()
    assert measured.digest[:12] in tree.one("dl").say()
