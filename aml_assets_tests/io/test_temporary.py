"""Temporary names state their owner, and a file is given up only once its owner has."""

from __future__ import annotations

import os
import subprocess
import sys

from aml_assets.io.temporary import (
    Owner,
    in_use,
    is_abandoned,
    is_debris,
    temporary_name,
)

ME = Owner.this_process()


def name_of(owner: Owner) -> str:
    return f".a.tmp-{owner.scope}-{owner.pid}-{owner.started}-{'0' * 16}"


def ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
        return process.pid


def test_a_temporary_name_is_hidden_unique_and_tells_its_owner_but_no_host():
    names = {temporary_name("data.parquet") for _ in range(100)}
    assert len(names) == 100
    for name in names:
        assert name.startswith(".data.parquet.tmp-")
        assert os.uname().nodename not in name
        owner = Owner.of(name)
        assert owner is not None
        assert owner == Owner.this_process()
        assert owner.is_known_alive()
        assert not owner.is_known_dead()


def test_other_names_have_no_owner_and_are_never_given_up():
    for name in ("a", ".a.tmp-mine", ".a.tmp-", "a.tmp-" + temporary_name("a")[7:]):
        assert Owner.of(name) is None
        assert not is_abandoned(name)
        assert not is_debris(name, age=1e9, older_than=0)


def test_a_file_that_this_process_is_writing_is_given_up_once_the_writing_ends():
    name = temporary_name("a")
    with in_use(name):
        assert not is_abandoned(name)
        assert not is_debris(name, age=1e9, older_than=0)
    assert is_abandoned(name)
    assert is_debris(name, age=1e9, older_than=0)


def test_a_file_of_an_ended_process_of_this_machine_is_given_up_at_once():
    assert is_abandoned(name_of(Owner(ME.scope, ended_process(), ME.started)))
    assert is_abandoned(name_of(Owner(ME.scope, os.getpid(), ME.started + 1)))  # number used again


def test_a_file_of_another_machine_is_judged_by_its_age_alone():
    name = name_of(Owner("f" * 12, os.getpid(), ME.started))
    assert not is_abandoned(name)
    assert not is_debris(name, age=99, older_than=100)
    assert is_debris(name, age=100, older_than=100)
