"""Unreadable credential files are refused by their setting, and GSSAPI's texts are translated."""

import base64

import pytest

from aml_assets.errors import SettingsError
from aml_assets.io.filesystems import credentials
from aml_assets.settings.store_settings import HdfsSettings


def test_a_named_file_that_cannot_be_read_is_refused_by_its_setting(tmp_path):
    token = tmp_path / "token"
    settings = HdfsSettings(authentication="token", token_file=str(token))
    with pytest.raises(SettingsError, match=r"hdfs\.token_file cannot be read"):
        credentials.check_files(settings)
    token.write_text("t")
    credentials.check_files(settings)


def test_only_a_delegation_token_is_read_from_a_token_file(tmp_path):
    file = tmp_path / "token"
    text = base64.urlsafe_b64encode(b"..HDFS_DELEGATION_TOKEN..").decode().rstrip("=")
    file.write_text(f"{text}\n")
    assert credentials.token(str(file)) == text
    for other in ("", "secret", base64.urlsafe_b64encode(b"block token").decode()):
        file.write_text(other)
        with pytest.raises(SettingsError, match="holds no delegation token") as caught:
            credentials.token(str(file))
        assert not other or other not in str(caught.value)


def test_a_text_of_gssapi_is_translated_once_and_others_are_unknown():
    ours = credentials.cause("Major (851968): Ticket expired, Minor: ...")
    assert ours == "the Kerberos ticket has expired"
    assert credentials.cause(ours) == ours
    assert credentials.cause("something else") is None
