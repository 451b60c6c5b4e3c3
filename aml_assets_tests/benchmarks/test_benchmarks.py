"""Each benchmark at its small size, as a process of its own, and the shape of its last line."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aml_assets_tests.hadoop.artefacts import require_hadoop
from aml_assets_tests.requirements import amlgentex, laundering_attempts
from aml_assets_tests.spark.server import SPARK

pytestmark = pytest.mark.long  # whole benchmarks

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / name), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def figures(name: str, *arguments: str) -> dict[str, Any]:
    done = run(name, *arguments)
    assert done.returncode == 0, done.stderr
    table, last = done.stdout.rstrip("\n").rsplit("\n", 1)
    assert table.strip(), "people are shown a table"
    return json.loads(last)


def test_preparation_ends_with_its_three_ratios():
    values = figures("preparation.py", "--small")
    assert list(values) == ["speedup", "memory_ratio", "growth"]
    assert all(math.isfinite(value) and value > 0 for value in values.values())


def test_spark_ends_with_what_a_row_costs_and_its_memory():
    SPARK.require()
    values = figures("spark.py", "--small")
    assert list(values) == [
        "rows",
        "executors_mb",
        "server_mb",
        "microseconds_a_row",
        "processor_ratio",
    ]
    assert values["rows"] == 300_000
    assert 0 < values["executors_mb"] < 4_000
    assert 0 < values["server_mb"] < 4_000
    assert all(map(math.isfinite, values["microseconds_a_row"].values()))


def test_detection_ends_with_figures_that_real_input_can_give():
    values = figures("detection.py", "--small", "--landing", str(amlgentex()))
    variants = ("join", "network", "nightly", "nightly_without_refit")
    measured = [f"{name}_{what}" for name in variants for what in ("auc", "ap")]
    measured += ["history_ap", "ripe7_ap"]
    measured.append("network_ap_without_bursts")
    budgets = [f"{what}_at_{size}" for size in (5, 10, 20) for what in ("recall", "precision")]
    with_intervals = [name for each in measured for name in (each, f"{each}_ci")]
    refit = ["refit_gain", "refit_gain_ci"]
    assert set(values) == {*with_intervals, *refit, *budgets, "rows", "positives"}
    assert (values["rows"], values["positives"]) == (16_890, 91)
    assert 0.75 < values["join_auc"] < 0.97, "outside: a leak or a wrong join"
    # Ranked at random, the precision would be the share of positives.
    assert 4 * 91 / 16_890 < values["join_ap"] < 0.4
    assert values["network_ap"] > 2 * values["join_ap"]
    for name in measured:
        low, high = values[f"{name}_ci"]
        assert low <= values[name] <= high
    assert all(0 < values[name] <= 1 for name in budgets)


def test_training_ends_with_each_setting_against_none():
    values = figures("training.py", "--small", "--landing", str(amlgentex()))
    assert values["none_ap"] > 0.2
    assert 0.5 < values["negative_sampling_30_calibration"] < 2
    assert values["weights_10_calibration"] > 1.2 * values["none_calibration"]
    low, high = values["bagging_3_gain_ci"]
    assert low < values["bagging_3_ap"] - values["none_ap"] < high


def test_training_memory_ends_with_one_booster_and_what_it_takes_either_way():
    values = figures("training_memory.py", "--small")
    names = ["rows", "peak_mb", "peak_mb_in_memory", "cpu_ratio", "same_bytes"]
    assert list(values) == names
    assert values["rows"] == 120_000
    assert values["same_bytes"] is True


def test_evasion_ends_with_what_is_still_found():
    values = figures("evasion.py", "--small", "--landing", str(amlgentex()))
    evasions = [
        f"{name}_10_{what}"
        for name in ("intermediary", "merged", "split", "shifted")
        for what in ("recall", "lost", "lost_ci")
    ]
    assert list(values)[-13:] == ["recall", *evasions]
    assert all(0 < values[name] <= 1 for name in values if name.endswith("recall"))
    typologies = list(values)[:-13]
    assert [name.rsplit("_", 1)[1] for name in typologies[:3]] == ["seen", "unseen", "ratio"]
    assert all(0 <= values[name] <= 1 for name in typologies if name.endswith("seen"))
    assert values["bipartite_seen"] > 0.5, "a scheme of one day, among the evaluated ones"


def test_features_end_with_what_a_night_costs():
    values = figures("features.py", "--small", "--landing", str(amlgentex()))
    costs = ["movements_per_second", "growth", "peak_mb", "speedup", "behaviour_per_second"]
    assert list(values) == costs
    assert values["growth"] < 5, "three times the movements"
    assert values["peak_mb"] < 1500


def test_known_patterns_end_with_the_share_of_each_kind_that_is_marked():
    patterns, landing = str(laundering_attempts()), str(amlgentex())
    values = figures("known_patterns.py", "--small", "--patterns", patterns, "--landing", landing)
    assert values.pop("gather-scatter") >= 43 / 51 - 1e-4
    assert values == dict.fromkeys(["fan-in", "fan-out", "scatter-gather", "cycle"], 1.0)


def test_a_backfill_ends_with_what_it_costs_over_the_plain_work():
    values = figures("backfill.py", "--small")
    assert list(values) == ["overhead", "overhead_processor", "process_per_step"]
    assert all(math.isfinite(value) and value > 0 for value in values.values())


def test_hdfs_bytes_end_with_their_ratios():
    require_hadoop()
    values = figures("hdfs_io.py", "--size", "16", "--files", "10", "--rounds", "1")
    assert list(values) == [
        "hdfs_write",
        "hdfs_read",
        "webhdfs_write",
        "webhdfs_read",
        "parquet_write",
        "csv_vs_2019",
        "column_read_bytes",
        "small_file",
        "peak_memory_growth",
    ]
    assert all(math.isfinite(value) and value > 0 for value in values.values())


@pytest.mark.parametrize("name", ["detection.py", "evasion.py"])
def test_a_protocol_without_its_data_says_what_is_missing(tmp_path, name):
    done = run(name, "--landing", str(tmp_path))
    assert done.returncode != 0
    assert "--landing" in done.stderr
    assert "Traceback" not in done.stderr
