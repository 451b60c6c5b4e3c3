"""``aml rescore``, as a person types it, on a machine that has no XGBoost."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from aml_assets_tests.conftest import Bank
from aml_assets_tests.steps.test_rescoring import restored

BLOCKED = """
import sys
sys.modules["xgboost"] = None  # whoever imports it fails
from aml_assets.cli.app import main
sys.argv = ["aml", *sys.argv[1:]]
main()
"""


@pytest.fixture
def aml(built: Bank) -> Callable[..., Any]:
    def run(*words: str):
        command = [sys.executable, "-c", BLOCKED, "rescore", *words]
        environment = {**os.environ, **built.variables}
        done = subprocess.run(
            command, env=environment, cwd=built.root, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def test_it_says_that_the_margins_are_the_same_without_xgboost(built: Bank, aml: Any):
    before = built.files()
    done = aml("2024-01-05")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "predictions/predictions 2024-01-05: 8 rows, scored by aml_xgboost_2024-01-05: same "
        "(largest difference of a margin "
    )
    assert built.files() == before


def test_a_difference_is_exit_code_1_and_trouble_is_2(built: Bank, aml: Any):
    scores = built.csv(5).column("pred_score").to_numpy().copy()
    scores[4] = 0.987
    restored(built.catalog, pred_score=scores)
    done = aml("2024-01-05")
    assert done.returncode == 1, done.stderr
    assert "1 rows differ, rank 5 first (largest difference" in done.stdout
    for words, said in ((["2024-01-06"], "has not been materialized"), (["x"], "is no day")):
        done = aml(*words)
        assert done.returncode == 2
        assert said in done.stderr
        assert done.stdout == ""


def test_a_line_without_scores_is_named(built: Bank, aml: Any):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AML_LINES__CUSTOMER__HORIZON_DAYS", "1")
        done = aml("2024-01-05")
    assert done.returncode == 0, done.stderr
    assert "predictions/customer_scores 2024-01-05: no scores are stored" in done.stdout
