"""Since when nothing could be sent to Slack, by the sender's own failures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Level
from bot.ports import Contact
from bot.slack.reach import APART, Reach
from tests.slack.desk import Desk

DOWN = "Slack could not answer chat.postMessage (HTTP 503)."


def lost(reach: Reach, now: float, *, halted: bool = False) -> float:
    """Seconds for which nothing could be sent."""
    return reach.contact(now, halted=halted).lost_for.total_seconds()


def test_at_first_nothing_is_known() -> None:
    """Neither that Slack answers nor that it does not."""
    assert Reach().contact(5, halted=False) == Contact()


def test_a_silence_lasts_from_its_first_failure_to_its_last() -> None:
    """One failure has no length; what happened since nobody knows."""
    reach = Reach()
    reach.failed(DOWN, 100)
    assert lost(reach, 1_000) == 0
    reach.failed(DOWN, 160)
    reach.failed(DOWN, 221)
    assert lost(reach, 1_000) == 121
    assert reach.contact(1_000, halted=False).why == DOWN


def test_an_answer_ends_it() -> None:
    """And the next failure begins a new one."""
    reach = Reach()
    for now in (0, 60, 120):
        reach.failed(DOWN, now)
    reach.answered()
    assert reach.contact(130, halted=False) == Contact(answered=True)
    reach.failed(DOWN, 140)
    assert lost(reach, 141) == 0


def test_two_failures_far_apart_are_not_one_silence() -> None:
    """In between there was nothing to send."""
    reach = Reach()
    reach.failed(DOWN, 0)
    reach.failed(DOWN, APART + 1)
    assert lost(reach, 500) == 0


def test_while_the_token_is_refused_the_silence_goes_on() -> None:
    """Nothing is tried, and nothing can be sent."""
    reach = Reach()
    reach.failed("Slack does not accept our token (token_revoked).", 0)
    assert lost(reach, 900, halted=True) == 900


def test_a_silence_of_posts_ends_with_a_post() -> None:
    """Not with an edit; and not with a post elsewhere, where a critical alert waits."""
    reach = Reach()
    reach.failed(DOWN, 0)
    reach.slowed("C1", "429", 100, 30, urgent=False)
    reach.slowed("C2", "429", 110, 300, urgent=True)
    reach.answered()
    assert [lost(reach, now) for now in (120, 150, 500)] == [120, 150, 410]
    reach.slowed("C2", "429", 410, 300, urgent=True)
    reach.posted("C1")
    assert lost(reach, 500) == 390
    reach.posted("C2")
    assert reach.contact(510, halted=False) == Contact(answered=True)


def test_a_channel_that_nothing_is_tried_in_any_more_is_forgotten() -> None:
    """What waited for it went elsewhere."""
    reach = Reach()
    reach.slowed("C1", "429", 0, 150, urgent=True)
    reach.posted("C2")
    assert lost(reach, 140) == 140
    assert reach.contact(150 + APART + 1, halted=False) == Contact(answered=True)


@given(st.lists(st.integers(0, 2 * int(APART)), min_size=1), st.integers(0, 10_000))
def test_a_silence_is_never_longer_than_time_has_passed(gaps: list[int], later: int) -> None:
    """However the failures lie."""
    reach, now = Reach(), 0
    for gap in gaps:
        now += gap
        reach.failed(DOWN, now)
    assert 0 <= lost(reach, now + later) <= now


# ── the sender at work ──────────────────────────────────────────────────────


def tries(desk: Desk, seconds: float) -> None:
    """The sender works for so long."""
    ends = desk.clock.monotonic() + seconds
    while desk.clock.monotonic() < ends:
        desk.clock.tick(min(max(desk.outbox.step(), 0.01), 30.0))


def test_a_slack_that_answers_503_is_lost_within_seconds_of_two_minutes(desk: Desk) -> None:
    """The sender tries often enough to know; and it is over with the first answer."""
    desk.order("chat.postMessage", "error", status=503, times=9)
    desk.find()
    tries(desk, 110)
    assert desk.outbox.contact().lost_for < timedelta(minutes=2)
    tries(desk, 90)
    contact = desk.outbox.contact()
    assert timedelta(minutes=2) <= contact.lost_for < timedelta(minutes=4)
    assert "503" in contact.why
    desk.send_all()
    assert desk.outbox.contact() == Contact(answered=True)


@pytest.mark.parametrize(
    ("asked", "times", "lost"), [(30, 1, False), (30, 3, False), (30, 9, True)]
)
def test_a_slack_that_takes_no_post_for_long_is_lost(
    desk: Desk, asked: int, times: int, lost: bool
) -> None:
    """It answers every half minute that it is too soon; a minute and a half of that is its pace."""
    desk.order("chat.postMessage", "ratelimited", retry_after=asked, times=times)
    desk.find()
    tries(desk, 150)
    contact = desk.outbox.contact()
    assert (contact.lost_for >= timedelta(minutes=2)) is lost
    assert ("slow down" in contact.why) is lost
    desk.send_all()
    assert desk.outbox.contact() == Contact(answered=True)


def test_a_long_time_that_slack_asks_for_is_a_silence_while_it_lasts(desk: Desk) -> None:
    """Nothing is tried meanwhile, but the post waits; edits of other cards do not end it."""
    desk.find()
    desk.send_all()
    desk.order("chat.postMessage", "ratelimited", retry_after=600)
    desk.press()
    tries(desk, 150)
    assert desk.calls("chat.update") == 1
    assert desk.outbox.contact().lost_for >= timedelta(minutes=2)


def test_our_own_pace_is_no_silence(desk: Desk) -> None:
    """Many cards wait for minutes in one channel, and one after the other gets through."""
    for number in range(200):
        desk.find(f"e-{number}", rule=f"rule_{number}")
    tries(desk, 150)
    assert desk.waiting > 0
    assert desk.outbox.contact() == Contact(answered=True)


@pytest.mark.parametrize("level", [Level.CRITICAL, Level.HIGH])
def test_a_channel_that_takes_no_critical_card_is_lost(desk: Desk, level: Level) -> None:
    """Though posts to others get through; an ordinary card there wakes nobody."""
    desk.find("e-0", rule="rule_0")
    desk.send_all()
    desk.order("chat.postMessage", "ratelimited", retry_after=600, channel=desk.main)
    desk.find(level=level)
    tries(desk, 1.1)
    for number in range(1, 6):
        desk.find(f"o-{number}", rule=f"rule_{number}", channel=desk.other)
        tries(desk, 30)
    lost = desk.outbox.contact().lost_for >= timedelta(minutes=2)
    assert lost is (level is Level.CRITICAL)


def test_a_slack_that_refuses_a_message_is_not_lost(desk: Desk) -> None:
    """A no is an answer."""
    desk.order("chat.postMessage", "ok_false", code="no_permission")
    desk.find()
    desk.outbox.step()
    assert desk.outbox.contact() == Contact(answered=True)


def test_a_refused_token_is_a_silence_until_it_is_accepted(desk: Desk) -> None:
    """Nothing can be sent, and nothing is tried but the token, every five minutes."""
    desk.order("chat.postMessage", "ok_false", code="token_expired")
    desk.find()
    desk.outbox.step()
    desk.clock.tick(150)
    assert desk.outbox.contact().lost_for == timedelta(seconds=150)
    tries(desk, 200)
    desk.send_all()
    assert desk.outbox.contact() == Contact(answered=True)
