"""What a test needs of its machine: skipped aloud where it is missing, failed where it must not.

Belongs here: the one rule for that. `.ci/run` sets ``AML_REQUIRE_ALL=1``: there a missing
requirement is a failure, so that a green run has run everything.
"""

import os
from pathlib import Path

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""The real input, beside the checkout where it was handed out."""


def require(available: bool, what: str) -> None:
    """Go on if ``what`` is there; else skip, or fail under ``AML_REQUIRE_ALL=1``."""
    if available:
        return
    import pytest  # here, since `make hdfs-up` does without the developers' tools

    if os.environ.get("AML_REQUIRE_ALL") == "1":
        pytest.fail(f"AML_REQUIRE_ALL=1, and this machine lacks {what}", pytrace=False)
    pytest.skip(f"this machine lacks {what}")


def amlgentex() -> Path:
    """The landing of AMLGentex's simulated bank."""
    landing = SHARED_DATA / "amlgentex"
    require(landing.is_dir(), f"the real input ({landing.name} beside the checkout)")
    return landing


def laundering_attempts() -> Path:
    """The laundering attempts of AMLworld HI-Small, with their kinds."""
    file = SHARED_DATA / "HI-Small_Patterns.txt"
    require(file.is_file(), f"the known answers ({file.name} beside the checkout)")
    return file
