"""A process known by a file: told from others, tied to our life. No Hadoop needed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aml_assets_tests.hadoop.artefacts import ROOT
from aml_assets_tests.hadoop.daemon import ClusterError, Daemon, started_at

SLEEP = ["sleep", "600"]


def sleeper(folder: Path, **options: bool) -> Daemon:
    return Daemon("sleeper", SLEEP, folder, ports={}, environment=dict(os.environ), **options)


def test_another_process_finds_pauses_and_stops_a_daemon_by_its_file(tmp_path: Path) -> None:
    sleeper(tmp_path).start()
    found = sleeper(tmp_path)
    assert found.is_running
    found.pause()
    assert (found.is_alive, found.is_running) == (True, False)
    found.stop()
    assert not found.is_alive
    with pytest.raises(ClusterError, match="sleeper does not run"):
        _ = found.pid


def test_a_process_that_got_the_id_of_a_daemon_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP)
    started = started_at(stranger.pid)
    assert started is not None
    (tmp_path / "sleeper.pid").write_text(f"{stranger.pid} {int(started) - 1}\n")
    daemon = sleeper(tmp_path)
    assert not daemon.is_alive
    daemon.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("outlives_us", [False, True])
def test_a_daemon_dies_with_the_process_that_started_it_unless_told_else(
    tmp_path: Path, outlives_us: bool
) -> None:
    # Started in a thread that ends: only the end of the process is to count.
    program = (
        "import sys, threading, time; from pathlib import Path;"
        "from aml_assets_tests.hadoop.test_daemon import sleeper;"
        f"daemon = sleeper(Path(sys.argv[1]), outlives_us={outlives_us});"
        "thread = threading.Thread(target=daemon.start); thread.start(); thread.join();"
        "print('started', flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == "started\n"
    daemon = sleeper(tmp_path)
    assert daemon.is_running
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    end = time.monotonic() + 10
    while daemon.is_alive and not outlives_us and time.monotonic() < end:
        time.sleep(0.02)
    assert daemon.is_alive == outlives_us
    daemon.stop()
