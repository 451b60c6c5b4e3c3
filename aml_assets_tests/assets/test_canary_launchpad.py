"""Canaries in the launchpad and in the environment: nothing that we say of a run quotes them.

What was typed is kept with the run, for whoever may see the run. Errors, events, logs and alarms go
further, and one that quotes a value would carry a secret of the process there. Dagster's own errors
about its own tags are not ours; alarms give their class alone. Nor is what the webserver answers to
a launch that Dagster refuses: it goes to whoever typed it (docs/security.md).
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest

from aml_assets_tests.automation.alarms.alarm_watch import Watch
from aml_assets_tests.conftest import Bank
from aml_assets_tests.postbox import Postbox, mail_server

SECRET = "Nachtigall-of-the-environment"
TYPED = "Zaunkoenig-of-the-launchpad"
VARIABLES = ("DAGSTER_POSTGRES_PASSWORD", "AML_SMTP_PASSWORD", "JUPYTER_TOKEN")
ASKED = {"env": VARIABLES[0]}
DATES = {"train_start": "2024-01-01", "train_end": "2024-01-03", "eval_start": "2024-01-04"}

CONFIGS: dict[str, dict[str, Any]] = {
    "a table": {"restate": ["retail", TYPED]},
    "a date": {**DATES, "eval_end": TYPED},
    "a date of no calendar": {**DATES, "eval_end": "2024-02-30"},
    "a parameter": {"training": {TYPED: 3}},
    "a parameter's value": {"training": {"max_depth": TYPED}},
    "a preset": {"training": {"preset": TYPED}},
    "a parameter within a parameter": {"training": {"max_depth": {TYPED: TYPED}}},
    "a parameter from the environment": {"training": {"max_depth": ASKED}},
    "a model": {"model": TYPED},
    "a model's path": {"model": f"model/{TYPED}.ubj"},
    "a path out of the store": {"model": f"../{TYPED}"},
    "a URL": {"model": f"hdfs://{TYPED}/model"},
}
REFUSED_BY_DAGSTER: tuple[dict[str, Any], ...] = (
    {"model": ASKED},
    {"restate": [ASKED]},
    {"train_start": ASKED},
)


@pytest.fixture
def heard(
    built: Bank,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[], str]]:
    """All that is said: standard streams, logging, events, and the mails."""
    for name in VARIABLES:
        monkeypatch.setenv(name, SECRET)
    caplog.set_level(logging.DEBUG)
    built.log_level = "DEBUG"
    with mail_server(Postbox()) as box:
        watch = Watch(built, box)

        def everything() -> str:
            watch.tick()
            out, err = capfd.readouterr()
            mails = [f"{mail['Subject']}\n{mail.get_content()}" for mail in box.mails]
            return "\n".join([out, err, caplog.text, built.event_log(), *mails])

        yield everything


def assert_unheard(text: str) -> None:
    for mark in (SECRET, TYPED):
        place = text.find(mark)
        assert place < 0, f"quoted: …{text[max(0, place - 300) : place + 60]}…"


def test_no_option_of_a_run_is_quoted(built: Bank, heard: Callable[[], str]):
    told = []
    for name, config in CONFIGS.items():
        asset = "predictions/predictions" if "model" in config else "models/model"
        told.append(built.bad("daily", 5, config=config, only=(asset,)).sentence)
        assert "no sentence" not in told[-1], name
    text = heard()
    assert all(sentence.splitlines()[0] in text for sentence in told)
    assert_unheard(text)


def test_no_option_takes_a_secret_from_the_environment(built: Bank, heard: Callable[[], str]):
    for config in REFUSED_BY_DAGSTER:
        with pytest.raises(dg.DagsterInvalidConfigError) as refused:
            built.run("daily", 5, config=config)
        assert SECRET not in str(refused.value)
    assert_unheard(heard())
