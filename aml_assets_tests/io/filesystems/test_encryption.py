"""Each text about the KMS becomes an error that says whether waiting helps."""

import pytest

from aml_assets.errors import StoreError, Unreachable
from aml_assets.io.filesystems.encryption import encryption_error


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("no KMS provider is configured", StoreError, "no KMS is named"),
        ("KMS HTTP error: refused", Unreachable, "does not answer"),
        ("KMS request failed (503): busy", Unreachable, "does not answer"),
        ("KMS request failed (403): denied", StoreError, "does not give this user"),
    ],
)
def test_a_text_about_the_kms_becomes_an_error_with_path_and_remedy(text, kind, said):
    error = encryption_error(text, path="zone/x", operation="write")
    assert error is not None
    assert type(error) is kind
    assert said in error.reason
    assert error.remedy
    assert str(error).startswith("write zone/x: ")


def test_a_text_about_anything_else_is_left_to_others():
    assert encryption_error("connection refused", path="x", operation="read") is None
