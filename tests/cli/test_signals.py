"""Being asked to end, while the main thread is anywhere."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from bot.cli.signals import ENDING, Ending


@pytest.fixture
def signals() -> Iterator[None]:
    """The handlers, and the speed at which threads change, as they were."""
    before = {number: signal.getsignal(number) for number in (*ENDING, signal.SIGHUP)}
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_signal_is_heard_wherever_it_finds_the_main_thread() -> None:
    """Also on its way into the wait, which other threads drag out."""
    sys.setswitchinterval(1e-5)
    over = threading.Event()
    busy = [threading.Thread(target=_spin, args=(over,)) for _ in range(3)]
    for thread in busy:
        thread.start()
    try:
        for turn in range(200):
            ending = Ending()
            sender = threading.Thread(target=_send, args=(turn * 37 % 300,))
            sender.start()
            assert ending.wait(10)
            sender.join()
            ending.close()
    finally:
        over.set()
        for thread in busy:
            thread.join()


@pytest.mark.usefixtures("signals")
def test_once_asked_is_always_asked() -> None:
    """A second look sees it too, and nobody has to catch it."""
    ending = Ending(signal.SIGHUP)
    assert not ending.wait(0)

    signal.raise_signal(signal.SIGHUP)

    assert ending.wait(0)
    assert ending.wait()
    ending.close()


@pytest.mark.usefixtures("signals")
def test_a_hangup_reloads_and_ends_nothing() -> None:
    """Each one that is heard; what asks for the end still ends, also in the same breath."""
    heard: list[str] = []
    ending = Ending(again=lambda: heard.append("again"))
    signal.raise_signal(signal.SIGHUP)

    assert not ending.wait(0.01)
    assert heard == ["again"]
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGTERM)
    assert ending.wait(0)
    assert ending.wait()
    assert heard == ["again"]
    ending.close()


def _spin(over: threading.Event) -> None:
    while not over.is_set():
        sum(range(200))


def _send(turns: int) -> None:
    """SIGTERM to ourselves, a little later each time."""
    sum(range(turns * 20))
    os.kill(os.getpid(), signal.SIGTERM)
