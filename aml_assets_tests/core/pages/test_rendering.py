"""Rendering: escaped values, refused gaps, the policy's hashes, and the pages' own filters."""

import base64
import hashlib

import jinja2
import pytest

from aml_assets.core.language import ENGLISH
from aml_assets.core.pages import rendering


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.25, "+1.25"), (-0.5, "−0.50"), (0.004, "0.00"), (-0.004, "0.00"), (0.0, "0.00")],
)
def test_a_contribution_has_a_sign_unless_it_rounds_to_zero(value, text):
    assert rendering.signed(value) == text


def test_a_value_that_the_template_needs_and_nobody_gave_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        rendering.render("alerts.html")


def test_the_policy_allows_the_style_and_the_script_by_their_hashes_and_nothing_else():
    seen = {}

    class Page:
        @staticmethod
        def render(**values):
            seen.update(values)
            return "page"

    class Environment:
        def __init__(self, language):
            assert language == ENGLISH

        @staticmethod
        def get_template(name):
            return Page

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_environment", Environment)
        assert rendering.render("any.html", report=1) == "page"
    policy = seen["policy"]
    assert policy.startswith("default-src 'none'; ")
    for text in (seen["style"], seen["script"]):
        digest = base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert seen["report"] == 1
