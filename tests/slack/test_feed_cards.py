"""A feed in trouble, from the look at it to its card in Slack, by a clock that the test turns."""

from __future__ import annotations

import json

import pytest

from bot.alerts import status
from bot.model import Backlog
from bot.slack import cards
from bot.triage import Triage
from tests.builders import make_triage
from tests.health.made import Watched
from tests.slack.desk import Desk


@pytest.fixture
def watched(desk: Desk) -> Watched:
    """A source that has just spoken, watched at the desk."""

    def folding() -> Triage:
        return make_triage(channel_of=lambda _: desk.main)

    watched = Watched(desk.store, desk.clock, folding=folding)
    watched.look()
    watched.speak(1)
    return watched


def test_a_silent_feed_becomes_a_card_with_buttons(desk: Desk, watched: Watched) -> None:
    """Once, after an hour; status names it, and when it is well again it says that too."""
    watched.pass_by(59)
    desk.send_all()
    assert desk.cards == []

    watched.pass_by(121)
    desk.send_all()

    [card] = desk.cards
    shown = json.dumps(card, ensure_ascii=False)
    assert "High: No record from main for 1 h; up to 1 h is usual" in card["text"]
    assert "Look in CloudTrail whether the trail is logging" in shown
    for action in ("alert_take", "alert_resolve", "alert_details", "alert_more"):
        assert action in shown
    assert "No record from main for 3 h; up to 1 h is usual (since" in said(watched)

    watched.speak(1)
    assert "`main` is well again: `feed_silent`" in said(watched)
    assert desk.store.delays("", 10) == []


def test_dead_letters_become_a_card(desk: Desk, watched: Watched) -> None:
    """With the queue's name and the number."""
    watched.backlog = Backlog(waiting=0, dead=2, dead_queue="trail-dead")
    watched.pass_by(3)
    desk.send_all()

    [card] = desk.cards
    assert "The dead-letter queue of main (trail-dead) holds 2 messages" in card["text"]


def said(watched: Watched) -> str:
    """What status says."""
    now = status(watched.bot)
    drawn = cards.status(
        counts=now.counts, feeds=now.feeds, checkups=now.checkups, recovered=now.recovered
    )
    return json.dumps(drawn, ensure_ascii=False)
