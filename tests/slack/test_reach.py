"""Since when nothing could be sent to Slack, by the sender's own failures."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

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


def test_a_slack_that_asks_us_to_wait_is_not_lost(desk: Desk) -> None:
    """It answers, only slowly."""
    desk.order("chat.postMessage", "ratelimited", retry_after=60, times=4)
    desk.find()
    desk.send_all()
    assert desk.outbox.contact() == Contact(answered=True)


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
