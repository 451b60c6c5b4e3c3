"""The sensor's cursor as JSON: what is written is read back, old versions too."""

from __future__ import annotations

import json

import pytest

from aml_assets.core.night.cursor import WITH_TABLES, Cursor, RequestKey, Stage
from aml_assets.core.night.readiness import SettleState
from aml_assets_tests.core.night.night_harness import ALERT_PAGE, MODEL, day

STATE = SettleState("abc", 5.0, success_is_older=True, quiet=60, observed=1000)


def test_a_cursor_survives_its_json():
    cursor = Cursor(
        settling={day(1): {"trx": STATE}},
        settling_statics={"retail": STATE},
        requested={
            RequestKey(Stage.TABLES, day(1)): "a",
            RequestKey(Stage.REMAKE, day(2), MODEL): "b",
            RequestKey(Stage.REMAKE, day(3), MODEL): "c",
        },
        partial_since={day(1): 7.5},
        alarmed={day(1), day(2)},
    )
    assert Cursor.from_json(cursor.to_json()) == cursor


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_survives_the_json(stage):
    cursor = Cursor(requested={RequestKey(stage, day(1), "x"): "a"})
    assert Cursor.from_json(cursor.to_json()) == cursor


def test_a_cursor_of_version_1_is_read_whole():
    old = {
        "version": 1,
        "seen": {"2024-01-01": {"trx": STATE.to_json()}, "static": {"retail": STATE.to_json()}},
        "built": {"2024-01-01": "a"},
        "asked": {
            "features 2024-01-01": "with tables a",
            "learn 2024-01-02": "b",
            f"remake {MODEL} 2024-01-02": "c",
            f"report {ALERT_PAGE} 2024-01-02": "d",
            "transactions 2024-01-03": "unwatched",
        },
        "since": {"2024-01-04": 7.5},
        "alarmed": ["2024-01-04"],
    }
    assert Cursor.from_json(json.dumps(old)) == Cursor(
        settling={day(1): {"trx": STATE}},
        settling_statics={"retail": STATE},
        requested={
            RequestKey(Stage.TABLES, day(1)): "a",
            RequestKey(Stage.FEATURES, day(1)): WITH_TABLES,
            RequestKey(Stage.LEARNING, day(2)): "b",
            RequestKey(Stage.REMAKE, day(2), MODEL): "c",
            RequestKey(Stage.PAGE, day(2), ALERT_PAGE): "d",
            RequestKey(Stage.TRANSACTIONS, day(3)): "unwatched",
        },
        partial_since={day(4): 7.5},
        alarmed={day(4)},
    )


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "3", '{"version": 3}', '{"version": 2}', '{"version": 1}']
)
def test_a_cursor_that_cannot_be_read_counts_as_lost(text):
    assert Cursor.from_json(text) == Cursor()
