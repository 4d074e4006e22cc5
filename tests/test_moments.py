"""Times as marks of correlations count them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import milliseconds, moment

START = datetime(2026, 11, 22, 10, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-22T10:03:11Z",
        "2026-11-22 10:03:11Z",
        "2026-W47-7T10:03:11Z",
        "2026-11-22T10:03:11",
        "2026-11-22T12:03:11+02:00",
        " 2026-11-22T10:03:11Z ",
    ],
)
def test_one_moment_in_any_spelling(time: str) -> None:
    """As CloudTrail writes it, and as its copies do."""
    assert milliseconds(time) == START.timestamp() * 1000


def test_what_is_finer_is_cut_off() -> None:
    """Microseconds do not tell marks apart."""
    assert milliseconds("2026-11-22T10:03:11.987654Z") == START.timestamp() * 1000 + 987


@pytest.mark.parametrize("time", ["", "2026-11-22T10:03:60Z", "2026-11-22T10:03:1xZ", "x" * 20])
def test_no_time(time: str) -> None:
    """A second that no clock shows, and no time at all."""
    assert milliseconds(time) is None
    assert moment(time) is None


@given(st.integers(0, 10**9))
def test_any_second(seconds: int) -> None:
    """The quick way counts as the slow one does."""
    when = START + timedelta(seconds=seconds)

    assert milliseconds(f"{when:%Y-%m-%dT%H:%M:%S}Z") == when.timestamp() * 1000
