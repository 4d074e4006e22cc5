"""The sender under strain: nobody holds others up, and nothing is left without a place."""

from __future__ import annotations

import time

import pytest

from bot.errors import Unavailable
from bot.model import Level, SendKind, Verb
from bot.slack.client import SlackClient
from tests.builders import BEN
from tests.slack.desk import Desk

POST, EDIT, WHISPER = "chat.postMessage", "chat.update", "chat.postEphemeral"
FAR = "9999-01-01T00:00:00.000Z"


def posted(desk: Desk) -> None:
    """An alert whose card hangs in the main channel."""
    desk.find()
    desk.send_all()


def whisper(desk: Desk, name: str = "w", **changes: str) -> str:
    """One ephemeral for the analyst; returns who that is."""
    person = desk.slack.people["analyst"].id
    desk.queue(SendKind.EPHEMERAL, id=name, user=person, body={"text": "Ana was first."}, **changes)
    return person


def work(desk: Desk, seconds: float) -> None:
    """Let the sender work for so long."""
    ends = desk.clock.monotonic() + seconds
    while desk.clock.monotonic() < ends:
        desk.clock.tick(min(max(desk.outbox.step(), 0.01), ends - desk.clock.monotonic()))


# ── nobody holds others up ──────────────────────────────────────────────────


def test_whispers_that_came_too_fast_hold_no_card(desk: Desk) -> None:
    """Somebody who presses without end cannot hold an alert back."""
    posted(desk)
    desk.order(WHISPER, "ratelimited", retry_after=60)
    whisper(desk)
    work(desk, 1)
    desk.find("e-2", rule="rule_2")
    work(desk, 2)
    assert (len(desk.cards), desk.calls(WHISPER)) == (2, 1)
    work(desk, 60)
    assert desk.calls(WHISPER) == 2


def test_a_slow_channel_holds_no_answer_to_a_click(desk: Desk) -> None:
    """While posts to a channel wait for a minute, its people are still answered."""
    posted(desk)
    desk.order(POST, "ratelimited", retry_after=60, channel=desk.main)
    desk.find("e-2", source_ip="203.0.113.9")
    work(desk, 1)
    person = whisper(desk)
    work(desk, 1)
    assert (desk.thread(), len(desk.slack.ephemerals(person))) == ([], 1)


def test_whispers_keep_to_their_tier(desk: Desk) -> None:
    """Slack takes 100 a minute."""
    posted(desk)
    for number in range(120):
        whisper(desk, f"w-{number}")
    work(desk, 60)
    assert 90 <= desk.calls(WHISPER) <= 101


def test_a_message_that_slack_chokes_on_holds_nobody_for_long(desk: Desk) -> None:
    """One card is answered with 500 for ever: the others go, and it goes on being tried."""
    desk.order(POST, "error", times=10_000, status=500, channel=desk.main)
    desk.find("e-1")
    for number in range(2, 8):
        desk.find(f"e-{number}", rule=f"rule_{number}", level=Level.LOW, channel=desk.other)
    work(desk, 120)
    assert len(desk.slack.messages(desk.other)) == 6
    tried = desk.calls(POST)
    work(desk, 180)
    assert desk.calls(POST) > tried


def test_a_long_retry_after_is_obeyed_to_its_end(desk: Desk) -> None:
    """Half an hour is half an hour."""
    desk.order(POST, "ratelimited", retry_after=1800)
    desk.find()
    work(desk, 1790)
    assert desk.calls(POST) == 1
    work(desk, 15)
    assert (desk.calls(POST), len(desk.cards)) == (2, 1)


def test_a_sender_that_stumbles_goes_on_waiting(desk: Desk) -> None:
    """What Slack asked for holds although the sender takes everything up anew."""
    desk.order(POST, "ratelimited", retry_after=60)
    desk.find()
    work(desk, 1)
    desk.outbox.recover()
    desk.find("e-2", rule="rule_2")
    work(desk, 55)
    assert desk.calls(POST) == 1


@pytest.mark.parametrize("minutes", [1, 10, 90, 600])
def test_a_clock_set_back_holds_nothing_up(desk: Desk, minutes: int) -> None:
    """However far it was set back: a card that was due goes at once."""
    posted(desk)
    desk.outbox.step()
    desk.find("e-2", rule="rule_2")
    desk.clock.set_back(60 * minutes)
    work(desk, 5)
    assert len(desk.cards) == 2


def test_after_a_step_back_a_burst_is_still_one_edit(desk: Desk) -> None:
    """A near miss: what honestly waits for its two seconds goes on doing so."""
    posted(desk)
    desk.clock.set_back(600)
    desk.outbox.step()
    desk.find("e-2")
    work(desk, 1)
    desk.find("e-3")
    assert desk.calls(EDIT) == 0
    work(desk, 4)
    assert desk.calls(EDIT) == 1


def test_who_wants_to_know_hears_of_a_step_back(desk: Desk) -> None:
    """Once a step; time that passes and a clock set forward are none."""
    heard: list[str] = []
    desk.outbox.when_set_back(lambda: heard.append("back"))
    for change in (60.0, -3600.0, 0.5):
        desk.outbox.step()
        desk.clock.set_back(-change)
        desk.clock.tick(1)
    desk.outbox.step()
    assert heard == ["back"]


# ── nothing is left without a place ─────────────────────────────────────────


def test_what_is_said_under_a_deleted_card_comes_under_the_new_one(desk: Desk) -> None:
    """The history line of the very press that showed the card to be gone."""
    posted(desk)
    desk.delete(desk.cards[0]["ts"])
    desk.press()
    desk.send_all()
    assert (len(desk.cards), len(desk.thread())) == (1, 1)


@pytest.mark.parametrize("trouble", ["archive", "kick"])
def test_news_for_a_closed_channel_comes_with_the_card_elsewhere(desk: Desk, trouble: str) -> None:
    """News goes before the edit, so it meets the closed channel first; it is not lost."""
    posted(desk)
    getattr(desk.slack, trouble)(desk.main)
    desk.find("e-2", source_ip="203.0.113.9")
    desk.send_all()
    assert len(desk.slack.messages(desk.other)) == 1
    assert "203.0.113.0/24" in desk.thread()[0]


def test_news_without_any_open_channel_ends(desk: Desk) -> None:
    """Both channels closed: it is given up and shown, not tried for ever. Each finding has the
    card tried in both of them, once by its news and once by its edit."""
    posted(desk)
    desk.slack.archive(desk.main)
    desk.slack.archive(desk.other)
    for number in range(1, 4):
        before = desk.calls(POST)
        desk.find(f"e-{number + 1}", source_ip=f"203.0.{number}.9")
        desk.send_all()
        assert desk.calls(POST) - before == 5
    assert "is_archived" in " ".join(desk.refused)


def test_a_sentence_that_cannot_be_shown_there_comes_directly(desk: Desk) -> None:
    """Pressed where the bot is not a member: the person hears why all the same."""
    posted(desk)
    desk.slack.kick(desk.other)
    person = whisper(desk, channel=desk.other)
    desk.send_all()
    [message] = desk.slack.messages(person)
    assert "Ana was first." in message["text"]


@pytest.mark.parametrize("resolved", [False, True])
def test_an_alert_that_nobody_could_see_is_posted_at_the_next_start(
    desk: Desk, resolved: bool
) -> None:
    """We were not invited at first. Once we are, and start anew, what is open is there, once."""
    desk.order(POST, "ok_false", code="not_in_channel", times=2)
    desk.find()
    desk.send_all()
    if resolved:
        desk.press(Verb.RESOLVE, by=BEN)
    for _ in range(2):
        desk.restart()
    shown = [*desk.cards, *desk.slack.messages(desk.other)]
    assert len(shown) == (0 if resolved else 1)


def test_a_modal_that_slack_is_slow_to_open_is_no_late_ack(desk: Desk) -> None:
    """The listener gives up in time to say so before Slack's three seconds are over."""
    desk.order("views.open", "slow", seconds=5)
    client = SlackClient(desk.slack.bot_token, desk.slack.api_url)
    started = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not answer views[.]open"):
        client.open("trigger", {"type": "modal"})
    assert time.monotonic() - started < 2.5


# ── kill -9 ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("kind", list(SendKind))
def test_a_kill_after_the_claim_of_any_kind(desk: Desk, kind: SendKind, arrived: bool) -> None:
    """Posts stand there once, edits are repeated, ephemerals come at most once and are shown."""
    person = desk.slack.people["analyst"].id
    if kind is SendKind.CARD:
        desk.find()
    else:
        posted(desk)
        elsewhere = {SendKind.DM: person, SendKind.POST: desk.other}
        channel = elsewhere.get(kind, desk.main)
        body = {"lines": ["network 203.0.113.0/24"], "text": "Ana was first."}
        desk.queue(kind, channel=channel, user=person, body=body)
    claimed = desk.store.claim_send(desk.clock.iso, horizon=FAR)
    assert claimed is not None
    assert claimed.kind is kind
    if arrived:
        desk.outbox._deliver(claimed)
    desk.start()
    desk.outbox.recover()
    desk.send_all()
    heard = len(desk.slack.ephemerals(person))
    assert heard == (arrived if kind is SendKind.EPHEMERAL else 0)
    assert len(desk.refused) == (kind is SendKind.EPHEMERAL)
    assert len(desk.cards) == 1
    assert len(desk.slack.messages(desk.other)) == (kind is SendKind.POST)
    assert len(desk.thread()) == (kind is SendKind.NOTE)
    assert len(desk.slack.messages(person)) == (kind is SendKind.DM)
    assert desk.calls(EDIT) == (kind is SendKind.EDIT) * (1 + arrived)
