"""``aml ledger``: whole or broken at an entry, and what it says, as a person reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from aml_assets.cli.app import app
from aml_assets.io.decisions import Decision, this_user
from aml_assets_tests.conftest import Bank, day

MODEL = "aml_xgboost_2024-01-05"


@pytest.fixture
def aml(built: Bank, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command over the bank's files."""
    for name, value in built.variables.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, ["ledger", *words])


@pytest.fixture
def digest(built: Bank) -> str:
    """The model of day 5, which is made the champion by the second of 25 entries."""
    ledger, found = built.catalog.ledger, built.catalog.models.manifest(day(5)).digest
    decision = Decision.now("a reason", "", by="Ada")
    about = {
        "line": "",
        "model_id": MODEL,
        "model_digest": found,
        "model_path": f"model/{MODEL}.ubj",
        "from_day": str(day(5)),
        "gate": {"found": 0.75},
    }
    for number in range(1, 26):
        if number == 2:
            ledger.append("promotion", decision, about)
        else:
            ledger.append("skip", decision, {"day": f"2024-02-{number:02}"})
    return found


def test_a_whole_ledger_says_how_many_entries_it_has_since_when_and_its_last_digest(
    built: Bank, aml, digest
):
    done = aml("verify")
    end = built.catalog.ledger.end()
    assert done.exit_code == 0
    assert end is not None
    first, last = done.output.splitlines()
    assert first.startswith("All 25 entries are whole; the first one is of 20")
    assert last.endswith(f"its digest is {end.digest}.")


def test_a_broken_ledger_ends_with_1_and_names_the_first_broken_entry(built: Bank, aml, digest):
    path = built.store / "ledger/00000007.json"
    path.write_bytes(path.read_bytes().replace(b"2024-02-07", b"2024-02-08"))
    done = aml("verify")
    assert done.exit_code == 1
    assert "the ledger is broken at entry 7: " in done.output


def test_an_empty_ledger_is_said_to_be_empty(built: Bank, aml):
    for words in (["verify"], ["show"]):
        done = aml(*words)
        assert (done.exit_code, "is empty: nothing was decided yet" in done.output) == (0, True)


def test_the_latest_twenty_entries_are_a_line_each(aml, digest):
    lines = aml("show").output.splitlines()
    assert [int(line.split()[0]) for line in lines] == [*range(6, 26)]
    assert lines[-1].endswith(f"  skip, by Ada (claimed by {this_user()}), 2024-02-25: a reason")


def test_a_day_tells_its_model_its_promotion_and_its_entries(aml, digest):
    told = aml("show", "--day", str(day(5))).output.splitlines()
    promoted = f"Ada (claimed by {this_user()}), reports: {MODEL} from 2024-01-05 on: a reason"
    assert told[0] == f"reports: scored by {MODEL}, content {digest[:12]} (today's)"
    assert told[1].startswith("  2  20")
    assert told[1].endswith(f"  promotion, by {promoted}")
    assert told[2:4] == ["    gate: found 0.75", "1 entries of the ledger speak of 2024-01-05."]
    told = aml("show", "--day", "2024-02-09").output.splitlines()
    assert told[0] == "reports: it was not scored"
    assert told[1] == "1 entries of the ledger speak of 2024-02-09."
    assert told[2].endswith("2024-02-09: a reason")


def test_a_model_and_a_customer_tell_their_days(aml, digest):
    told = aml("show", "--model", MODEL).output.splitlines()
    assert told[1:] == ["    gate: found 0.75", "reports: it scored 1 days: 2024-01-05"]
    done = aml("show", "--customer", "1")
    assert done.output.splitlines()[0] == (
        f"2024-01-05  reports: {MODEL}, content {digest[:12]} (today's), champion by entry 2"
    )
    assert "K-1" not in (unknown := aml("show", "--customer", "K-1").output)
    assert unknown == "No stored scores are of this customer.\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["show", "--day", "2031-01-01"], 1, "the ledger has no entry about it"),
        (["show", "--day", "soon"], 2, "'soon' is no day"),
        (["show", "--model", "absent"], 1, "no stored scores name this model"),
        (["show", "--model", "a", "--customer", "b"], 2, "one of --day, --model and --customer"),
        (["verify", "--model", "a"], 2, "verify, none"),
        (["repair"], 2, "is not one of"),
    ],
)
def test_wrong_words_are_one_sentence(aml, words: list[str], code: int, said: str):
    done = aml(*words)
    assert done.exit_code == code
    assert said in " ".join(done.output.replace("│", " ").split())


def test_a_store_that_is_away_is_named(built: Bank, aml, monkeypatch):
    monkeypatch.setenv("AML_STORE__URL", "webhdfs://127.0.0.1:1/store")
    monkeypatch.setenv("AML_HDFS__AUTHENTICATION", "insecure")
    monkeypatch.setenv("AML_HDFS__RETRY_SECONDS", "0")
    done = aml("verify")
    assert done.exit_code == 1
    assert "list ledger: " in done.output
