"""History: days below each other, and the rows of one day's accounts.

Belongs here: `of_accounts`. Does not belong here: stacking days, which `test_network` shows with
the features that come of them.
"""

import pyarrow as pa
import pytest

from aml_assets.core.relations.history import of_accounts


@pytest.mark.parametrize("own", ["plain", "coded"])
@pytest.mark.parametrize("wanted", ["plain", "coded"])
def test_the_rows_of_wanted_accounts_stay_in_their_order(own: str, wanted: str):
    def day(accounts: list[str], how: str) -> pa.Table:
        ids = pa.array(accounts, pa.string())
        ids = ids.dictionary_encode() if how == "coded" else ids
        return pa.table({"account": ids, "n": range(len(accounts))})

    found = of_accounts(day(["b", "a", "c", "b"], own), day(["b", "c", "z"], wanted), "account")
    assert found["account"].to_pylist() == ["b", "c", "b"]
    assert found["n"].to_pylist() == [0, 2, 3]
    assert of_accounts(day(["a"], own), day([], wanted), "account").num_rows == 0


def test_of_ids_of_another_type_every_row_stays_for_the_error_that_names_the_days():
    numbers, texts = pa.table({"account": [1, 2]}), pa.table({"account": ["1", "3"]})
    assert of_accounts(numbers, texts, "account").num_rows == 2
