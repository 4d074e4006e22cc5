"""Slack's pace, kept on our side: no channel and no edit sooner than Slack likes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Edits
from bot.slack.pace import (
    EDITS_PER_MINUTE,
    POST_EVERY,
    POSTS_PER_MINUTE,
    QUIET,
    WHISPER_EVERY,
    Pace,
    Reads,
)


def fresh(now: float = 0.0) -> Pace:
    """A pace whose buckets have filled up, at *now*."""
    return Pace(now - 60.0)


def test_a_channel_is_closed_for_a_second_after_a_post() -> None:
    """The next post there waits; other channels do not."""
    pace = fresh()
    pace.posted("C1", 0.0)
    assert pace.closed(0.5) == {"C1"}
    assert pace.wait(0.25) == pytest.approx(0.75)
    assert pace.closed(POST_EVERY) == frozenset()
    assert pace.wait(POST_EVERY) is None


def test_slack_may_close_a_channel_for_longer() -> None:
    """Retry-After outlasts our own second, and a later post does not shorten it."""
    pace = fresh()
    pace.hold_channel("C1", 30.0, 0.0)
    pace.posted("C1", 1.0)
    assert pace.closed(29.9) == {"C1"}
    assert pace.closed(30.0) == frozenset()


def test_a_restart_knows_who_was_posted_to_a_moment_ago() -> None:
    """A channel posted to within the second is still closed, one before that is open."""
    pace = Pace(100.0, {"C1": 0.25, "C2": 5.0})
    assert pace.closed(100.0) == {"C1"}
    assert pace.closed(100.75) == frozenset()


def test_the_last_tokens_are_for_clicks() -> None:
    """When edits run short, only those that answer a click go; then none."""
    pace, seen = fresh(), []
    for _ in range(12):
        seen.append(pace.edits(0.0))
        if seen[-1] is not Edits.NONE:
            pace.edited(0.0)
    assert seen == [Edits.ALL] * 7 + [Edits.CLICKS] * 3 + [Edits.NONE] * 2


def test_waiting_as_long_as_told_opens_the_edits() -> None:
    """What `wait` says is when something that was closed opens."""
    pace = fresh()
    for _ in range(10):
        pace.edited(0.0)
    wait = pace.wait(0.0)
    assert wait is not None
    assert pace.edits(wait * 0.9) is Edits.NONE
    assert pace.edits(wait + 0.001) is Edits.CLICKS


def test_slack_may_stop_all_edits() -> None:
    """A 429 on an edit holds every edit, clicks included, and no post."""
    pace = fresh()
    pace.hold_edits(20.0, 0.0)
    assert (pace.edits(19.0), pace.closed(19.0), pace.wait(19.0)) == (Edits.NONE, frozenset(), 1.0)
    assert pace.edits(20.0) is Edits.ALL


def test_whispers_have_a_limit_of_their_own() -> None:
    """A 429 on an ephemeral holds ephemerals, and neither posts nor edits."""
    pace = fresh()
    pace.whispered(0.0)
    assert (pace.whispers(0.5), pace.whispers(WHISPER_EVERY)) == (False, True)
    pace.hold_whispers(20.0, 1.0)
    assert (pace.whispers(20.0), pace.closed(2.0), pace.edits(2.0)) == (
        False,
        frozenset(),
        Edits.ALL,
    )
    assert pace.wait(20.0) == pytest.approx(1.0)


def test_when_slack_is_down_nothing_goes() -> None:
    """`held` counts down to the next try; a shorter hold does not undo a longer one."""
    pace = fresh()
    assert pace.held(0.0) == 0.0
    pace.hold_all(10.0, 0.0)
    pace.hold_all(1.0, 0.0)
    assert pace.held(4.0) == 6.0
    assert pace.held(10.0) == 0.0


def test_a_start_is_careful_with_edits() -> None:
    """A restart does not know what its predecessor spent, so it begins with nothing."""
    pace = Pace(0.0)
    assert pace.edits(1.4) is Edits.NONE
    assert pace.wait(1.4) == pytest.approx(0.1)
    assert pace.edits(1.5) is Edits.CLICKS


def test_a_start_is_careful_with_posts() -> None:
    """The first goes a fifth of a second later; at once where nothing was posted for a minute."""
    pace = Pace(0.0)
    assert not pace.posts(0.0)
    assert pace.wait(0.0) == pytest.approx(0.21, abs=0.01)
    assert pace.posts(0.22)
    assert not Pace(0.0, {"C0": 120.0, "C1": 59.0}).posts(0.0)
    assert Pace(0.0, {"C0": 120.0, "C1": 60.0}).posts(0.0)
    assert Pace(0.0, {}).posts(0.0)


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=200))
def test_no_minute_ever_sees_more_edits_than_slack_allows(gaps: list[tuple[float, bool]]) -> None:
    """However greedily edits are asked for, any 60 seconds hold at most 50, restarts or not."""
    pace, now, made = Pace(0.0), 0.0, list[float]()
    for gap, restart in gaps:
        now += gap
        pace = Pace(now) if restart else pace
        while pace.edits(now) is not Edits.NONE:
            pace.edited(now)
            made.append(now)
    for start in made:
        assert sum(start <= at < start + 60.0 for at in made) <= EDITS_PER_MINUTE


@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=200))
def test_no_minute_ever_sees_more_posts_than_we_allow(gaps: list[tuple[float, bool]]) -> None:
    """Over all channels, restarts or not."""
    pace, now, made = Pace(0.0), 0.0, list[float]()
    for gap, restart in gaps:
        now += gap
        pace = Pace(now) if restart else pace
        while pace.posts(now):
            pace.posted(f"C{len(made)}", now)
            made.append(now)
            assert sum(now - 60.0 < at for at in made) <= POSTS_PER_MINUTE


def test_a_busy_channel_that_is_too_fast_waits_alone() -> None:
    """We had just posted there, so it is that channel's limit."""
    pace = fresh()
    pace.posted("C1", 0.0)
    pace.too_soon("C1", 30.0, POST_EVERY)
    assert pace.closed(30.0) == {"C1"}
    assert pace.posts(30.0)


def test_a_quiet_channel_that_is_too_fast_means_the_workspace() -> None:
    """We had not posted there lately: everything that is posted waits, edits do not."""
    pace = fresh()
    pace.posted("C1", -QUIET)
    pace.too_soon("C1", 30.0, 0.0)
    assert (pace.posts(29.9), pace.posts(30.0)) == (False, True)
    assert pace.edits(1.0) is Edits.ALL
    assert pace.wait(29.0) == pytest.approx(1.0)


def test_two_channels_that_are_too_fast_mean_the_workspace() -> None:
    """However busy both were: Slack's word about the second is about all."""
    pace = fresh()
    for channel in ("C1", "C2"):
        pace.posted(channel, 0.0)
        pace.too_soon(channel, 30.0, 1.0)
    assert (pace.posts(30.9), pace.posts(31.0)) == (False, True)


# Gaps in 64ths of a second: their sums are exact, so that sixty seconds are sixty seconds.
@given(st.lists(st.tuples(st.integers(0, 1920), st.sampled_from([0.8, 1.0])), max_size=100))
def test_no_minute_ever_sees_more_questions_than_slack_allows(
    asks: list[tuple[int, float]],
) -> None:
    """Any 60 seconds hold at most 20, and those who may use a part of them leave the rest."""
    reads, now, made = Reads(20), 0.0, list[float]()
    for gap, share in asks:
        now += gap / 64
        while not reads.wait(now, share):
            reads.made(now)
            made.append(now)
            assert sum(now - 60.0 < at for at in made) <= 20 * share


def test_questions_wait_as_long_as_told() -> None:
    """A wait is over when it says so, and Slack's own outlasts ours."""
    reads = Reads(2)
    for now in (0.0, 10.0):
        reads.made(now)
    assert (reads.wait(20.0), reads.wait(60.0), reads.wait(60.0, 0.5)) == (40.0, 0.0, 10.0)
    reads.hold(90.0, 20.0)
    assert reads.wait(60.0) == 50.0
