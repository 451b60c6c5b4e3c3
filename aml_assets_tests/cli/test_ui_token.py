"""The token of the UI on one machine."""

import re
import stat
from pathlib import Path

import pytest

from aml_assets.cli.ui_token import FILE, ui_link, ui_token
from aml_assets.errors import SettingsError


def test_the_link_stays_the_same_and_its_token_is_for_its_owner_alone(tmp_path: Path):
    link = ui_link(tmp_path, 3000)
    assert re.fullmatch(r"http://127\.0\.0\.1:3000/\?token=[\w-]{32}", link)
    assert ui_link(tmp_path, 3000) == link
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_each_home_has_its_own(tmp_path: Path):
    homes = [tmp_path / "one", tmp_path / "other"]
    for home in homes:
        home.mkdir()
    assert ui_token(homes[0]) != ui_token(homes[1])


def test_a_token_that_others_could_read_is_replaced(tmp_path: Path):
    known = ui_token(tmp_path)
    (tmp_path / FILE).chmod(0o640)
    assert ui_token(tmp_path) != known
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\xfe\x00", b"a" * 31 + b"?"])
def test_what_is_no_token_is_replaced(tmp_path: Path, content: bytes):
    ui_token(tmp_path)
    (tmp_path / FILE).write_bytes(content)
    token = ui_token(tmp_path)
    assert re.fullmatch(r"[\w-]{32}", token)
    assert (tmp_path / FILE).read_text() == f"{token}\n"


def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path):
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SettingsError, match=rf"token of the UI, .*{FILE}.*Remove it"):
        ui_token(tmp_path)
