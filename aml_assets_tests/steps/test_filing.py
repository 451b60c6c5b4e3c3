"""A pack for filing: all of one case and nothing of another one, as it is stored, or a sentence."""

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from aml_assets.core.graph import ALERT_PAGE
from aml_assets.errors import AmlError, InputError, NotReady, Outdated
from aml_assets.steps.deciding import take_dispositions
from aml_assets.steps.filing import CASE, DECISIONS, MANIFEST, MODEL_PAGE, TRANSACTIONS, case_pack
from aml_assets_tests import pages
from aml_assets_tests.conftest import Bank, day, trx_columns

DAY = 6
ONE = "3"


@pytest.fixture(scope="module")
def shown(landed_bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    bank = landed_bank.copy_to(
        tmp_path_factory.mktemp("filed"),
        windows={"train_days": 3, "eval_days": 1},
        queue={"budget": 2, "days": 3},
    )
    bank.prepare(1, DAY)
    bank.good("daily", DAY)
    return bank


def rows(pack: Mapping[str, bytes], name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(pack[name].decode())))


def decide(bank: Bank, *lines: str) -> None:
    text = "day,trx_id,ins_id,customer,disposition,reason,note\n" + "\n".join(lines)
    before = len(bank.catalog.dispositions.brought().given)
    at = dt.datetime.combine(day(DAY + 1), dt.time(12, before), dt.UTC)
    take_dispositions(bank.catalog, text.encode(), by="Ada", at=at)


def test_the_page_has_the_one_case_and_leads_to_the_models_page_beside_it(shown: Bank):
    pack = case_pack(shown.catalog, ONE, day(DAY))
    read = pages.read(pack[CASE].decode())
    (case,) = pages.cases_in(read)
    assert case["customer"] == ONE
    assert len(pages.alerts_in(read)) == len(case["reports"]) > 0
    alerts = pages.alerts_in(read)
    assert all(ONE in (each["who"][1], each["whom"][1]) for each in alerts)
    links = {each.attributes["href"] for each in read.all("a") if "href" in each.attributes}
    assert links == {MODEL_PAGE}
    assert pack[MODEL_PAGE] == (shown.store / shown.catalog.model_pages.path(day(DAY))).read_bytes()


def test_the_transactions_are_the_customers_of_the_days_that_the_page_tells_of(shown: Bank):
    found = rows(case_pack(shown.catalog, ONE, day(DAY)), TRANSACTIONS)
    expected = [
        str(trx_id)
        for number in range(DAY - 2, DAY + 1)
        for trx_id, *sides in zip(
            *(trx_columns(number)[name] for name in ("trx_id", "cust_id", "target_cust_id")),
            strict=True,
        )
        if int(ONE) in sides
    ]
    assert [each["trx_id"] for each in found] == expected
    assert expected


def test_an_authority_gets_its_own_codes(shown: Bank, tmp_path):
    bank = shown.copy_to(tmp_path / "codes")
    bank.options["filing"] = {"columns": {"amount": "JYJE", "trx_id": "JYBH"}}
    text = case_pack(bank.catalog, ONE, day(DAY))[TRANSACTIONS].decode()
    assert text.splitlines()[0] == '"JYJE","JYBH"'
    bank.options["filing"] = {"columns": {"branch": "WD"}}
    with pytest.raises(InputError, match=r"names a column that the transactions do not have"):
        case_pack(bank.catalog, ONE, day(DAY))


def test_all_that_was_decided_is_there_and_nothing_of_other_customers(shown: Bank, tmp_path):
    bank = shown.copy_to(tmp_path / "decided")
    listed = [str(each["customer"]) for each in bank.catalog.queues.load(day(DAY)).to_pylist()]
    one, other = listed
    (mine,) = (r for r in bank.csv(DAY).to_pylist() if str(r["cust_id"]) == one)
    others = next(
        r
        for r in bank.csv(DAY).to_pylist()
        if one not in (str(r["cust_id"]), str(r["target_cust_id"]))
    )
    decide(bank, f"{day(DAY)},{mine['trx_id']},7,,suspicious,R1,as I said")
    decide(
        bank,
        f"{day(DAY)},,,{one},not_suspicious,R2,",
        f"{day(DAY)},,,{other},suspicious,R3,",
        f"{day(DAY)},{others['trx_id']},7,,suspicious,R4,",
    )
    found = rows(case_pack(bank.catalog, one, day(DAY)), DECISIONS)
    assert [(each["reason"], each["note"], each["by"]) for each in found] == [
        ("R1", "as I said", "Ada"),
        ("R2", "", "Ada"),
    ]
    assert [each["str.trx_id"] for each in found] == [str(mine["trx_id"]), ""]


def test_the_list_of_files_has_their_digests_and_what_the_page_was_made_of(shown: Bank):
    pack = case_pack(shown.catalog, ONE, day(DAY))
    listed: dict[str, Any] = json.loads(pack[MANIFEST])
    assert listed["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in pack.items() if name != MANIFEST
    }
    stored = shown.catalog.alert_pages.manifest(day(DAY))
    assert listed["page"] == {"digest": stored.digest, "inputs": stored.inputs}
    assert listed["case"]["customer"] == ONE
    assert pack == case_pack(shown.catalog, ONE, day(DAY)), "the same bytes again"


@pytest.mark.parametrize(
    ("customer", "number", "error"),
    [("4711", DAY, InputError), (ONE, 5, NotReady)],
)
def test_without_a_case_or_a_page_there_is_no_pack_and_no_id_in_the_error(
    shown: Bank, customer: str, number: int, error: type[AmlError]
):
    with pytest.raises(error) as caught:
        case_pack(shown.catalog, customer, day(number))
    assert "4711" not in str(caught.value)


def test_a_page_whose_transactions_were_restated_is_not_filed(shown: Bank, tmp_path):
    bank = shown.copy_to(tmp_path / "restated")
    changed = trx_columns(4)
    bank.land("trx", 4, {**changed, "amount": [each + 1 for each in changed["amount"]]})
    bank.prepare(4, 4)
    with pytest.raises(Outdated, match=rf"--select {ALERT_PAGE} --remake"):
        case_pack(bank.catalog, ONE, day(DAY))
