"""The sensor's cursor as text: what is written is read back, old versions too."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from aml_assets.core.night.cursor import WITH_TABLES, Cursor, RequestKey, Stage
from aml_assets.core.night.readiness import SettleState
from aml_assets.core.staleness import fingerprint
from aml_assets_tests.core.night.night_harness import ALERT_PAGE, MODEL, day

STATE = SettleState("abc", 5.0, success_is_older=True, quiet=60, observed=1000)
CURSOR = Cursor(
    settling={day(1): {"trx": STATE}},
    settling_statics={"retail": STATE},
    requested={
        RequestKey(Stage.TABLES, day(1)): "a",
        RequestKey(Stage.REMAKE, day(2), MODEL): "b",
        RequestKey(Stage.REMAKE, day(3), MODEL): "c",
    },
    partial_since={day(1): 7.5},
    alarmed={day(1), day(2)},
    left_alone=day(1),
)


def test_a_cursor_survives_its_text():
    assert Cursor.from_text(CURSOR.to_text()) == CURSOR


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_survives_the_text(stage):
    cursor = Cursor(requested={RequestKey(stage, day(1), "x"): "a"})
    assert Cursor.from_text(cursor.to_text()) == cursor


def test_a_cursor_over_two_months_is_a_few_kilobytes():
    """Dagster's page of the sensor fetches one with each tick."""
    tables = ("trx", "str")
    cursor = Cursor()
    for number in range(60):
        signature = {name: fingerprint([name, number]) for name in tables}
        cursor.settling[day(number)] = {
            name: SettleState(signature[name], 1.7e9 + number * 86400.123, False, 60 * number, 9e9)
            for name in tables
        }
        for stage in (Stage.TABLES, Stage.FEATURES, Stage.LEARNING, Stage.SCORING):
            cursor.requested[RequestKey(stage, day(number))] = fingerprint([stage, number])
    assert len(cursor.to_text()) < 10_000


def test_a_cursor_as_plain_text_is_read():
    plain = zlib.decompress(base64.b64decode(CURSOR.to_text().removeprefix("zlib:"))).decode()
    assert Cursor.from_text(plain) == CURSOR


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
    assert Cursor.from_text(json.dumps(old)) == Cursor(
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
    "text",
    [
        *(None, "", "{", "[]", "3", '{"version": 3}', '{"version": 2}', '{"version": 1}'),
        *("zlib:", "zlib:é", "zlib:eJw=", "zlib:eJyrVkrOSCzKTi1SslIqSSwuUaoFACy9BYo"),
    ],
)
def test_a_cursor_that_cannot_be_read_counts_as_lost(text):
    assert Cursor.from_text(text) == Cursor()


def test_a_day_was_tried_if_a_further_line_s_frames_or_model_were_requested_of_it():
    for stage in (Stage.FEATURES, Stage.LEARNING):
        cursor = Cursor(requested={RequestKey(stage, day(1), "customer"): "a"})
        assert cursor.was_tried(day(1), ["customer"])
        assert not cursor.was_tried(day(1))
        assert not cursor.was_tried(day(2), ["customer"])
    assert not Cursor(requested={RequestKey(Stage.FEATURES, day(1)): "a"}).was_tried(day(1))
