"""Ways: what they count, that parts give what all pairs give, and how large a part may be."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.ways import parts_of, steps, ways
from aml_assets.core.tables.chunks import in_memory

ACCOUNTS, WINDOWS = 7, (1, 2)
account = st.integers(0, ACCOUNTS - 1)
pair = st.tuples(account, account).filter(lambda each: each[0] != each[1])
rows = st.lists(
    st.tuples(pair, st.booleans(), st.booleans()), max_size=25, unique_by=lambda r: r[0]
)


def relations(given_rows):
    ends = np.array([row[0] for row in given_rows], np.int64).reshape(-1, 2)
    new = {f"new_{w}": pa.array([row[w] for row in given_rows], pa.bool_()) for w in WINDOWS}
    return pa.table({"payer": ends[:, 0], "payee": ends[:, 1], **new})


def steps_of(given_rows, *, against, columns=("new_1", "new_2")):
    rows = relations(given_rows)
    return steps(rows, columns, against=against, accounts=ACCOUNTS, keep=in_memory)


def looked_at(sources, pairs, first, second):
    """How many ways start at some sources."""
    onward = second.rows.column("source").to_pylist()
    found = 0
    for each in (pairs, first):
        rows = each.rows.to_pylist()
        found += sum(onward.count(row["target"]) for row in rows if row["source"] in sources)
    return found


@given(rows, rows, st.integers(1, 9), st.booleans(), st.booleans())
def test_parts_give_what_all_pairs_give_and_only_a_part_s_last_source_exceeds_the_bound(
    today, new, most, is_back, against
):
    pairs = steps_of(today, against=against, columns=())
    first, second = steps_of(new, against=against), steps_of(new, against=False)
    whole = ways(pairs.rows, first, second, WINDOWS, is_back=is_back)
    parts = list(parts_of(pairs, first, [second], most))
    found = [ways(pairs.between(*p), first, second, WINDOWS, is_back=is_back) for p in parts]
    assert pa.concat_tables(found).equals(whole)
    assert pa.concat_tables([pairs.between(*part) for part in parts]).equals(pairs.rows)
    for part in parts:
        *but_the_last, _ = sorted(set(pairs.between(*part).column("source").to_pylist())) or [0]
        assert looked_at(but_the_last, pairs, first, second) <= most


@given(rows, rows, st.booleans(), st.booleans())
def test_ways_are_those_that_loops_over_all_payments_find(today, new, is_back, against):
    pairs = steps_of(today, against=against, columns=())
    first, second = steps_of(new, against=against), steps_of(new, against=False)
    found = ways(pairs.rows, first, second, WINDOWS, is_back=is_back).to_pylist()
    first_steps, second_steps = first.rows.to_pylist(), second.rows.to_pylist()
    for row in found:
        source, target = row["source"], row["target"]
        for w in WINDOWS:
            onward = {(s["source"], s["target"]) for s in second_steps if s[f"new_{w}"]}
            ends = [
                end
                for s in first_steps
                if s[f"new_{w}"] and s["source"] == source
                for via, end in onward
                if via == s["target"] and (is_back or end != source)
            ]
            shared = [ends.count(end) for via, end in onward if via == target]
            assert row[f"ends_{w}"] == len({*ends})
            assert row[f"most_{w}"] == max(shared, default=0)
            assert row[f"several_{w}"] == sum(number >= 2 for number in shared)


@given(rows)
def test_steps_are_sorted_and_paid_since_the_day_that_is_asked_about(new):
    days = [number % 3 for number in range(len(new))]
    dated = relations(new).append_column("last_day", pa.array(days, pa.int64()))
    found = steps(dated, ["new_1"], against=True, accounts=ACCOUNTS, keep=in_memory, since=1)
    expected = [
        {"source": row["payee"], "target": row["payer"], "new_1": row["new_1"]}
        for row in dated.to_pylist()
        if row["last_day"] >= 1
    ]
    expected.sort(key=lambda row: (row["source"], row["target"]))
    assert found.rows.to_pylist() == expected
