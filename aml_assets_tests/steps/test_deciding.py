"""Taking a file of dispositions: whole or not at all, and as labels from the day after."""

import datetime as dt
import json

import numpy as np
import pytest

from aml_assets.core.graph import FEATURES
from aml_assets.errors import AmlError, InputError
from aml_assets.steps import deciding
from aml_assets.steps.builders.build_model import build_model, training_data
from aml_assets.steps.inputs.window_frames import windows_of
from aml_assets_tests.conftest import Bank, day

DAY = 6
HEADER = "day,trx_id,ins_id,disposition,reason,note\n"


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


def take(bank: Bank, *lines: str, at: int = 5, **more):
    data = (HEADER + "".join(lines)).encode()
    return deciding.take_dispositions(bank.catalog, data, at=noon(at), **more)


def labels(bank: Bank, number: int = DAY) -> np.ndarray:
    """The labels of the training window of a day's model."""
    catalog = bank.catalog
    upstream, windows = catalog.upstream(FEATURES), windows_of(catalog, day(number))
    return np.concatenate([of for _, of in training_data(catalog, upstream, windows).batches])


def test_dispositions_are_labels_from_the_day_after_they_became_known(prepared):
    before = labels(prepared)
    # The window of day 6 is 2 to 4, and knows what was known by the end of day 4.
    take(prepared, line(2, 0), line(2, 1, "not_suspicious"), line(3, 7), at=5, by="Ada")
    np.testing.assert_array_equal(labels(prepared), before)
    take(prepared, line(2, 0), line(2, 1, "not_suspicious"), line(3, 7), at=4, by="Bob")
    changed = labels(prepared)
    # Each day has seven decided reports; the undecided eighth one of day 3 is learnt from now.
    assert len(changed) == len(before) + 1
    assert (changed[0], changed[1]) == (1, 0)
    np.testing.assert_array_equal(changed[2:14], before[2:14])
    assert changed[14] == 1
    np.testing.assert_array_equal(changed[15:], before[14:])


def test_what_needs_more_is_not_learnt_from(prepared):
    before = len(labels(prepared))
    take(prepared, line(2, 0, "needs_more"), at=4)
    assert len(labels(prepared)) == before - 1


def test_a_model_names_the_dispositions_that_it_knows_and_nothing_of_a_case(prepared):
    take(prepared, line(2, 0), at=4, by="Ada")
    catalog = prepared.catalog
    built = build_model(catalog, day(DAY), catalog.upstream(FEATURES))
    known = catalog.dispositions.known()
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
    assert not prepared.catalog.dispositions.known().given
    taken = take(prepared, *lines, all_or_nothing=False)
    assert (taken.lines.total(), [each.number for each in taken.left_out]) == (1, [3, 4, 5])
    assert len(prepared.catalog.dispositions.known().given) == 1


def test_a_file_without_a_good_line_is_refused_either_way(prepared):
    for text in ("", line(9, 0)):
        with pytest.raises(InputError):
            take(prepared, text, all_or_nothing=False)


def test_the_same_file_twice_is_refused_but_of_another_person(prepared):
    take(prepared, line(2, 0), by="Ada")
    with pytest.raises(AmlError, match="taken before, at 2024-01-05T12:00:00"):
        take(prepared, line(2, 0), by="Ada")
    take(prepared, line(2, 0), by="Bob")


def test_where_it_takes_two_people_one_alone_changes_nothing(prepared):
    prepared.options["dispositions"] = {"four_eyes": True}
    before = labels(prepared)
    assert take(prepared, line(2, 0), at=4, by="Ada").waiting == 1
    np.testing.assert_array_equal(labels(prepared), before)
    assert take(prepared, line(2, 0), at=4, by="Bob").waiting == 0
    assert labels(prepared)[0] == 1


def test_contradicting_and_late_dispositions_are_counted_and_the_newest_counts(prepared):
    prepared.options["labels"] = {"maturity_days": 1}
    take(prepared, line(2, 0), at=3, by="Ada")
    taken = take(prepared, line(2, 0, "not_suspicious"), line(3, 0), at=4, by="Bob")
    assert (taken.contradicting, taken.late, taken.known) == (1, 1, day(4))
    text = "\n".join(deciding.summary(taken))
    assert "1 contradict what counted before; the newest counts." in text
    assert "1 are late" in text
    given = prepared.catalog.dispositions.known().given
    assert [each.disposition for each in given] == ["suspicious", "not_suspicious", "suspicious"]


def test_the_day_of_a_disposition_is_one_of_the_banks_time_zone(prepared):
    prepared.options["partitions"] = {
        "first_day": day(1),
        "last_day": day(20),
        "time_zone": "Asia/Shanghai",
    }
    data = (HEADER + line(2, 0)).encode()
    evening = noon(4) + dt.timedelta(hours=5)
    assert deciding.take_dispositions(prepared.catalog, data, at=evening).known == day(5)
