"""A changed schema is told by the columns that differ from the newest earlier day."""

from aml_assets.core.tables.schema_change import schema_change

BEFORE = {"id": "id", "amount": "numeric", "desk": "category"}


def test_columns_that_came_went_or_changed_their_kind_are_counted_and_named():
    now = {"id": "id", "amount": "category", "channel": "category"}
    assert schema_change(now, [BEFORE, now]) == (
        3.0,
        "column channel is new, desk is gone, amount was numeric and is category",
    )


def test_the_same_columns_in_another_order_are_no_change():
    assert schema_change(dict(reversed(BEFORE.items())), [{}, BEFORE])[0] == 0.0


def test_nothing_is_judged_without_a_day_to_compare_with():
    for now, past in ((BEFORE, []), (BEFORE, [{}]), ({}, [BEFORE])):
        assert schema_change(now, past)[0] is None


def test_of_many_changes_five_are_named():
    count, said = schema_change({f"c{n}": "id" for n in range(9)}, [{"c0": "id"}])
    assert (count, said.count(" is new"), said.endswith(", and 3 more")) == (8.0, 5, True)
