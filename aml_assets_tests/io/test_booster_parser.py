"""A forged model ends the process that parses it first, and never ours.

Belongs here: the process, its deadline, when it is not needed, and mutations of a real model. Does
not belong here: which trees are ours (`core/model/test_trees`).
"""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aml_assets.core.graph import MODEL
from aml_assets.core.model import scoring
from aml_assets.core.model.encoding import Matrix
from aml_assets.core.pages import reasons
from aml_assets.errors import AmlError, CorruptFile, ModelError
from aml_assets.io.formats import ModelFormat, booster_child, booster_parser
from aml_assets.io.manifest import UNSEALED
from aml_assets.io.seals import Seals
from aml_assets.io.store import Store
from aml_assets.steps.inputs.model_selection import read_model
from aml_assets_tests.conftest import Bank
from aml_assets_tests.io.values import booster, manifest

OWN = "model/aml_xgboost_2024-01-05.ubj"
MUTATIONS = 200


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def strange(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with a model that this process does not remember to have written."""
    ModelFormat().write(store, "m.ubj", booster(), manifest("x"))
    monkeypatch.setattr(booster_parser, "_safe", set())
    return store


def resealed(data: bytes) -> bytes:
    """Altered bytes with their plain seal computed again."""
    place = re.search(rb'"seal":"(sha256:[0-9a-f]{64})"', data)
    assert place is not None
    return Seals().seal(data[: place.start(1)] + UNSEALED.encode() + data[place.end(1) :], "")


def child_of(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another program parse models."""
    script = folder / "child.py"
    script.write_text(code)
    monkeypatch.setattr(booster_child, "__file__", str(script))


def test_a_model_of_another_process_is_parsed_apart_once(
    strange: Store, monkeypatch: pytest.MonkeyPatch
):
    started: list[Any] = []
    run = subprocess.run

    def counted(*words: Any, **options: Any) -> Any:
        started.append(words)
        return run(*words, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    first, second = (ModelFormat().read(strange, "m.ubj") for _ in range(2))
    assert len(started) == 1
    assert first.save_raw() == second.save_raw()
    assert not ModelFormat().write(strange, "m.ubj", first, manifest("x")).changed


def test_neither_what_this_process_wrote_nor_what_a_key_proves_is_parsed_apart(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    def run(*_: Any, **__: Any) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "run", run)
    ModelFormat().write(store, "m.ubj", booster(), manifest("x"))
    ModelFormat().read(store, "m.ubj")
    keyed = Store(store.url, seals=Seals({"1": b"1" * 32}))
    ModelFormat().write(keyed, "m.ubj", booster(), manifest("x"))
    monkeypatch.setattr(booster_parser, "_safe", set())
    ModelFormat().read(keyed, "m.ubj")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import os; os.kill(os.getpid(), 11)", "made the process that parsed it crash"),
        ("raise SystemExit(1)", "made the process that parsed it crash"),
        ("", "made the process that parsed it crash"),
        ("import time; time.sleep(60)", "could not be parsed within 0.5 s"),
    ],
    ids=["killed", "error", "silence", "endless"],
)
def test_whatever_becomes_of_that_process_is_one_sentence(
    code: str, sentence: str, strange: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(booster_parser, "_DEADLINE", 0.5)
    child_of(tmp_path, code, monkeypatch)
    with pytest.raises(CorruptFile, match=rf"read m\.ubj: the model {sentence}") as caught:
        ModelFormat().read(strange, "m.ubj")
    assert caught.value.__cause__ is None


def test_that_process_knows_no_secret_and_prints_nothing(
    strange: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.setenv("AML_SMTP_PASSWORD", "Secret")
    child_of(
        tmp_path,
        "import os, sys; print(dict(os.environ), file=sys.stderr)\n"
        "sys.exit(3 if 'AML_SMTP_PASSWORD' in os.environ else 0)",
        monkeypatch,
    )
    with pytest.raises(CorruptFile, match="crash"):  # an answer of no bytes
        ModelFormat().read(strange, "m.ubj")
    assert capfd.readouterr() == ("", "")


def says(document: bytes, rest: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process that parses models say this, as a forged model might have it do."""
    answer = folder / "answer"
    answer.write_bytes(len(document).to_bytes(8, "big") + document + rest)
    code = f"import sys; sys.stdout.buffer.write(open({str(answer)!r}, 'rb').read())"
    child_of(folder, code, monkeypatch)


def test_what_is_loaded_is_what_was_checked_whatever_that_process_says(
    strange: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bare = booster().copy()
    bare.set_attr(**dict.fromkeys(bare.attributes(), None))
    true = bytes(bare.save_raw("json"))
    forged = true.replace(b'"default_left":[', b'"default_left":[9,')
    for rest in (strange.read("m.ubj"), b'{"a": 1}', b'{"a": "\\ud800"}', b""):
        says(true, rest, tmp_path, monkeypatch)
        with pytest.raises(AmlError, match=r"its attributes are no texts|crash"):
            ModelFormat().read(strange, "m.ubj")
    for document in (forged, true[:-1] + b',"learner":' + forged[len(b'{"learner":') :]):
        says(document, b"{}", tmp_path, monkeypatch)
        with pytest.raises(ModelError, match=r"m\.ubj: the model cannot be ours"):
            ModelFormat().read(strange, "m.ubj")
    # Of two, the last one is checked; so it has to be the one that is loaded.
    twice = b'{"learner":{"attributes":{"a":"first"}},' + true[1:]
    says(twice, b'{"b": "text"}', tmp_path, monkeypatch)
    found = ModelFormat().read(strange, "m.ubj")
    assert found.attributes() == {"b": "text"}
    found.set_attr(b=None)
    assert found.save_raw("json") == true
    assert not booster_parser._safe


def test_what_xgboost_refuses_by_itself_keeps_its_sentence(strange: Store):
    data = strange.read("m.ubj")
    strange.publish_bytes("m.ubj", resealed(data.replace(b"binary:logistic", b"binary:logistik")))
    with pytest.raises(ModelError, match=r"m\.ubj: XGBoost .* cannot read this model"):
        ModelFormat().read(strange, "m.ubj")


def mutated(data: bytes, number: int) -> bytes:
    """A model with some bytes changed, most of them among its trees, and its seal made right."""
    chance = random.Random(number)
    seal = data.index(b'"seal":"')
    trees = data.index(b"gradient_booster")
    copy = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(trees if number % 4 else 0, len(data))
        if not seal <= at < seal + len(UNSEALED) + 9:
            copy[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, *b"[]{}SLlUdDiI$#", copy[at] ^ 1))
    return resealed(bytes(copy))


def test_no_mutation_of_a_real_model_crashes_this_process_or_raises_a_foreign_error(built: Bank):
    models = built.catalog.upstream(MODEL)
    path = built.store / OWN
    data = path.read_bytes()
    features = len(read_model(models, OWN).encoder.features)
    rows = np.random.default_rng(0).normal(size=(3, features)).astype(np.float32)
    rows[1], rows[2, ::2] = np.nan, 1e20
    refused: list[str] = []
    for number in range(MUTATIONS):
        path.write_bytes(mutated(data, number))
        try:
            model = read_model(models, OWN)
        except AmlError as error:
            refused.append(str(error))
            continue
        scoring.predict(model.booster, Matrix(rows, {}, {}, ()), threads=1)
        reasons.contributions(model.booster, rows, threads=1)
        scoring.importance(model.booster, model.encoder)
    assert all("aml_xgboost_2024-01-05.ubj" in sentence for sentence in refused)
    assert sum("crash" in sentence for sentence in refused) >= 1
    assert MUTATIONS // 2 < len(refused) < MUTATIONS
