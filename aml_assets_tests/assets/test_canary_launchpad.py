"""Canaries in the launchpad and in the environment: nothing that a run says quotes them.

What was typed is kept with the run, for whoever may see the run. Errors, events, logs and alarms go
further, and one that quotes a value would carry a secret of the process there.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
import pytest

from aml_assets_tests.automation.alarms.alarm_watch import Watch
from aml_assets_tests.conftest import RANGE, Bank, Run, day
from aml_assets_tests.postbox import Postbox, mail_server

SECRET = "Nachtigall-of-the-environment"
TYPED = "Zaunkoenig-of-the-launchpad"
VARIABLES = ("DAGSTER_POSTGRES_PASSWORD", "AML_SMTP_PASSWORD", "AML_WEBHOOK_URL", "JUPYTER_TOKEN")
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
TAGS = {
    "a day": {"dagster/partition": TYPED},
    "a first day": {RANGE[0]: TYPED, RANGE[1]: str(day(5))},
    "a last day": {RANGE[0]: str(day(5)), RANGE[1]: TYPED},
}
REFUSED_BY_DAGSTER: dict[str, dict[str, Any]] = {
    "an option from the environment": {"model": ASKED},
    "a table from the environment": {"restate": [ASKED]},
    "a date from the environment": {"train_start": ASKED},
}


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


def assert_told_without_quotes(run: Run, text: str) -> None:
    assert run.sentence.splitlines()[0] in text
    for mark in (SECRET, TYPED):
        place = text.find(mark)
        assert place < 0, f"quoted: …{text[max(0, place - 300) : place + 60]}…"


@pytest.mark.parametrize("name", CONFIGS)
def test_no_option_of_a_run_is_quoted(built: Bank, heard: Callable[[], str], name: str):
    run = built.bad("daily", 5, config=CONFIGS[name], only=("models", "predictions"))
    assert_told_without_quotes(run, heard())


@pytest.mark.parametrize("name", TAGS)
def test_no_tag_of_a_run_is_quoted(built: Bank, heard: Callable[[], str], name: str):
    run = built.bad("daily", tags=TAGS[name], only=("models",))
    assert "is no day. Write it as YYYY-MM-DD." in run.sentence
    assert_told_without_quotes(run, heard())


@pytest.mark.parametrize("name", REFUSED_BY_DAGSTER)
def test_no_option_takes_a_secret_from_the_environment(
    built: Bank, heard: Callable[[], str], name: str
):
    with pytest.raises(dg.DagsterInvalidConfigError) as refused:
        built.run("daily", 5, config=REFUSED_BY_DAGSTER[name])
    assert SECRET not in str(refused.value) + heard()
