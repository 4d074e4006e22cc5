"""The gate: one at a time, clicks first, then first come, first served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from bot.store.gate import Gate, Turn


def until(condition: Callable[[], bool]) -> None:
    """Wait for *condition*; ten seconds are a fault."""
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        threading.Event().wait(0.001)


def in_line(gate: Gate, turns: list[Turn]) -> list[tuple[Turn, int]]:
    """Hold the gate while *turns* line up one after the other; returns who went when."""
    went: list[tuple[Turn, int]] = []

    def enter(turn: Turn, number: int) -> None:
        with gate.hold(turn):
            went.append((turn, number))

    threads = []
    with gate.hold(Turn.INTAKE):
        for number, turn in enumerate(turns):
            threads.append(threading.Thread(target=enter, args=(turn, number)))
            threads[-1].start()
            until(lambda waiting=number + 1: len(gate._line) == waiting)  # type: ignore[misc]  # bound now
    for thread in threads:
        thread.join()
    return went


def test_the_same_turn_is_first_come_first_served() -> None:
    """Nobody overtakes their equals."""
    went = in_line(Gate(), [Turn.INTAKE] * 8)
    assert [number for _, number in went] == list(range(8))


def test_clicks_go_first_whenever_they_came() -> None:
    """A person never waits behind the queue of records; the sender goes between."""
    turns = [Turn.INTAKE, Turn.SENDER, Turn.INTAKE, Turn.CLICK, Turn.SENDER, Turn.CLICK]
    went = in_line(Gate(), turns)
    assert [number for _, number in went] == [3, 5, 1, 4, 0, 2]


def test_only_one_is_inside() -> None:
    """Under many threads no two hold the gate at once, and all get their turn."""
    gate, inside, most = Gate(), [0], [0]

    def work(turn: Turn) -> None:
        for _ in range(100):
            with gate.hold(turn):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work, args=(turn,)) for turn in list(Turn) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], inside[0]) == (1, 0)


def test_a_fault_inside_lets_the_next_in() -> None:
    """An exception does not keep the gate shut."""
    gate = Gate()
    with pytest.raises(RuntimeError), gate.hold(Turn.CLICK):
        raise RuntimeError
    assert in_line(gate, [Turn.CLICK]) == [(Turn.CLICK, 0)]
