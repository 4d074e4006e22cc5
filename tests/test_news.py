"""What is new about an alert: which lines matter most, and how soon they are said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import foremost, news_due
from tests.builders import NOON

NETWORK, PROGRAM = "network 10.0.1.0/24 (12:00)", "program curl/8 (12:00)"
ACTOR, LEVEL = "actor eve (12:00)", "level critical (12:00)"
SUCCESS = "UpdateSecurityProfile succeeded after being refused (12:00)"


def after(lines: list[str], *ago: float) -> float:
    """The seconds that *lines* wait, when notes were said so many seconds *ago*."""
    said = [NOON - timedelta(seconds=one) for one in ago]
    return (news_due(lines, said, NOON) - NOON).total_seconds()


@pytest.mark.parametrize(
    ("lines", "ago", "wait"),
    [
        ([NETWORK], (), 0),
        ([NETWORK], (10,), 50),
        ([NETWORK], (60,), 0),
        ([NETWORK], (70, 10), 110),
        ([NETWORK, PROGRAM], (400, 200, 100, 10), 470),
        ([PROGRAM], (10,) * 50, 590),
        ([NETWORK, ACTOR], (400, 200, 100, 10), 50),
        (["this alert stands for A-00001: silence (12:00)"], (10,), 50),
        ([LEVEL], (0,), 0),
        ([NETWORK, SUCCESS], (0,), 0),
        (["something of another kind"], (0,), 0),
        ([ACTOR], (-3_600,), 60),
    ],
)
def test_how_long_news_waits(lines: list[str], ago: tuple[float, ...], wait: float) -> None:
    """The first not at all, places ever longer, people a minute, what is urgent never."""
    assert after(lines, *ago) == wait


@given(st.lists(st.sampled_from([NETWORK, PROGRAM, ACTOR, LEVEL])), st.lists(st.datetimes()))
def test_nothing_waits_for_more_than_ten_minutes(lines: list[str], said: list[datetime]) -> None:
    """Whatever was said, and whatever the clock did since."""
    now = NOON.replace(tzinfo=None)
    assert now <= news_due(lines, said, now) <= now + timedelta(minutes=10)


def test_addresses_never_push_out_a_second_attacker() -> None:
    """The oldest networks and programs go first; the order stays."""
    lines = [ACTOR, *(f"network 10.0.{number}.0/24" for number in range(5)), LEVEL]
    assert foremost(lines, 3) == (ACTOR, "network 10.0.4.0/24", LEVEL)
    assert foremost(lines, 9) == tuple(lines)
    assert foremost([ACTOR, LEVEL, SUCCESS], 2) == (LEVEL, SUCCESS)
