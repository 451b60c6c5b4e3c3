"""Places as people write them: what is nearly a URL never becomes a folder of that name here."""

import pytest

from aml_assets.settings.urls import is_url


@pytest.mark.parametrize("text", ["hdfs://bank:8020/aml", "file:///aml", "webhdfs://a,b/c"])
def test_a_scheme_and_two_slashes_make_a_url(text: str):
    assert is_url(text)


@pytest.mark.parametrize(
    "text", ["var/store", "/srv/aml", "/srv//a:b", "./a:b", ".", "../x", "./~", "a b", "日/中"]
)
def test_what_a_shell_takes_for_a_path_is_one(text: str):
    assert not is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "hdfs:/aml", "file:/aml", "hdfs:aml", "hdfs//aml", "hdfs;//aml", "HDFS://bank/aml",
        "Hdfs://bank/aml", "hdfs ://bank/aml", "hdfs\uff1a//bank/aml", "namenode:8020/aml",
        "//namenode/aml", "://bank/aml", "C:\\aml", "\\\\bank\\aml", "~/aml", "~", "~aml/x",
        "$HOME/aml", "${HOME}/aml", "%HOME%/aml", '"/aml"', "'hdfs://bank/aml'", "",
        " hdfs://bank/aml", "/aml ", "/aml\n", "/a\x00b",
        "/a\u200bb", "/a\ufeff", "/a\u3000b", "/a\x85b", "hdfs://bank\u200b/aml",
    ],
)  # fmt: skip
def test_what_is_meant_elsewhere_is_refused_and_quoted(text: str):
    with pytest.raises(ValueError, match=r"is |names |has ") as raised:
        is_url(text)
    assert str(raised.value).startswith(repr(text))
