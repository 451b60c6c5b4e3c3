"""Pages in Chinese: no Latin letters outside ids, names, model ids, settings and numbers."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest

from aml_assets.core.language import Language
from aml_assets.core.model.evaluation import evaluate
from aml_assets.core.model.fitting import TOO_RARE, Encoder, Feature, Frame
from aml_assets.core.model.ruled_out import TOO_DISTINCT
from aml_assets.core.pages.model_page import ModelPage
from aml_assets.core.pages.reasons import explain
from aml_assets.core.pages.row_words import words_of_line, words_of_reports
from aml_assets.core.pages.validation import Change
from aml_assets.core.relations.families import family_of, meaning_of
from aml_assets.core.relations.network import network
from aml_assets.core.relations.unit_words import name_of_unit
from aml_assets.core.relations.words import name_of, sentence_of
from aml_assets.core.tables.contracts import Column
from aml_assets.settings.feature_settings import NetworkSettings
from aml_assets.settings.line_settings import LineSettings
from aml_assets_tests import pages
from aml_assets_tests.core.pages import test_row_words
from aml_assets_tests.core.pages.test_model_page import report
from aml_assets_tests.core.relations import test_account_words, test_words

CHINESE = Language("zh")
REPORTS = words_of_reports(CHINESE)
CUSTOMERS = words_of_line("customer", LineSettings(), CHINESE)
ACCOUNTS = words_of_line(
    "payer", LineSettings(unit="account", horizon_days=1, budget=30, train_every=1), CHINESE
)
LATIN = re.compile(r"[A-Za-z]+")
IDS = re.compile(r"\b(?=\w*\d)[\w.-]+|\b[a-f]{12}\b", re.ASCII)
"""Digests, versions, days and model ids."""
NAMES = {
    *("AUC", "PSI", "ROC", "CSV", "Brier", "DeLong", "Boyd", "Wilson"),
    *("Fraud", "Detection", "Handbook"),
}
OF_THE_BANK = {
    # Its columns, values and roles, and the names of libraries and parameters.
    *("amount", "timestamp", "b", "a", "retail", "name", "str", "typology", "fan", "i", "cycle"),
    *("cust", "id", "trx", "SECRET", "xgboost", "seed", "max", "bin", "kinds", "tables", "cust_id"),
    *("gender", "branch"),
}


def with_all(one: ModelPage) -> ModelPage:
    """The page with everything on it that only some pages have."""
    metrics = {
        **one.metrics,
        "scoring_model": {"trained_on": "2024-02-01 … 2024-03-09", "digest": "ab" * 32},
        "restated_train_days": ["2024-02-03"],
    }
    reasons = {
        "retail.name": TOO_DISTINCT.format(share="100%", table="retail"),
        "retail.gender": TOO_RARE.format(rows=5),
        "retail.branch": "constant throughout the training window",
    }
    return replace(
        one,
        metrics=metrics,
        facts={**one.facts, "parameters": {"seed": 0, "max_bin": None}},
        left_out=reasons,
        built_by={"xgboost": "3.2.0"},
        changes=[
            Change("上一个", {**one.metrics, "auc": 0.25}, ""),
            Change("固定模型", None, "无"),
        ],
    )


def undecided() -> ModelPage:
    return with_all(report(decided=False, words=REPORTS))


def of_one_class() -> ModelPage:
    one = with_all(report(words=REPORTS))
    truth = 0 * one.truth
    return replace(one, truth=truth, metrics={**one.metrics, **evaluate(truth, one.scores)})


def before_budgets() -> ModelPage:
    one = report(words=REPORTS)
    metrics = {name: value for name, value in one.metrics.items() if name != "by_budget"}
    return replace(one, metrics=metrics, changes=[], built_by={}, left_out={})


VARIANTS: dict[str, Callable[[], ModelPage]] = {
    "reports": lambda: with_all(report(words=REPORTS)),
    "undecided": undecided,
    "one class": of_one_class,
    "a day without features": lambda: with_all(report(today=None, words=REPORTS)),
    "a model without reference": lambda: with_all(report(with_reference=False, words=REPORTS)),
    "before there were budgets": before_budgets,
    "customers": lambda: with_all(test_row_words.page_of(CUSTOMERS)),
    "accounts": lambda: with_all(test_row_words.page_of(ACCOUNTS, "account")),
    "unripe": lambda: with_all(test_row_words.unripe(CUSTOMERS)),
}


class Said(HTMLParser):
    """All texts, and the attributes that are read or shown; neither code nor style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "code"):
            self._hidden = tag
        given = dict(attrs)
        if given.get("data-f") != "name":  # its title is the column as ``table.column``
            shown = ("title", "aria-label", "alt", "placeholder")
            self.texts += [given[name] or "" for name in shown if name in given]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.texts.append(data)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_chinese_model_page_has_no_latin_run_outside_names_and_ids(variant):
    html = VARIANTS[variant]().to_html()
    texts = Said(html).texts
    assert sum(len(re.findall("[一-鿿]", each)) for each in texts) > 300
    left = {}
    for text in texts:
        plain = IDS.sub(" ", re.sub(r"tables\.\w+\.kinds|F1", " ", text))
        if found := set(LATIN.findall(plain)) - NAMES - OF_THE_BANK:
            left[" ".join(text.split())] = found
    assert left == {}
    assert '<html lang="zh-Hans-CN">' in html


def test_the_page_says_the_same_in_both_languages_with_the_same_figures():
    english, chinese = pages.read(report().to_html()), pages.read(report(words=REPORTS).to_html())
    for table in ("features", "at-alerts", "segments", "change"):
        mine, other = (page.one("table", id=table) for page in (english, chinese))
        assert len(list(mine.all("td"))) == len(list(other.all("td")))
        assert len(list(mine.all("th"))) == len(list(other.all("th")))


def test_the_scripts_messages_are_on_a_chinese_page_alone():
    assert '" · file of {written}": " · 文件时间 {written}"' in report(words=REPORTS).to_html()
    assert 'id="said"' not in report().to_html()


def columns() -> list[str]:
    found = network(
        {test_words.DAY: test_words.PAIR},
        test_words.DAY,
        NetworkSettings(windows=(7, 30)),
        history_days=1,
    )
    ours = [name for name in found.columns if name not in ("payer", "payee")]
    behaviour = [
        f"{side}_{name}" for side in ("payer", "payee") for name in test_account_words.features()
    ]
    return [*ours, *(name for name in behaviour if "cash" not in name)]


def test_each_feature_of_ours_has_a_chinese_name_and_sentence_of_its_own():
    names = [name_of(column, CHINESE) for column in columns()]
    sentences = [sentence_of(column, 3, CHINESE) or "" for column in columns()]
    for texts in (names, sentences):
        assert len(set(texts)) == len(columns()) > 50
        assert [text for text in texts if LATIN.search(text) or "{" in text or not text] == []
    assert sentence_of("payee_sent_gap", 0, CHINESE) == "收款方上一笔向本行客户付出的款项在当日"
    marked = sentence_of("payer_cash_share_90", 0.5, CHINESE)
    assert marked == "付款方在 90 天内的款项有 50% 标记为 cash"


def test_the_features_of_units_and_all_families_are_chinese():
    units = ("paid_7", "quiet_days", "reports_paid_1", "payer_pair_gap_within_30")
    assert [
        name for name in (name_of_unit(each, CHINESE) for each in units) if LATIN.search(name)
    ] == []
    families = {family_of("network", column) for column in columns()} | {
        family_of(table, "x") for table in ("str", "trx", "retail", "account", "label_history")
    }
    for family in families:
        assert not LATIN.search(CHINESE.say(family)), family
        assert not LATIN.search(CHINESE.say(meaning_of(family))), family


OF_EACH_KIND = {
    ("retail", "opened", "age_days"): "retail opened 为 2024-03-01，在报告前 3 天",
    ("trx", "trx_day", "age_days"): "交易后 1 天上报",
    ("trx", "timestamp", "hour"): "timestamp 在 09:00–09:59",
    ("trx", "timestamp", "weekday"): "timestamp 为星期日",
    ("trx", "channel", "category"): "channel 为“atm”",
    ("trx", "country", "category"): "country“ZZ”在训练中从未出现",
    ("retail", "is_pep", "number"): "retail is pep 为是",
    ("trx", "amount", "number"): "amount 为 12,345.50",
    ("trx", "fee", "number"): "fee 缺失",
    (
        "network",
        "cycle_30",
        "number",
    ): "该笔付款闭合了由 3 个账户组成的资金回流环路，彼此均在 30 天内首次往来",
}


def test_a_reason_of_each_kind_is_told_in_chinese():
    day = dt.date(2024, 3, 4)
    values = {
        "opened": [dt.date(2024, 3, 1)],
        "trx_day": [dt.date(2024, 3, 3)],
        "timestamp": [dt.datetime(2024, 3, 3, 9, 30)],  # noqa: DTZ001 - a bank's wall clock
        "channel": ["atm"],
        "country": ["ZZ"],
        "is_pep": [True],
        "amount": [12345.5],
        "fee": pa.nulls(1, pa.float64()),
        "cycle_30": [3],
    }
    tables = {column: table for table, column, _ in OF_EACH_KIND}
    frame = Frame(
        day,
        pa.table(values),
        {name: Column(tables[name], name, "numeric") for name in values},
    )
    features = tuple(
        Feature(table, column, encoding, ("atm", "web") if encoding == "category" else ())  # type: ignore[arg-type]
        for table, column, encoding in OF_EACH_KIND
    )
    contributed = np.array([[*np.arange(1.0, len(features) + 1), -3.0]])
    (found,) = explain(Encoder(features, {}), None, frame, contributed, most=20, language=CHINESE)
    told = {reason.words for reason in found.reasons}
    # The two parts of the timestamp are one reason, the larger one's.
    assert told == {*OF_EACH_KIND.values()} - {"timestamp 在 09:00–09:59"}
    assert {each.family for each in found.families} == {"客户", "交易", "资金回流"}
