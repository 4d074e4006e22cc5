"""What `callwarden bench storm` calls a fault, and how it counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.bench import flood
from bot.bench.memory import Memory
from bot.bench.storm import faults, most_within
from bot.detection.sigma import load
from bot.model import Level

GOOD: dict[str, object] = {
    "lost": 0,
    "storms": 10,
    "criticals_within_s": 0.4,
    "posts_per_channel_minute": 60,
    "edits_minute": 50,
    "memory_mb": {"before": 80.0, "peak": 99.0, "after": 90.0},
    "normal_again_after_s": 66.0,
    "posted_by_itself_again": True,
    "listed_in_slack": True,
    "stuck": "",
    "exit_status": 0,
}


def test_a_run_as_it_should_be_has_no_fault() -> None:
    """Near miss: at the limit is within it."""
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"lost": 1}, "lost: 1"),
        ({"lost": -1}, "lost: -1"),
        ({"stuck": "Waited in vain."}, "stuck: Waited in vain."),
        ({"exit_status": 2}, "exit_status: 2"),
        ({"storms": 0}, "no storm began: too few records"),
        (
            {"criticals_within_s": 5.1},
            "criticals, the slowest: 5.1 s; the target is under 5 s",
        ),
        (
            {"criticals_within_s": None},
            "criticals, the slowest: None s; the target is under 5 s",
        ),
        (
            {"posts_per_channel_minute": 61},
            "posts to a channel in a minute: 61; the target is at most 60",
        ),
        ({"edits_minute": 51}, "edits in a minute: 51; the target is at most 50"),
        (
            {"memory_mb": {"before": 80.0, "peak": 100.5, "after": 81.0}},
            "memory, peak over warm: 20.5 MB; the target is under 20 MB",
        ),
        (
            {"normal_again_after_s": None},
            "normal again after: None s; the target is under 120 s",
        ),
        ({"posted_by_itself_again": False}, "after it an alert was not posted by itself"),
        ({"listed_in_slack": False}, "the list in Slack is not what the storm held back"),
    ],
)
def test_what_must_not_be_is_named(changed: dict[str, object], named: str) -> None:
    """One sentence each; also where it could not be measured."""
    assert faults(GOOD | changed) == [named]


@pytest.mark.parametrize(
    ("moments", "most"),
    [
        ([], 0),
        ([5.0], 1),
        ([0.0, 59.9], 2),
        ([0.0, 60.0], 1),
        ([0.0, 30.0, 61.0, 62.0, 200.0], 3),
    ],
)
def test_the_busiest_minute_is_any_sixty_seconds(moments: list[float], most: int) -> None:
    """Not those of the clock, in which a burst may fall into two."""
    assert most_within(moments) == most


def test_the_flood_has_a_rule_for_each_of_its_calls_and_none_is_critical(tmp_path: Path) -> None:
    """They stand beside our own without a fault; of what is poured, ours speak of criticals."""
    flood.write_rules(tmp_path / "rules")

    rules = [rule for rule in load([tmp_path / "rules"]).rules if not rule.own]

    assert len(rules) == len(flood.EVENTS)
    assert Level.CRITICAL not in {rule.level for rule in rules}


def test_memory_is_looked_at_before_during_and_after() -> None:
    """Of this very process, where the system says how much it holds."""
    with Memory(os.getpid()) as memory:
        pass

    figures = memory.figures()
    assert figures.keys() == {"before", "peak", "after"}
    assert figures["before"] is None or figures["before"] > 10
