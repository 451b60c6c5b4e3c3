"""Ways: parts of the pairs give what all of them give, and a part is no larger than it may be."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.ways import against, along, parts_of, ways

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


def looked_at(part, first, second):
    """How many ways are looked at for a part, over both windows."""
    found = 0
    for window in WINDOWS:
        (of_first, of_second) = (
            steps.filter(steps.column(f"new_{window}")).to_pylist() for steps in (first, second)
        )
        onward = [row["source"] for row in of_second]
        sources = set(part.column("source").to_pylist())
        found += sum(onward.count(row["target"]) for row in of_first if row["source"] in sources)
        found += sum(onward.count(target) for target in part.column("target").to_pylist())
    return found


@given(rows, rows, st.integers(1, 9), st.booleans(), st.sampled_from([along, against]))
def test_parts_give_what_all_pairs_give_and_only_a_part_s_last_source_exceeds_the_bound(
    today, new, most, is_back, direction
):
    pairs = direction(relations(today).select(["payer", "payee"]))
    first, second = direction(relations(new)), along(relations(new))
    whole = ways(pairs, first, second, WINDOWS, is_back=is_back)
    parts = list(parts_of(pairs, first, [second], WINDOWS, ACCOUNTS, most))
    found = [ways(each, first, second, WINDOWS, is_back=is_back) for each in parts]
    assert pa.concat_tables(found).equals(whole)
    assert pa.concat_tables(parts).equals(pairs)
    for each in parts:
        sources = each.column("source")
        but_the_last = each.filter(pc.not_equal(sources, sources[-1])) if len(each) else each
        assert looked_at(but_the_last, first, second) <= most
