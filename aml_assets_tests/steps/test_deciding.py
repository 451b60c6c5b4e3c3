"""Taking a file of dispositions: whole or not at all, and as labels from the day after."""

import datetime as dt
import json
import shutil
from itertools import count
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aml_assets.core.graph import FEATURES, LABEL_HISTORY, MEASURED_MODEL, MODEL, QUEUE, Line
from aml_assets.core.model.labels import LabelledReports, SelectedReports
from aml_assets.errors import AmlError, InputError, Outdated
from aml_assets.io.catalog import Catalog
from aml_assets.io.manifest import Manifest
from aml_assets.steps import deciding
from aml_assets.steps.builders.build_metrics import build_metrics
from aml_assets.steps.builders.build_model import build_measured_model, build_model
from aml_assets.steps.inputs.dispositions_known import known_dispositions, with_dispositions
from aml_assets.steps.inputs.training_data import training_data
from aml_assets.steps.inputs.window_frames import windows_of
from aml_assets_tests.conftest import Bank, day, str_columns, trx_columns

CUSTOMERS = Line("customer")
DAY = 6
HEADER = "day,trx_id,ins_id,disposition,reason,note\n"


def files_read(manifest: Manifest) -> int:
    """How many files of dispositions a manifest names."""
    fact: Any = manifest.facts.get("dispositions", {"files": 0})
    return fact["files"]


def line(number: int, row: int, disposition: str = "suspicious") -> str:
    return f"{day(number)},{number * 100 + row},7,{disposition},R1,a secret note\n"


def noon(number: int) -> dt.datetime:
    return dt.datetime.combine(day(number), dt.time(12), dt.UTC)


@pytest.fixture
def prepared(tmp_path) -> Bank:
    """Features of five days."""
    bank = Bank(tmp_path, {"features": {"network": {"enabled": False}}})
    bank.land_static()
    for number in range(1, DAY):
        bank.land_day(number)
    bank.prepare(1, DAY - 1)
    return bank


_seconds = count()


def take(bank: Bank, *lines: str, at: int = 5, **more):
    """Bring some lines on a day, after all that was brought before."""
    data = (HEADER + "".join(lines)).encode()
    instant = noon(at) + dt.timedelta(seconds=next(_seconds))
    return deciding.take_dispositions(bank.catalog, data, at=instant, **more)


def labels(bank: Bank, number: int = DAY) -> np.ndarray:
    """The labels of the training window of a day's model."""
    catalog = bank.catalog
    upstream, windows = catalog.upstream(FEATURES), windows_of(catalog, day(number))
    data = training_data(catalog, upstream, windows)
    return np.concatenate([each.labels for each in data.batches])


def test_dispositions_are_labels_from_the_day_after_they_were_brought(prepared):
    before = labels(prepared)
    lines = line(2, 0), line(2, 1, "not_suspicious"), line(3, 7)
    # The window of day 6 is 2 to 4, and knows what was known by the end of day 4.
    take(prepared, *lines, at=4, by="Ada")
    np.testing.assert_array_equal(labels(prepared), before)
    (told,) = prepared.catalog.ledger.entries()
    assert (told.kind, told.by, told.about["dispositions"]) == ("dispositions", "Ada", 3)
    assert "secret note" not in (prepared.store / "ledger/00000001.json").read_text()
    shutil.rmtree(prepared.store / "dispositions")
    take(prepared, *lines, at=3, by="Ada")
    changed = labels(prepared)
    # Each day has seven decided reports; the undecided eighth one of day 3 is learnt from now.
    assert len(changed) == len(before) + 1
    assert (changed[0], changed[1]) == (1, 0)
    np.testing.assert_array_equal(changed[2:14], before[2:14])
    assert changed[14] == 1
    np.testing.assert_array_equal(changed[15:], before[14:])


def test_a_refit_knows_what_was_brought_during_the_evaluation_and_the_measured_model_not(prepared):
    prepared.options["training"] = {"refit": True}
    take(prepared, line(5, 0), at=4, by="Ada")
    catalog = prepared.catalog
    upstream, windows = catalog.upstream(FEATURES), windows_of(catalog, day(DAY))
    first = training_data(catalog, upstream, windows)
    again = training_data(catalog, upstream, windows, refit=True)
    assert len(again.batches) == len(first.batches) + 1
    assert again.batches[-1].labels[0] == 1
    built = build_measured_model(catalog, day(DAY), upstream)
    assert files_read(built.manifest) == 0
    built.publish_to(catalog.measured_models, day(DAY))
    measured = catalog.upstream(MEASURED_MODEL)
    model = build_model(catalog, day(DAY), catalog.upstream(FEATURES), measured=measured)
    assert files_read(model.manifest) == 1
    prepared.options["dispositions"] = {"four_eyes": True}
    with pytest.raises(Outdated, match="rules for labels"):
        build_model(prepared.catalog, day(DAY), upstream, measured=measured)


def test_metrics_count_what_was_known_when_their_labels_were_ripe_and_nothing_later(prepared):
    prepared.options["labels"] = {"maturity_days": 1}
    prepared.options["windows"] = {"train_days": 2, "eval_days": 1}
    catalog = prepared.catalog
    build_model(catalog, day(5), catalog.upstream(FEATURES)).publish_to(catalog.models, day(5))

    def measured():
        inputs = catalog.upstream(MODEL), catalog.upstream(FEATURES)
        return build_metrics(catalog, day(5), *inputs)

    before = measured()
    assert (before.value["positives"], files_read(before.manifest)) == (2, 0)
    take(prepared, line(4, 0), at=5)  # known on day 6, when the labels of day 4 have been ripe
    assert measured().value == before.value
    take(prepared, line(4, 2), at=4)
    assert measured().value == before.value, "a machine's clock was slow"
    shutil.rmtree(prepared.store / "dispositions")
    take(prepared, line(4, 2), at=4)
    after = measured()
    assert (after.value["positives"], files_read(after.manifest)) == (3, 1)


def test_a_label_history_counts_dispositions_as_they_were_known(prepared):
    prepared.options["features"]["label_history"] = {"enabled": True, "horizon_days": 5}
    prepared.prepare(1, DAY - 1)
    before = prepared.catalog.frames(LABEL_HISTORY).load(day(5))
    take(prepared, line(2, 1, "not_suspicious"), line(2, 5, "not_suspicious"), at=4)
    prepared.prepare(1, DAY - 1)
    after = prepared.catalog.frames(LABEL_HISTORY).load(day(5))
    earlier = prepared.catalog.frames(LABEL_HISTORY).manifest(day(4))
    assert files_read(earlier) == 0
    lost = pc.sum(before.column("confirmed")).as_py() - pc.sum(after.column("confirmed")).as_py()
    assert lost > 0


def test_a_report_that_is_repeated_keeps_its_disposition(prepared):
    columns = str_columns(5)
    columns["trx_id"][0] = 100
    prepared.land("str", 5, columns)
    prepared.land("trx", 5, {**trx_columns(5)})
    prepared.prepare(5, 5)
    take(prepared, line(1, 0), at=2)
    assert windows_of(prepared.catalog, day(9)).train_start == day(5)
    found = with_dispositions(
        prepared.catalog,
        [SelectedReports(day(5), np.array([0, 1]), np.array([0, 0], np.float32))],
        [LabelledReports(day(5), prepared.catalog.features.load(day(5)))],
        key=["trx_id", "ins_id"],
        known_by=day(8),
    )
    assert found[0].labels.sum() == 1


def test_what_needs_more_is_not_learnt_from(prepared):
    before = len(labels(prepared))
    take(prepared, line(2, 0, "needs_more"), at=3)
    assert len(labels(prepared)) == before - 1


def test_a_model_names_the_dispositions_that_it_knows_and_nothing_of_a_case(prepared):
    take(prepared, line(2, 0), at=3, by="Ada")
    catalog = prepared.catalog
    built = build_model(catalog, day(DAY), catalog.upstream(FEATURES))
    known = catalog.dispositions.brought()
    assert built.manifest.facts["dispositions"] == {"files": 1, "digest": known.digest}
    said = json.dumps([built.manifest.to_dict(), built.figures], default=str)
    assert not any(text in said for text in ("secret", "R1", "Ada", "200"))


def test_one_bad_line_leaves_nothing_taken_unless_the_good_ones_are_wanted(prepared):
    lines = (line(2, 0), line(9, 0), line(2, 99), line(2, 1, "perhaps"))
    with pytest.raises(InputError) as refused:
        take(prepared, *lines)
    text = str(refused.value)
    assert "line 3: no features/merged_features of its day are stored" in text
    assert "line 4: its day has no report of str with this key" in text
    assert "line 5: its disposition is none of" in text
    assert "--good-lines" in text
    assert "299" not in text, "an id is a customer's"
    assert not prepared.catalog.dispositions.brought().given
    taken = take(prepared, *lines, all_or_nothing=False)
    assert (taken.lines.total(), [each.number for each in taken.left_out]) == (1, [3, 4, 5])
    assert len(prepared.catalog.dispositions.brought().given) == 1


def test_a_file_without_a_good_line_is_refused_either_way(prepared):
    for text in ("", line(9, 0)):
        with pytest.raises(InputError):
            take(prepared, text, all_or_nothing=False)


def test_the_same_twice_is_refused_but_of_another_person_or_after_a_contradiction(prepared):
    take(prepared, line(2, 0), by="Ada")
    with pytest.raises(AmlError, match="brought these dispositions before"):
        take(prepared, line(2, 0), by="Ada")
    take(prepared, line(2, 0), line(2, 1), by="Ada")
    take(prepared, line(2, 0), by="Bob")
    take(prepared, line(2, 0, "not_suspicious"), by="Bob")
    assert take(prepared, line(2, 0), by="Ada").contradicting == 1


def test_where_it_takes_two_people_one_alone_changes_nothing(prepared):
    prepared.options["dispositions"] = {"four_eyes": True}
    before = labels(prepared)
    assert take(prepared, line(2, 0), at=3, by="Ada").waiting == 1
    np.testing.assert_array_equal(labels(prepared), before)
    assert take(prepared, line(2, 0), at=3, by="Bob").waiting == 0
    assert labels(prepared)[0] == 1
    assert take(prepared, line(2, 0), at=3, by="Eve").waiting == 0


def test_a_login_is_not_two_people_by_a_claim(prepared, monkeypatch):
    prepared.options["dispositions"] = {"four_eyes": True}
    monkeypatch.setattr(Catalog, "login", "ada@BANK")
    with pytest.raises(AmlError, match="the login decides and no other name"):
        take(prepared, line(2, 0), by="Bob")
    assert take(prepared, line(2, 0)).who == "ada@BANK"


def test_contradicting_and_late_dispositions_are_counted_and_the_newest_counts(prepared):
    prepared.options["labels"] = {"maturity_days": 1}
    take(prepared, line(2, 0), at=3, by="Ada")
    taken = take(prepared, line(2, 0, "not_suspicious"), line(3, 0), at=4, by="Bob")
    assert (taken.contradicting, taken.after_ripe, taken.day) == (1, 1, day(4))
    text = "\n".join(deciding.summary(taken))
    assert "Contradicting what counted before: 1. The newest counts." in text
    assert "Decided after their labels were ripe: 1." in text
    assert text.endswith(f"is known from {day(5)} on.")
    given = prepared.catalog.dispositions.brought().given
    assert [each.disposition for each in given] == ["suspicious", "not_suspicious", "suspicious"]


OF_CUSTOMERS = "day,customer,disposition,reason\n"


@pytest.fixture
def listed(prepared) -> Bank:
    """Queues of two days, one of which a line has scored, too."""
    prepared.options["lines"] = {"customer": {"horizon_days": 2, "windows": [2]}}
    catalog = prepared.catalog
    for number, ids in ((2, [1, 2]), (3, [1])):
        of = Manifest(QUEUE, str(day(number)))
        catalog.queues.publish(day(number), pa.table({"customer": ids}), of)
    scores, of = catalog.of(CUSTOMERS.scores), Manifest(CUSTOMERS.scores, str(day(3)))
    scored = pa.table({"customer": [3], "pred_score": [0.5], "rank": [1], "model_id": ["m"]})
    scores.publish(day(3), scored, of)
    return prepared


def take_customers(bank: Bank, *cases: tuple[int, int], says: str = "suspicious", **more: Any):
    """Bring dispositions of customers, each as day and customer."""
    lines = [f"{day(number)},{customer},{says},R1\n" for number, customer in cases]
    data = (OF_CUSTOMERS + "".join(lines)).encode()
    at = noon(more.pop("at", 5)) + dt.timedelta(seconds=next(_seconds))
    return deciding.take_dispositions(bank.catalog, data, at=at, **more)


def test_a_customer_is_decided_on_whom_the_queue_listed_or_a_line_scored_on_that_day(listed):
    taken = take_customers(listed, (2, 2), (3, 1), (3, 3), by="Ada")
    assert taken.lines.total() == 3
    known = known_dispositions(listed.catalog, day(2), day(6))
    assert {*known.customers} == {(day(2), "2"), (day(3), "1"), (day(3), "3")}
    assert (known.counting, known.fact["dispositions"]["files"]) == ({}, 1)
    assert not known_dispositions(listed.catalog, day(2), day(5)).customers


def test_a_customer_who_is_not_known_on_that_day_is_a_sentence_without_his_id(listed):
    with pytest.raises(InputError) as refused:
        take_customers(listed, (2, 2), (2, 3), (3, 7700), (4, 1))
    text = str(refused.value)
    unknown = "its customer is not in reports/queue of its day, and no line has scored him then"
    assert f"line 3: {unknown}; line 4: {unknown}" in text
    nothing = "no reports/queue and no line's scores of customers of its day are stored"
    assert f"line 5: {nothing}" in text
    assert "7700" not in text
    assert not listed.catalog.dispositions.brought().given
    taken = take_customers(listed, (2, 2), (2, 3), all_or_nothing=False)
    assert [each.number for each in taken.left_out] == [3]


def test_of_customers_it_takes_two_people_and_the_newest_counts_as_of_reports(listed):
    listed.options["dispositions"] = {"four_eyes": True}
    assert take_customers(listed, (2, 2), by="Ada").waiting == 1
    with pytest.raises(AmlError, match="brought these dispositions before"):
        take_customers(listed, (2, 2), by="Ada")
    # The same customer on another day is another case.
    assert take_customers(listed, (3, 1), by="Bob").waiting == 1
    assert take_customers(listed, (2, 2), by="Bob").waiting == 0
    changed = take_customers(listed, (2, 2), says="not_suspicious", by="Eve")
    assert (changed.contradicting, changed.waiting) == (1, 1)
    known = known_dispositions(listed.catalog, day(2), day(6)).customers
    assert {case: said.by for case, said in known.items()} == {(day(2), "2"): "Bob"}


def test_a_customers_label_is_ripe_once_the_horizon_of_a_line_is_over(listed):
    late = [take_customers(listed, (2, 2), at=at, by=str(at)).after_ripe for at in (4, 5)]
    assert late == [0, 1]
    listed.options["lines"] = {}
    assert take_customers(listed, (2, 2), at=5, by="Ada").after_ripe == 0


def test_the_day_of_a_disposition_is_one_of_the_banks_time_zone(prepared):
    prepared.options["partitions"] = {
        "first_day": day(1),
        "last_day": day(20),
        "time_zone": "Asia/Shanghai",
    }
    data = (HEADER + line(2, 0)).encode()
    evening = noon(4) + dt.timedelta(hours=5)
    assert deciding.take_dispositions(prepared.catalog, data, at=evening).day == day(5)
