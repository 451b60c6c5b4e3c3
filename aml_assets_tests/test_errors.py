"""An error is one sentence with its place and its remedy, and a store error can change its path."""

import datetime as dt

from aml_assets.errors import AmlError, CorruptFile, InputError, NotLanded, TransientStoreError


def test_an_error_says_where_what_and_what_to_do():
    error = InputError(
        "it is empty", table="trx", day=dt.date(2024, 3, 1), column="id", remedy="Send it again."
    )
    assert str(error) == "table trx, day 2024-03-01, column id: it is empty. Send it again."
    assert str(AmlError("nothing fits")) == "nothing fits"


def test_a_store_error_keeps_its_kind_reason_and_remedy_under_another_path():
    error = CorruptFile("cut", path="/base/a", operation="read", remedy="Restore it").at("a")
    assert type(error) is CorruptFile
    assert str(error) == error.what + ". Restore it" == "read a: cut. Restore it"
    assert (error.reason, error.path, error.operation) == ("cut", "a", "read")


def test_only_faults_that_may_pass_by_themselves_are_retried():
    assert TransientStoreError.retryable
    assert NotLanded.retryable
    assert not InputError.retryable
    assert not CorruptFile.retryable


def test_any_name_of_a_column_stands_in_one_line():
    assert str(InputError("it is empty", column="")) == "column '': it is empty"
    odd = InputError("it is empty", column="two\nlines \udc80\x1b[1m")
    assert str(odd) == "column two\\nlines \\udc80\\x1b[1m: it is empty"
