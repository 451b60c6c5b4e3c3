"""The two pages of a day, built in the graph, and remade when and only when what they tell is."""

from typing import Any

import pytest

from aml_assets.io.formats import version_path
from aml_assets_tests import pages
from aml_assets_tests.conftest import STATIC, Bank, day, str_columns, trx_columns

ALERTS, MODEL, QUEUE = "reports/alert_report", "reports/model_report", "reports/queue"
PAGES = ("report/alert_report_{}.html", "report/model_report_{}.html")
HOSTILE = "</script><script>alert('Zoe')</script>"


@pytest.fixture(scope="module")
def told(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Customers with names, days 5 and 6 built whole. To be copied, not changed."""
    bank = landed_bank.copy_to(tmp_path_factory.mktemp("told"))
    names = [HOSTILE, *(f"Zoe {n}" for n in range(5))]
    bank.land("retail", None, {**STATIC["retail"], "full_name": names})
    bank.prepare(1, 6)
    bank.good("daily", days=(5, 6), only=("models", "predictions", "reports"))
    return bank


@pytest.fixture
def bank(told: Bank, tmp_path) -> Bank:
    return told.copy_to(tmp_path / "bank")


def page(bank: Bank, asset: str, number: int) -> pages.Element:
    return pages.read(bank.catalog.of(asset).load(day(number)))


def alerts(bank: Bank, number: int) -> list[dict[str, Any]]:
    return pages.alerts_in(page(bank, ALERTS, number))


def test_the_alerts_are_those_of_the_csv_in_its_order_with_who_and_why(told: Bank):
    csv = told.csv(6).to_pylist()
    shown = alerts(told, 6)
    assert len(shown) == len(csv) == 8
    labels = {None: "undecided", 0: "cleared", 1: "suspicious"}
    for row, scored in zip(shown, csv, strict=True):
        assert row["score"] == pytest.approx(scored["pred_score"], abs=1e-7)
        assert row["key"][0] == str(scored["trx_id"])
        assert row["who"][1] == str(scored["cust_id"])
        assert row["whom"][2] == str(scored["target_account_id"])
        assert row["decision"] == labels[scored["label"]]
    # The best score is of an ATM, as every positive is.
    reasons = [words.replace("\u00a0", " ") for words, _ in shown[0]["reasons"]]
    assert "channel is “atm” (28 % of training rows)" in reasons
    assert [row["who"][0] for row in shown if row["who"][1] == "1"] == [HOSTILE]


def test_both_pages_load_nothing_and_link_to_one_another(told: Bank):
    for asset, other in ((ALERTS, "model_report"), (MODEL, "alert_report")):
        tree = page(told, asset, 6)
        assert pages.foreign(tree) == []
        links = [each.attributes["href"] for each in tree.all("a")]
        assert f"{other}_{day(6)}.html" in links
        for link in links:
            assert (told.store / "report" / link).resolve().is_file()


def test_what_dagster_is_told_of_a_page_is_counts_and_a_path(bank: Bank):
    run = bank.good("daily", 6, only=("reports",))
    assert run.figures(ALERTS, 6)["path"] == PAGES[0].format(day(6))
    assert run.figures(ALERTS, 6)["shown"] == 8
    assert run.figures(MODEL, 6)["days_with_metrics"] == 2
    assert "Zoe" not in run.log
    assert not run.figures(ALERTS, 6)["changed"]


def test_new_predictions_and_new_names_are_told_and_the_old_page_stays_under_its_digest(bank: Bank):
    before = bank.catalog.alert_pages.manifest(day(6)).digest
    bank.land("retail", None, {**STATIC["retail"], "full_name": ["Bo"] * 6})
    restate = {"restate": ["retail"]}
    only = ("tables/retail", "features", "predictions", QUEUE, ALERTS)
    bank.good("daily", 6, only=only, config=restate)
    assert alerts(bank, 6)[0]["who"][0] == "Bo"
    kept = version_path(PAGES[0].format(day(6)), before)
    old = pages.read(bank.catalog.alert_pages.format.read(bank.catalog.store, kept))
    assert HOSTILE in [row["who"][0] for row in pages.alerts_in(old)]


def test_a_page_of_predictions_that_cannot_be_explained_any_more_is_refused(bank: Bank):
    bank.land("trx", 6, {**trx_columns(6), "amount": [1.0] * 12})
    run = bank.bad("daily", 6, only=("tables", "features", ALERTS))
    assert "the day was scored with other features than are stored now" in run.sentence
    assert f"aml backfill --from {day(6)} --to {day(6)} --select predictions/predictions" in (
        run.sentence
    )
    run = bank.bad("daily", 6, only=("predictions", ALERTS))
    assert f"{QUEUE}, day {day(6)}: it was listed by other predictions" in run.sentence
    bank.good("daily", 6, only=(QUEUE, ALERTS))
    assert alerts(bank, 6)[0]["amount"] == "1.00"


def test_a_replaced_model_still_explains_what_it_scored(bank: Bank):
    before = alerts(bank, 6)
    bank.options["training"] = {"rounds": 2}
    bank.good("self_learning", 6, only=("models/model",))
    bank.good("daily", 6, only=(ALERTS,))
    assert alerts(bank, 6) == before


def test_metrics_that_are_no_longer_the_models_are_refused(bank: Bank):
    bank.options["training"] = {"rounds": 2}
    run = bank.bad("self_learning", 6, only=("models/model", MODEL))
    assert "they are of another model, or of other features" in run.sentence
    bank.good("self_learning", 6, only=("models/metrics", MODEL))
    assert "2 trees" in page(bank, MODEL, 6).say()


def test_metrics_of_2019_under_our_names_are_a_gap_and_damaged_ones_an_error(bank: Bank):
    told = bank.catalog.metrics
    file = bank.store / told.path(day(5))
    ours = file.read_bytes()
    file.write_text('{"auc": 0.5, "precesion": 0.5}')
    run = bank.good("self_learning", 6, only=(MODEL,))
    assert run.figures(MODEL, 6)["days_with_metrics"] == 1
    assert told.path(day(5)) not in page(bank, MODEL, 6).say()
    for damaged in (ours[:-20], ours.replace(b'"auc"', b'"cua"')):
        file.write_bytes(damaged)
        assert f"read {told.path(day(5))}: the document was altered" in (
            bank.bad("self_learning", 6, only=(MODEL,)).sentence
        )


def test_labels_that_arrive_change_the_models_page_and_its_history(bank: Bank):
    before = page(bank, MODEL, 6).one("figure", id="labels")
    bank.land("str", 5, str_columns(5, [0, 1, 0, 0, 0, 1, 0, 1]))
    bank.good("daily", 5, only=("tables", "features"))
    bank.good("self_learning", 6, only=("models/metrics", MODEL))
    after = page(bank, MODEL, 6).one("figure", id="labels")
    assert before.say() != after.say()


def test_a_new_channel_is_named_by_page_and_metadata_as_new_values(bank: Bank):
    bank.land("trx", 7, {**trx_columns(7), "channel": ["wire"] * 12})
    bank.land("str", 7, str_columns(7))
    run = bank.good("daily", 7)
    found = {each["feature"]: each["cause"] for each in run.figures(MODEL, 7)["shifted"]}
    assert found["trx.channel"] == "unseen"
    assert run.figures(MODEL, 7)["features_shifted"] == len(found)
    said = page(bank, MODEL, 7).say().replace("\u00a0", " ")
    assert "channel (new values: 0 % → 100 % of the rows)" in said
    assert "wire" not in run.log


def test_an_empty_day_has_pages_that_say_so(bank: Bank):
    bank.land_empty(7)
    bank.good("daily", 7)
    assert "No report landed for this day" in page(bank, ALERTS, 7).say()
    bank.land_day(8)
    bank.good("daily", 8)  # measured on a day without reports
    assert "No report of the evaluation window is decided yet" in page(bank, MODEL, 8).say()


def test_an_ad_hoc_run_has_pages_of_its_own(bank: Bank):
    before = bank.files()
    config = {"training": {"rounds": 1}}
    bank.good("daily", 6, only=("models", "predictions", "reports"), config=config)
    new = {path for path in bank.files() if path not in before and "report/" in path}
    assert all("_adhoc_" in path for path in new)
    added = {path for path in new if path.endswith(".html")}
    assert len(added) == 2
    for path in added:
        tree = pages.read((bank.store / path).read_text())
        links = [each.attributes["href"] for each in tree.all("a")]
        assert links
        assert all((bank.store / "report" / link).resolve().is_file() for link in links)
    assert {path: before[path] for path in before} == {
        path: data for path, data in bank.files().items() if path in before
    }


def test_the_alerts_lead_to_the_page_of_the_model_that_scored_them_whoever_asked(bank: Bank):
    tried = {"training": {"rounds": 1}}
    bank.good("daily", 6, only=("models", "reports", "predictions"), config=asked(tried))
    (theirs,) = (path.name for path in (bank.store / "report").glob("model_report_*_adhoc_*"))
    adhoc = bank.catalog.model_pages.template.values([theirs])[0].partition(".")[2]
    bank.good("daily", 6, only=("predictions", QUEUE, ALERTS), config=asked({"model": adhoc}))
    assert theirs in hrefs(page(bank, ALERTS, 6))
    # The other way round: an ad hoc run that scores with the day's own model.
    own = bank.catalog.model_id(day(6))
    before = bank.files()
    bank.good("daily", 6, only=("predictions", ALERTS), config=asked({**tried, "model": own}))
    (added,) = (path for path in bank.files() if path not in before and path.endswith(".html"))
    assert f"model_report_{day(6)}.html" in hrefs(pages.read((bank.store / added).read_text()))


def asked(choice: dict[str, Any]) -> dict[str, Any]:
    return choice


def hrefs(tree: pages.Element) -> list[str]:
    return [each.attributes["href"] for each in tree.all("a")]


def test_legacy_output_has_the_same_alerts(told: Bank, tmp_path):
    legacy = told.copy_to(tmp_path / "legacy", output={"style": "legacy"})
    legacy.good("daily", 6, only=("predictions", ALERTS))
    assert alerts(legacy, 6) == alerts(told, 6)


def test_a_bank_that_reads_chinese_has_its_model_page_in_chinese_with_the_same_figures(
    told: Bank, tmp_path
):
    before = told.catalog.model_pages.manifest(day(6))
    chinese = told.copy_to(tmp_path / "chinese", reports={"language": "zh"})
    chinese.good("daily", 6, only=(MODEL,))
    page_of = page(chinese, MODEL, 6)
    assert page_of.one("h1").say() == f"{day(6):%Y年%-m月%-d日} 星期六 模型"
    assert page_of.one("table", id="built").say().startswith("模型由何构建 模型")
    assert chinese.catalog.model_pages.manifest(day(6)).settings != before.settings
    english = [each.say() for each in page(told, MODEL, 6).one("table", id="change").all("td")]
    assert [each.say() for each in page_of.one("table", id="change").all("td")] == english
    # A bank that chose English is one that chose nothing.
    english_too = told.copy_to(tmp_path / "english", reports={"language": "en"})
    english_too.good("daily", 6, only=(MODEL,))
    assert english_too.catalog.model_pages.manifest(day(6)).settings == before.settings
