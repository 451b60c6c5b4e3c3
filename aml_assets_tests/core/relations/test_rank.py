"""Ranks: PageRank as its definition has it, whatever the order of relations."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from aml_assets.core.relations.rank import DAMPING, ROUNDS, ranks
from aml_assets.core.relations.ways import steps

pair = st.tuples(st.integers(0, 7), st.integers(0, 7))
relations = st.lists(pair.filter(lambda each: each[0] != each[1]), max_size=20, unique=True)


def ranked(rows, accounts=9, at_once=20):
    columns = np.array(rows, np.int64).reshape(-1, 2)
    relation = pa.table({"payer": columns[:, 0], "payee": columns[:, 1]})

    def keep(batches):
        table = pa.Table.from_batches(list(batches)).combine_chunks()
        return pa.Table.from_batches(table.to_batches(at_once), table.schema)

    return ranks(steps(relation, against=True, accounts=accounts, keep=keep))


def by_definition(rows, accounts=9):
    present = sorted({account for row in rows for account in row})
    rank = dict.fromkeys(present, 1.0)
    for _ in range(ROUNDS):
        ends = sum(rank[each] for each in present if all(each != payer for payer, _ in rows))
        new = dict.fromkeys(present, 1 - DAMPING + DAMPING * ends / max(len(present), 1))
        for payer, payee in rows:
            paid = sum(payer == other for other, _ in rows)
            new[payee] += DAMPING * rank[payer] / paid
        rank = new
    return [rank.get(account, 0.0) for account in range(accounts)]


@given(relations)
def test_ranks_are_those_of_the_definition_and_one_on_average(rows):
    found = ranked(rows)
    np.testing.assert_allclose(found, by_definition(rows), atol=1e-6)
    if rows:
        assert abs(found[found > 0].mean() - 1) < 1e-5


@given(relations, st.randoms(), st.integers(1, 5))
def test_neither_the_order_of_relations_nor_their_chunks_change_a_byte(rows, random, at_once):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert ranked(shuffled, at_once=at_once).tobytes() == ranked(rows).tobytes()
