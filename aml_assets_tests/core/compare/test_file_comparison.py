"""Two prediction files and two metrics documents: what differs, and how far the scores agree."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from aml_assets.core.compare.file_comparison import Differing, compare_metrics, compare_predictions
from aml_assets.errors import InputError

KEY = ("trx_id", "ins_id")


def texts(*rows: str, header: str = "trx_id,ins_id,amount,pred_score") -> pa.Table:
    """A file's columns of text; an empty field is null."""
    columns = zip(*(row.split(",") for row in rows), strict=True)
    return pa.table(
        {
            name: pa.array([value or None for value in column], pa.string())
            for name, column in zip(header.split(","), columns, strict=True)
        }
    )


OURS = texts("1,7,10,0.9", "2,7,20,0.8", "3,7,30,0.1", "4,7,,0.2")


def test_a_file_is_the_same_as_itself():
    found = compare_predictions(OURS, OURS, key=KEY)
    assert found.same
    assert found.scores.spearman == pytest.approx(1.0)
    assert found.keys.num_rows == 0


def test_another_order_and_other_spellings_of_a_value_are_no_difference():
    header = "trx_id,ins_id,rate,at,flag,day,pred_score"
    ours = texts(
        "1,7,0.5,2024-01-01 00:30:00.000000,true,2024-01-01,0.9",
        "2,7,,2024-01-01 00:30:00.500000Z,false,2024-01-02,0.5",
        header=header,
    )
    pandas = texts(
        "2.0,7,,2024-01-01T00:30:00.5+00:00,False,2024-01-02 00:00:00,0.50",
        "1.0,7,5e-1,2024-01-01 00:30:00,True,2024-01-01 00:00:00,0.9",
        header=header,
    )
    assert compare_predictions(ours, pandas, key=KEY).same


@pytest.mark.parametrize("theirs", ["12345678901234567891", "012345678901234567890", ""])
def test_ids_are_not_compared_as_numbers(theirs):
    header = "trx_id,party,pred_score"
    left = texts("1,12345678901234567890,0.5", header=header)
    right = texts(f"1,{theirs},0.5", header=header)
    assert compare_predictions(left, right, key=["trx_id"]).differing["party"].rows == 1


def test_rows_and_columns_of_one_side_and_values_that_differ_are_counted():
    theirs = texts(
        "1,7,10,x,0.7", "2,7,21,x,0.9", "9,7,1,x,0.1",
        header="trx_id,ins_id,amount,more,pred_score",
    )  # fmt: skip
    found = compare_predictions(OURS, theirs, key=KEY, top=2)
    assert (found.rows, found.both, found.only) == ((4, 3), 2, (2, 1))
    assert found.columns_only == ((), ("more",))
    assert found.differing == {"amount": Differing(1)}
    assert found.scores.spearman == pytest.approx(-1.0)
    assert (found.scores.differing, found.scores.shared) == (2, 2)
    assert found.scores.largest == pytest.approx(0.2)
    assert found.scores.alerts == (2, 2, 2)
    assert not found.same
    assert found.keys.to_pydict() == {
        "trx_id": ["3", "4", "9", "1", "2"],
        "ins_id": ["7"] * 5,
        "where": ["left", "left", "right", "pred_score", "amount pred_score"],
    }


def test_a_value_that_one_side_lacks_is_told_apart_from_another_value():
    found = compare_predictions(
        OURS, texts("1,7,,0.9", "2,7,9,0.8", "3,7,30,0.1", "4,7,5,0.2"), key=KEY
    )
    assert found.differing == {"amount": Differing(3, empty_left=1, empty_right=1)}


def test_rows_that_repeat_a_key_are_counted_and_compared_with_nothing():
    multiplied = texts("1,7,10,0.9", "1,7,10,0.9", "2,7,20,0.8", "3,7,30,0.1", "4,7,,0.2")
    found = compare_predictions(OURS, multiplied, key=KEY)
    assert (found.repeated, found.both, found.only) == ((0, 2), 3, (1, 0))
    assert not found.same


def test_a_null_in_a_key_is_a_value_of_its_own():
    rows = texts("1,,10,0.9", "1,7,10,0.8")
    assert compare_predictions(rows, rows, key=KEY).both == 2


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=30))
def test_the_correlation_is_spearmans_with_ties(pairs):
    def side(place: int) -> pa.Table:
        return texts(*(f"{row},7,1,0.{pair[place]}" for row, pair in enumerate(pairs)))

    scores = compare_predictions(side(0), side(1), key=KEY).scores
    if any(len({pair[place] for pair in pairs}) == 1 for place in (0, 1)):
        assert scores.spearman is None
        assert scores.reason == "One side gives all rows the same score."
    else:
        expected: Any = stats.spearmanr([left for left, _ in pairs], [right for _, right in pairs])
        assert scores.spearman == pytest.approx(expected.statistic, abs=1e-12)


def test_files_without_a_row_are_the_same_and_have_no_correlation():
    empty = OURS.slice(0, 0)
    found = compare_predictions(empty, empty, key=KEY)
    assert found.same
    assert (found.scores.spearman, found.scores.median) == (None, None)
    assert compare_predictions(OURS, empty, key=KEY).only == (4, 0)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (texts("1,7,5", header="trx_id,ins_id,amount"), "column pred_score: the right file has no"),
        (texts("1,0.5", header="trx_id,pred_score"), "column ins_id: the right file has no"),
        (texts("1,7,1,high"), "column pred_score: the right file has a score that is missing or"),
        (texts("1,7,1,"), "column pred_score: the right file has a score that is missing or"),
    ],
)
def test_a_file_that_cannot_be_compared_is_named_without_a_value(table, sentence):
    with pytest.raises(InputError, match=sentence) as raised:
        compare_predictions(OURS, table, key=KEY)
    assert "high" not in str(raised.value)


def test_metrics_are_held_side_by_side_whichever_way_precision_is_spelt():
    ours = {"model_id": "m", "auc": 0.8, "precision": None, "precesion": None, "windows": {"a": 1}}
    theirs = {"model_id": "m", "auc": 0.7, "precesion": 0.5, "acc": 0.9}
    found = {each.name: each for each in compare_metrics(ours, theirs)}
    assert list(found) == ["model_id", "auc", "precision", "acc"]
    assert found["model_id"].same
    assert (found["precision"].left, found["precision"].right) == (None, 0.5)
    assert found["acc"].on == (False, True)
    assert not any(found[name].same for name in ("auc", "precision", "acc"))


def test_digits_beyond_a_double_count_where_both_files_have_them():
    exact = texts("1,7,12345678901234567.89,0.9")
    assert compare_predictions(exact, texts("1,7,12345678901234567.890,0.9"), key=KEY).same
    assert compare_predictions(exact, texts("1,7,1.2345678901234568e+16,0.9"), key=KEY).same
    other = compare_predictions(exact, texts("1,7,12345678901234567.90,0.9"), key=KEY)
    assert other.differing == {"amount": Differing(1)}
    # One double, as Python and C print it: leading zeros are no digits of its.
    python, c = (
        texts(f"1,7,{each},0.9") for each in ("0.007821216646994204", "0.0078212166469942036")
    )
    assert compare_predictions(python, c, key=KEY).same
