"""A person's decision is stored with its reason, replaced by a later one, and can be taken back."""

from __future__ import annotations

import getpass

from aml_assets.io.decisions import Decision, Decisions
from aml_assets.io.store import Store


def test_a_decision_is_found_until_it_is_taken_back(tmp_path):
    skips = Decisions(Store(str(tmp_path)), "skips")
    assert skips.find("2024-03-01") is None
    first = Decision.now("a holiday", "signature")
    skips.record("2024-03-01", first)
    assert skips.find("2024-03-01") == first
    assert first.by == getpass.getuser()
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
