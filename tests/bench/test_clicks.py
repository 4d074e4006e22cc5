"""What `callwarden bench clicks` calls a fault."""

from __future__ import annotations

import pytest

from bot.bench.clicks import faults

GOOD: dict[str, object] = {
    "clicks": 200,
    "clicks_while_storing": 100,
    "unanswered": 0,
    "p99_ms": 99.9,
}


def test_figures_just_under_the_target_have_no_fault() -> None:
    """Near miss: half of the clicks in the flood, and quick enough."""
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"p99_ms": 100.0}, "click → ack, p99: 100.0 ms; the target is under 100 ms"),
        ({"p99_ms": None}, "click → ack, p99: None ms; the target is under 100 ms"),
        ({"unanswered": 3}, "3 clicks were not answered"),
        (
            {"clicks_while_storing": 99},
            "the flood ended too early: 99 of 200 clicks fell while records were being stored;"
            " give it more --records",
        ),
    ],
)
def test_slow_and_idle_clicks_are_named(changed: dict[str, object], named: str) -> None:
    """Too slow, not answered, or made while nothing was being stored."""
    assert faults(GOOD | changed) == [named]
