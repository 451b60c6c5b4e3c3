"""The alert page in Chinese: no Latin letters outside ids, names, columns and settings."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from aml_assets.core.cases.backlog import Backlog
from aml_assets.core.cases.missed import Missed
from aml_assets.core.days import days_between, number_of
from aml_assets.core.language import Language
from aml_assets.core.model.intervals import Interval
from aml_assets.core.model.scoring import LOOKS_AHEAD, NEWEST, PINNED
from aml_assets.core.pages.alert_page import AlertPage
from aml_assets.core.pages.alerts import Alert, Party
from aml_assets.core.pages.case_words import SAID, marks_of
from aml_assets.core.pages.reasons import Explanation, FamilyReasons, Reason
from aml_assets.core.pages.shown_case import EarlierDecision, ShownCase
from aml_assets.core.pages.usual import Usual
from aml_assets.core.pages.workload import Workload
from aml_assets.core.relations.timeline import (
    IN,
    OUT,
    Activity,
    Counterparty,
    Fan,
    Moved,
    PassThrough,
)
from aml_assets.core.relations.words import sentence_of
from aml_assets_tests import pages
from aml_assets_tests.core.pages.test_alert_page import DAY, FIRST, report
from aml_assets_tests.core.pages.test_chinese import CHINESE, IDS, LATIN, NAMES, Said
from aml_assets_tests.core.pages.test_usual import MANY

OF_THE_BANK = {
    # Its columns, the name of a line, currencies, and who decided.
    *("trx", "id", "ins", "amount", "desk", "str", "customer", "EUR", "USD", "CNY", "Ada"),
    *("Europe", "Amsterdam", "branch", "open"),
}
LAST = number_of(DAY)


def explained(language: Language, *, line: bool = False) -> Explanation:
    """Reasons of several families, some of them with how usual the value is."""
    usual, say = Usual(language), language.say
    fans = [
        Reason(f"network.{name}", (sentence_of(name, 7, language) or "") + usual.beside(MANY, 7), 1)
        for name in ("payee_sent_gap", "cycle_30", "pair_age")
    ]
    bank = [
        Reason("trx.amount", usual.number("amount", "98,000", 198.0, MANY), -0.5),
        Reason("trx.branch", say("{name} is missing", name="branch"), -0.25),
    ]
    families = (
        FamilyReasons(say("fans"), 3, tuple(fans)),
        FamilyReasons(say("the customer" if line else "the transaction"), -0.75, tuple(bank)),
    )
    return Explanation(-2.0, families, 0.5, 1.0)


def alerts(language: Language) -> list[Alert]:
    found = report(labels=(1, 0, None, None), own=[("trx", "amount")]).alerts
    of = explained(language)
    named = [
        replace(
            each,
            explanation=of,
            currency="EUR",
            who=Party(f"c{n}", "张伟贸易有限公司", f"a{n}"),
            whom=Party(None, None, None) if n == 2 else Party("c9", "李娜", "a9"),
        )
        for n, each in enumerate(found)
    ]
    return [*named[:3], replace(named[3], amount=None, currency=None, when=None, offset=None)]


def activity() -> Activity:
    passed = PassThrough("EUR", LAST - 4, Decimal(90_000), Decimal(88_000), 7, 2, 5, 2)
    return Activity(
        moved=(
            Moved(LAST - 4, "EUR", Decimal(90_000), Decimal(88_000), 7, 2),
            Moved(LAST - 1, "EUR", None, Decimal(300), 1, 1),
            Moved(LAST - 1, "USD", Decimal(9), None, 1, 0),
        ),
        counterparties=(
            Counterparty("c9", None, "EUR", Decimal(90_000), Decimal(300), 7, 1),
            Counterparty(None, "a7", "EUR", None, Decimal("88000.50"), 1, 2),
        ),
        others=12,
        fans=(Fan(IN, LAST - 3, 7, 5), Fan(OUT, LAST - 2, 6, 6)),
        passes=(passed, replace(passed, day=LAST - 29)),
        round_amounts=(8, 10),
        accounts=("a1", "a2"),
    )


def page(language: Language = CHINESE) -> AlertPage:
    """A page with everything on it that a case, a queue and the workload can tell."""
    of, stored = activity(), list(days_between(FIRST, DAY))
    decisions = tuple(
        EarlierDecision(FIRST, key, language.say(SAID[said]), "R1", "见附件", "Ada")
        for said, key in zip(SAID, (("7", "i7"), (), ("8", "i8")), strict=True)
    )
    case = ShownCase(
        customer="c0", name="张伟贸易有限公司", score=0.9, below=0.9996, line="", explanation=None,
        reports=(0, 1), is_queued=True, lately=5, confirmed=1, activity=of,
        report_days=((FIRST, 2), (DAY, 3)), queue_days=(DAY - dt.timedelta(3),),
        marks=marks_of(of, stored, language), decisions=decisions,
    )  # fmt: skip
    unknown = replace(
        case, customer=None, name=None, reports=(2, 3), is_queued=False, lately=None,
        activity=Activity(), report_days=(), queue_days=(), marks=(), decisions=(), below=0.0004,
    )  # fmt: skip
    line = replace(
        case, customer="c8", score=0.4, below=0.5, line="customer", reports=(),
        explanation=explained(language, line=True), is_sample=True,
    )  # fmt: skip
    months = [
        Missed(dt.date(2024, 1, 1), 600, 580, 3, Interval(0.0052, 0.0004, 0.0151), 9_120.4),
        Missed(dt.date(2024, 2, 1), 20, 0, 0, None, 9_000.0),
    ]
    one = report(own=[("trx", "amount")])
    return replace(
        one, language=language, alerts=alerts(language), rows=12_000, takes_customers=True,
        cases=[case, line, replace(line, customer="c7", explanation=None), unknown],
        names={"c9": "李娜"}, reasons=("R1", "R2"), marking="内部资料", with_positions=False,
        workload=Workload(Backlog({0: 1199, 7: 1}, 5), months, language),
    )  # fmt: skip


def without_queue() -> AlertPage:
    few = replace(page(), has_queue=False, workload=None, rows=4, chosen=PINNED)
    return replace(few, cases=[*few.cases] * 20)


VARIANTS: dict[str, Callable[[], AlertPage]] = {
    "queue": page,
    "no queue": without_queue,
    "no report": lambda: replace(page(), cases=[], alerts=[], rows=0, chosen=NEWEST.format(age=2)),
    "no case": lambda: replace(
        page(), cases=[], chosen=LOOKS_AHEAD.format(last=DAY, why="按监管要求")
    ),
}


def foreign(texts: Iterable[str]) -> dict[str, set[str]]:
    """The texts with Latin letters that are nobody's name, id, column or setting."""
    left = {}
    for text in texts:
        plain = IDS.sub(" ", text)
        if found := set(LATIN.findall(plain)) - NAMES - OF_THE_BANK - {"UTC"}:
            left[" ".join(text.split())] = found
    return left


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_chinese_alert_page_has_no_latin_run_outside_names_and_ids(variant):
    html = VARIANTS[variant]().to_html()
    texts = Said(html).texts
    assert sum(len(re.findall("[一-鿿]", each)) for each in texts) > 100
    assert foreign(texts) == {}
    assert '<html lang="zh-Hans-CN">' in html


def test_the_data_of_the_script_is_chinese_but_for_what_files_and_filters_name():
    read = pages.read(page().to_html())
    texts = json.loads(read.one("script", id="data").text)["texts"]
    assert {"undecided", "suspicious", "cleared"} <= {*texts}
    assert foreign({*texts} - {"undecided", "suspicious", "cleared"}) == {}
    # What is said of a value, and how usual it is, are texts of their own in each language.
    assert [each for each in texts if "训练数据" in each and not each.startswith("（")] == []
    assert "（高于 99.0% 的训练数据）" in texts
    fields = json.loads(read.one("table", id="cases").attributes["data-fields"])
    english = pages.read(page(Language()).to_html()).one("table", id="cases")
    assert fields == json.loads(english.attributes["data-fields"])


def test_a_share_of_lower_scores_is_never_more_than_is_known_in_chinese_too():
    first, *_, last = pages.cases_in(pages.read(page().to_html()))
    assert (first["share"], last["share"]) == ("99.9%", "0%")
