"""What `callwarden bench latency` calls a fault."""

from __future__ import annotations

import pytest

from bot.bench.latency import faults

GOOD: dict[str, object] = {"lost": 0, "median_ms": 499.9, "p99_ms": 1499.9}


def test_figures_just_under_their_targets_have_no_fault() -> None:
    """Near miss: quick enough in the middle and at the end."""
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"median_ms": 500.0}, "record → card, median: 500.0 ms; the target is under 500 ms"),
        ({"p99_ms": 1500.0}, "record → card, p99: 1500.0 ms; the target is under 1500 ms"),
        ({"lost": 2}, "2 records were not posted"),
    ],
)
def test_slow_and_lost_cards_are_named(changed: dict[str, object], named: str) -> None:
    """Too slow in the middle, too slow at the end, or not there at all."""
    assert faults(GOOD | changed) == [named]
