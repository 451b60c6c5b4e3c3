"""A person's decision is stored with its reason, replaced by a later one, and can be taken back."""

from __future__ import annotations

import os
import pwd

from aml_assets.io.decisions import Decision, Decisions, this_user
from aml_assets.io.store import Store


def test_a_decision_is_found_until_it_is_taken_back(tmp_path):
    skips = Decisions(Store(str(tmp_path)), "skips")
    assert skips.find("2024-03-01") is None
    first = Decision.now("a holiday", "signature")
    skips.record("2024-03-01", first)
    assert skips.find("2024-03-01") == first
    assert first.by == this_user()
    skips.record("2024-03-01", Decision.now("a mistake", "signature", by="eve", holds=False))
    assert skips.find("2024-03-01") is None
    assert skips.names() == ["2024-03-01"]
    assert len(list((tmp_path / "decisions/skips/.versions").iterdir())) == 1


def test_a_decision_whose_file_was_altered_is_ignored_with_a_warning(tmp_path, caplog):
    overrides = Decisions(Store(str(tmp_path)), "overrides")
    overrides.record("trx.rows.2024-03-01", Decision.now("checked by hand", "digest"))
    path = tmp_path / "decisions/overrides/trx.rows.2024-03-01.json"
    path.write_bytes(path.read_bytes().replace(b"by hand", b"by Hand"))
    assert overrides.find("trx.rows.2024-03-01") is None
    assert "ignored a decision whose file cannot be read" in caplog.text


def test_who_decides_is_not_read_from_variables_that_anybody_may_set(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "the.boss")
    assert Decision.now("why", "about").by == pwd.getpwuid(os.getuid()).pw_name


def test_a_name_that_nobody_checked_is_called_a_claim_in_the_record_and_in_words():
    claimed = Decision.now("why", "about", by="Ada")
    assert (claimed.known, claimed.by, claimed.login) == ("claim", "Ada", None)
    assert claimed.who == f"Ada (claimed by {this_user()})"
    assert Decision.now("why", "about").who == f"{this_user()} (claimed)"
    # The cluster knows who wrote it, not who Ada is.
    written = Decision.now("why", "about", by="Ada", login="eve@BANK.EXAMPLE")
    assert (written.known, written.who) == ("claim", "Ada (claimed by eve@BANK.EXAMPLE)")
    checked = Decision.now("why", "about", login="eve@BANK.EXAMPLE")
    assert (checked.known, checked.who) == ("login", "eve@BANK.EXAMPLE")


def test_a_decision_of_before_is_a_claim(tmp_path):
    skips = Decisions(Store(str(tmp_path)), "skips")
    skips.record("2024-03-01", Decision("why", "Ada", "2024-03-02T00:00:00+00:00", "about"))
    path = tmp_path / "decisions/skips/2024-03-01.json"
    assert "login" in path.read_text()
    found = skips.find("2024-03-01")
    assert found is not None
    assert found.who == "Ada (claimed)"
