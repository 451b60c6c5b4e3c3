"""The failure of a step: its sentences, what each is about, and if it follows from another."""

import dagster as dg

from aml_assets.assets.dagster_internals import UserFailureData
from aml_assets.assets.failures import ERRORS_KEY, failure, only_follows
from aml_assets.errors import AmlError, InputError, NotLanded, UpstreamFailed

LATE = NotLanded("nothing has landed", table="trx", day="2024-02-14", remedy="Wait.")
BROKEN = InputError("a column is missing", table="str", day="2024-02-14", column="label")
FOLLOWS = UpstreamFailed("it was not built", table="models/model", day="2024-02-14")


def test_each_sentence_is_one_line_of_the_description_and_is_said_once():
    assert (failure([LATE, BROKEN, LATE]).description or "").splitlines() == [
        "table trx, day 2024-02-14: nothing has landed. Wait.",
        "table str, day 2024-02-14, column label: a column is missing",
    ]


def test_the_metadata_says_what_each_error_is_about():
    listed = failure([LATE]).metadata[ERRORS_KEY]
    assert isinstance(listed, dg.JsonMetadataValue)
    assert listed.value == [
        {
            "kind": "NotLanded",
            "sentence": "table trx, day 2024-02-14: nothing has landed. Wait.",
            "table": "trx",
            "day": "2024-02-14",
            "column": None,
            "remedy": "Wait.",
            "place": None,
        }
    ]


def test_dagster_never_retries_it_by_itself():
    assert not failure([LATE]).allow_retries
    assert not failure([LATE, BROKEN]).allow_retries


def test_a_failure_that_only_follows_from_others_is_recognized():
    def data(*errors: AmlError) -> UserFailureData:
        failed = failure(errors)
        return UserFailureData("", description=failed.description, metadata=failed.metadata)

    assert only_follows(data(FOLLOWS, FOLLOWS))
    assert not only_follows(data(FOLLOWS, LATE))
    assert not only_follows(UserFailureData("", description="by somebody else", metadata={}))
    assert not only_follows(None)
