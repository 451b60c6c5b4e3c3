"""Ctrl-C is noticed whoever handles it, and nothing is left behind."""

import os
import signal

import pytest

from aml_assets.cli.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_somebody_else_swallows_ends_the_whole(number: signal.Signals):
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with Interruption() as interruption:
        interruption.check()
        handler = signal.signal(number, lambda *_: None)  # as Dagster does during a run
        os.kill(os.getpid(), number)
        signal.signal(number, handler)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                interruption.check()
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1
