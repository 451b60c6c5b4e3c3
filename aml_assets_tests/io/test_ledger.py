"""The ledger keeps what several writers add at once, and names whatever somebody changes in it."""

from __future__ import annotations

import random
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aml_assets.errors import CorruptFile, LedgerError
from aml_assets.io.decisions import Decision
from aml_assets.io.ledger import Ledger
from aml_assets.io.seals import Seals
from aml_assets.io.store import Store
from aml_assets_tests.io.faults import Counted
from aml_assets_tests.io.places import Place
from aml_assets_tests.io.processes import append_and_die, append_to_ledger, context

WHY = Decision.now("a reason", "")


def _filled(store: Store, entries: int = 12) -> Ledger:
    ledger = Ledger(store)
    for number in range(entries):
        ledger.append("skip", WHY, {"day": f"2024-03-{number + 1:02}"})
    return ledger


def test_entries_are_read_back_in_order_with_who_decided_and_why(tmp_path):
    ledger = _filled(Store(str(tmp_path)), 3)
    for found in (ledger, Ledger(Store(str(tmp_path)))):
        assert [(each.number, each.about["day"]) for each in found.entries()] == [
            (1, "2024-03-01"),
            (2, "2024-03-02"),
            (3, "2024-03-03"),
        ]
        last = found.last()
        assert last is not None
        assert (last.why, last.by, last.known) == ("a reason", WHY.by, "claim")
        assert found.verify() is None


def test_an_empty_ledger_is_whole_and_names_no_champion(tmp_path):
    ledger = Ledger(Store(str(tmp_path)))
    assert ledger.last() is None
    assert ledger.verify() is None
    with pytest.raises(LedgerError, match="entry 1 of the ledger is missing"):
        ledger.entry(1)


def test_decisions_of_before_are_taken_over_once_by_the_first_entry(tmp_path):
    earlier = {"skips": {"2024-02-29": {"why": "a leap day"}}}
    for _ in range(2):
        Ledger(Store(str(tmp_path)), lambda: earlier).append("skip", WHY, {})
    first, *others = Ledger(Store(str(tmp_path))).entries()
    assert (first.kind, first.about) == ("beginning", earlier)
    assert [each.kind for each in others] == ["skip", "skip"]


def test_of_many_first_writers_one_takes_the_earlier_decisions_over(tmp_path):
    earlier = {"skips": {"2024-02-29": {"why": "a leap day"}}}

    def append(number: int) -> None:
        Ledger(Store(str(tmp_path)), lambda: earlier).append("skip", WHY, {"number": number})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, range(16)))
    kinds = [each.kind for each in Ledger(Store(str(tmp_path))).entries()]
    assert kinds == ["beginning", *["skip"] * 16]


def test_whatever_byte_is_changed_the_entry_is_named(tmp_path):
    _filled(Store(str(tmp_path)))
    dice = random.Random(18)
    for _ in range(1000):
        number = dice.randint(1, 12)
        path = tmp_path / f"ledger/{number:08}.json"
        whole = path.read_bytes()
        place = dice.randrange(len(whole))
        other = dice.choice([each for each in range(256) if each != whole[place]])
        path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        broken = Ledger(Store(str(tmp_path))).verify()
        assert broken is not None
        assert broken.number == number
        path.write_bytes(whole)
    assert Ledger(Store(str(tmp_path))).verify() is None


def test_an_entry_that_is_removed_swapped_or_inserted_is_named(tmp_path):
    _filled(Store(str(tmp_path / "whole")))

    def broken(change):
        shutil.rmtree(tmp_path / "changed", ignore_errors=True)
        shutil.copytree(tmp_path / "whole", tmp_path / "changed")
        change(tmp_path / "changed/ledger")
        found = Ledger(Store(str(tmp_path / "changed"))).verify()
        assert found is not None
        return found.number

    def file(folder: Path, number: int) -> Path:
        return folder / f"{number:08}.json"

    def swap(folder: Path, one: int, other: int) -> None:
        file(folder, one).rename(folder / "aside")
        file(folder, other).rename(file(folder, one))
        (folder / "aside").rename(file(folder, other))

    def insert(folder: Path, at: int) -> None:
        for number in range(12, at - 1, -1):
            file(folder, number).rename(file(folder, number + 1))
        shutil.copy(file(folder, at + 1), file(folder, at))

    for number in range(1, 13):
        assert broken(lambda folder, n=number: file(folder, n).unlink()) == number
        assert broken(lambda folder, n=number: insert(folder, n)) == number + 1
    for one in range(1, 12):
        assert broken(lambda folder, n=one: swap(folder, n, n + 1)) == one
    assert broken(lambda folder: (folder / "head.json").unlink()) == 0
    assert broken(lambda folder: (folder / "notes.txt").write_text("mine")) == 0


def test_nothing_is_added_after_an_end_that_was_cut_off(tmp_path):
    ledger = _filled(Store(str(tmp_path)))
    (tmp_path / "ledger/00000012.json").unlink()
    with pytest.raises(LedgerError, match="entry 12 of the ledger is missing"):
        ledger.append("skip", WHY, {})
    with pytest.raises(LedgerError, match="entry 12 of the ledger is missing"):
        ledger.last()


def test_an_entry_that_was_altered_is_not_read(tmp_path):
    _filled(Store(str(tmp_path)))
    path = tmp_path / "ledger/00000012.json"
    path.write_bytes(path.read_bytes().replace(b"a reason", b"a Reason"))
    with pytest.raises(CorruptFile):
        Ledger(Store(str(tmp_path))).last()


def test_an_entry_forged_without_the_key_is_named(tmp_path):
    keyed = Seals({"one": bytes(32)})
    _filled(Store(str(tmp_path), seals=keyed))
    forger = Ledger(Store(str(tmp_path)))
    forger.append("promotion", WHY, {"line": ""})
    broken = Ledger(Store(str(tmp_path), seals=keyed)).verify()
    assert broken is not None
    assert broken.number in (0, 13)
    with pytest.raises(CorruptFile):
        Ledger(Store(str(tmp_path), seals=keyed)).last()


def test_of_many_writers_at_once_nobody_loses_an_entry(place: Place):
    writers = [context.Process(target=append_to_ledger, args=(place, n, 5)) for n in range(4)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert [each.exitcode for each in writers] == [0] * 4
    ledger = Ledger(place.store())
    found = [(each.about["writer"], each.about["number"]) for each in ledger.entries()]
    assert sorted(found) == [(writer, number) for writer in range(4) for number in range(5)]
    for writer in range(4):
        assert [number for of, number in found if of == writer] == list(range(5))
    assert ledger.verify() is None


@pytest.mark.long  # a process for each step
def test_a_writer_killed_at_any_step_leaves_the_ledger_whole_for_the_next_one(place: Place):
    counted = Counted()
    _filled(place.below("whole").store(), 2)
    Ledger(place.below("whole").store(counted)).append("skip", WHY, {"writer": "killed"})
    assert counted.changes >= 8
    for step in range(counted.changes):
        store = place.below(str(step))
        _filled(store.store(), 2)
        killed = context.Process(target=append_and_die, args=(store, step))
        killed.start()
        killed.join()
        assert killed.exitcode == -signal.SIGKILL
        ledger = Ledger(store.store())
        ledger.append("skip", WHY, {"writer": "next"})
        assert ledger.verify() is None
        assert [each.about.get("writer") for each in ledger.entries()] in (
            [None, None, "next"],
            [None, None, "killed", "next"],
        )


def test_a_ledger_to_which_somebody_adds_is_whole_whenever_it_is_verified(tmp_path):
    store = Store(str(tmp_path))
    with ThreadPoolExecutor(1) as threads:
        adding = threads.submit(_filled, store, 60)
        verified = 0
        while not adding.done():
            assert Ledger(Store(str(tmp_path))).verify() is None
            verified += 1
        adding.result()
    assert verified


def test_many_threads_of_one_process_lose_nothing(tmp_path):
    def append(number: int) -> None:
        Ledger(Store(str(tmp_path))).append("skip", WHY, {"number": number})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(append, range(40)))
    ledger = Ledger(Store(str(tmp_path)))
    assert sorted(each.about["number"] for each in ledger.entries()) == list(range(40))
    assert ledger.verify() is None
