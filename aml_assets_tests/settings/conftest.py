"""A configuration file for the tests of the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write a YAML file and name it in the environment."""

    def write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("AML_CONFIG", str(path))
        return path

    return write
