"""The sender against Slack on loopback: everything once, at Slack's pace, whatever goes wrong."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.demo.slack import Limits, SlackServer
from bot.model import Alert, Lane, Level, Send, SendKind, Verb, iso
from bot.slack.refusals import TRIES
from bot.store import SqliteStore
from tests.builders import BEN
from tests.slack.desk import MANIFEST, Desk

POST, EDIT, WHISPER = "chat.postMessage", "chat.update", "chat.postEphemeral"


# ── all is well ─────────────────────────────────────────────────────────────


def test_a_card_goes_at_once_and_its_place_is_remembered(desk: Desk) -> None:
    """The first step posts it; the alert knows channel and ts; the metadata names the send."""
    desk.find()
    assert desk.outbox.step() == 0.0
    [card] = desk.cards
    alert = desk.store.alert(desk.alert_id)
    assert alert is not None
    assert (alert.channel, alert.ts) == (desk.main, card["ts"])
    assert card["metadata"]["event_type"] == "callwarden_send"
    assert alert.id in str(card["blocks"])


def test_a_burst_is_one_card_and_one_edit(desk: Desk) -> None:
    """Repetitions after the post are one edit, a little later, of the card as it is then."""
    desk.find()
    desk.send_all()
    for number in range(2, 9):
        desk.find(f"e-{number}")
    assert desk.outbox.step() > 0
    desk.send_all()
    assert (desk.calls(POST), desk.calls(EDIT)) == (1, 1)
    assert "8" in str(desk.cards[0]["blocks"])


def test_a_click_is_drawn_at_once_and_told_in_the_thread(desk: Desk) -> None:
    """The next step after a decision edits the card; the history line follows in its thread."""
    desk.find()
    desk.send_all()
    desk.press()
    desk.outbox.step()
    assert desk.calls(EDIT) == 1
    desk.send_all()
    assert len(desk.thread()) == 1


def test_news_is_said_in_the_thread(desk: Desk) -> None:
    """New context comes as a reply under its card."""
    desk.find()
    desk.send_all()
    desk.find("e-2", source_ip="203.0.113.9")
    desk.send_all()
    assert "203.0.113.0/24" in desk.thread()[0]


def test_a_call_stands_in_the_thread_and_mentions_a_group(desk: Desk) -> None:
    """Who is called is mentioned; the sentence is text."""
    desk.find()
    desk.send_all()
    desk.queue(SendKind.NOTE, body={"call": ["S0SOC"], "text": "Nobody has taken it: <!here>"})
    desk.send_all()
    assert desk.thread() == ["<!subteam^S0SOC> Nobody has taken it: &lt;!here&gt;"]


def test_a_post_is_a_message_of_its_own_in_another_channel(desk: Desk) -> None:
    """It is no card: where the alert's card stands does not change."""
    desk.find()
    desk.send_all()
    before = desk.store.alert(desk.alert_id)
    desk.queue(SendKind.POST, channel=desk.other, body={"text": "Nobody has taken it."})
    desk.send_all()
    [post] = desk.slack.messages(desk.other)
    assert "Nobody has taken it." in str(post)
    assert desk.store.alert(desk.alert_id) == before


def test_a_raw_record_goes_by_direct_message(desk: Desk) -> None:
    """Only the person who asked gets it, and nothing of it stands in the channel."""
    person = desk.slack.people["analyst"].id
    desk.find()
    desk.send_all()
    desk.queue(SendKind.DM, channel=person, body={"record": desk.record_id})
    desk.send_all()
    [message] = desk.slack.messages(person)
    assert "UpdateSecurityProfile" in str(message)
    assert len(desk.cards) == 1


def test_a_whisper_reaches_one_person(desk: Desk) -> None:
    """Who comes second is told in private."""
    person = desk.slack.people["analyst"].id
    desk.find()
    desk.send_all()
    desk.queue(SendKind.EPHEMERAL, user=person, body={"text": "Ana was first."})
    desk.send_all()
    assert ["Ana was first." in str(said) for said in desk.slack.ephemerals(person)] == [True]


def test_a_channel_gets_one_post_a_second(desk: Desk) -> None:
    """Four alerts for one channel take three seconds; another channel does not wait."""
    for number in range(4):
        desk.find(f"e-{number}", rule=f"rule_{number}")
    desk.find("e-9", rule="rule_9", channel=desk.other)
    desk.outbox.step()
    desk.outbox.step()
    assert len(desk.slack.messages(desk.other)) == 1
    assert desk.send_all() == pytest.approx(3.0, abs=0.1)
    assert len(desk.cards) == 4


def test_critical_cards_overtake_ordinary_ones(desk: Desk) -> None:
    """In a storm the worst is seen first."""
    for number in range(3):
        desk.find(f"e-{number}", rule=f"rule_{number}", level=Level.LOW)
    desk.find("e-9", rule="rule_9")
    desk.outbox.step()
    assert "CRITICAL" in str(desk.cards[0]).upper()


def test_many_calls_are_one_message_that_mentions_and_counts(desk: Desk) -> None:
    """Beside the cards, in place of a mention in each thread."""
    desk.find()
    for number in range(7):
        body = {"call": ["S0SOC"], "text": f"Nobody has taken A-{number}"}
        desk.queue(SendKind.NOTE, id=f"call-{number}", body=body)
    desk.send_all()

    assert len(desk.thread()) == 5
    [post] = [one["text"] for one in desk.cards if "Nobody has taken" in one["text"]]
    assert post.startswith("<!subteam^S0SOC> Nobody has taken 2 alerts:")


@pytest.mark.parametrize("kind", [SendKind.DM, SendKind.POST])
def test_whoever_cannot_be_called_is_named_in_the_main_channel(desk: Desk, kind: SendKind) -> None:
    """With Slack's reason, a mention of the person, and the alert; and it is shown as not sent."""
    desk.find()
    receiver = "U0NOBODY" if kind is SendKind.DM else "C0NOTTHERE"
    body = {"untaken": [[desk.alert_id, f"Nobody has taken {desk.alert_id}"]]}
    desk.queue(kind, channel=receiver, body=body)
    desk.send_all()

    [said] = [one["text"] for one in desk.slack.messages(desk.other)]
    assert said.startswith("<@U0NOBODY> I could" if kind is SendKind.DM else "I could")
    assert f"I could not tell {receiver}: Slack refused" in said
    assert f"Nobody has taken {desk.alert_id}. /callwarden alert {desk.alert_id}" in said
    assert len(desk.refused) == 1


def test_where_the_main_channel_refuses_too_it_ends(desk: Desk) -> None:
    """Near miss of a loop: both are shown, and the page is left."""
    desk.find()
    desk.send_all()
    desk.slack.archive(desk.other)
    desk.queue(SendKind.POST, channel="C0NOTTHERE", body={"untaken": [[desk.alert_id, "Nobody"]]})
    desk.send_all()

    assert len(desk.refused) == 2


def test_nothing_to_do_is_a_long_wait_and_no_call(desk: Desk) -> None:
    """An idle sender sleeps."""
    assert desk.outbox.step() == 30.0
    assert desk.slack.calls() == []


# ── Slack asks us to slow down ──────────────────────────────────────────────


def test_retry_after_is_obeyed(desk: Desk) -> None:
    """No second try before the time that Slack named, one after it."""
    desk.order(POST, "ratelimited", retry_after=7)
    desk.find()
    desk.outbox.step()
    for _ in range(13):
        desk.clock.tick(0.5)
        desk.outbox.step()
    assert desk.calls(POST) == 1
    desk.clock.tick(0.6)
    desk.outbox.step()
    assert (desk.calls(POST), len(desk.cards)) == (2, 1)


def test_a_slow_channel_holds_nobody_else_up(desk: Desk) -> None:
    """While a busy channel waits for a minute, others go, and later sends are seen in time."""
    desk.find("e-0", rule="rule_0")
    desk.outbox.step()
    desk.clock.tick(1)
    desk.order(POST, "ratelimited", retry_after=60, channel=desk.main)
    desk.find()
    desk.find("e-2", rule="rule_2")
    desk.outbox.step()
    assert desk.outbox.step() <= 1.0
    desk.find("e-9", rule="rule_9", channel=desk.other)
    desk.outbox.step()
    assert len(desk.slack.messages(desk.other)) == 1


def test_a_limit_on_edits_is_no_limit_on_posts(desk: Desk) -> None:
    """chat.update has its own budget; cards go on meanwhile, and the edit goes later."""
    desk.find()
    desk.send_all()
    desk.order(EDIT, "ratelimited", retry_after=20)
    posted_by = iso(desk.clock.now() + timedelta(seconds=5))
    desk.press()
    desk.outbox.step()
    desk.find("e-2", rule="rule_2")
    while desk.clock.iso < posted_by and desk.calls(POST) < 3:
        desk.clock.tick(max(desk.outbox.step(), 0.01))
    assert (desk.calls(POST), desk.calls(EDIT)) == (3, 1)
    assert desk.send_all() >= 15
    assert (desk.calls(POST), desk.calls(EDIT)) == (3, 2)


# ── no answer ───────────────────────────────────────────────────────────────


def queue_one(desk: Desk, kind: SendKind) -> str:
    """One post of *kind* is due; returns the place where it should come to stand."""
    desk.find()
    if kind is SendKind.CARD:
        return desk.main
    desk.send_all()
    if kind is SendKind.DM:
        person = desk.slack.people["analyst"].id
        desk.queue(kind, channel=person)
        return person
    desk.queue(kind, body={"lines": ["network 203.0.113.0/24"]})
    return desk.main


def arrived(desk: Desk, kind: SendKind, place: str) -> int:
    """How many messages stand where *kind* goes."""
    return len(desk.thread()) if kind is SendKind.NOTE else len(desk.slack.messages(place))


@pytest.mark.parametrize("kind", [SendKind.CARD, SendKind.NOTE, SendKind.DM])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "error", "ok_false"])
def test_an_ambiguous_post_is_looked_for_and_stands_there_once(
    desk: Desk, kind: SendKind, fault: str
) -> None:
    """Whether it had arrived or not: found by its metadata, or posted again, never twice."""
    place = queue_one(desk, kind)
    desk.order(POST, fault)
    before = desk.calls(POST)
    desk.send_all()
    assert arrived(desk, kind, place) == 1
    assert desk.calls("conversations.history") + desk.calls("conversations.replies") == 1
    assert desk.calls(POST) - before == (1 if fault == "drop_after" else 2)
    assert desk.refused == []


def test_the_look_for_it_is_itself_tried_again(desk: Desk) -> None:
    """While Slack does not let us look, nothing is posted on suspicion."""
    desk.order(POST, "drop_after")
    desk.order("conversations.history", "error", times=3)
    desk.find()
    desk.send_all()
    assert (len(desk.cards), desk.calls(POST), desk.calls("conversations.history")) == (1, 1, 4)


def test_where_we_may_not_look_it_is_posted_again(desk: Desk) -> None:
    """Without the history scope an alert seen twice is better than one never seen."""
    desk.order(POST, "drop_before")
    desk.order("conversations.history", "ok_false", code="missing_scope")
    desk.find()
    desk.send_all()
    assert len(desk.cards) == 1


def test_an_edit_without_an_answer_is_repeated(desk: Desk) -> None:
    """An edit says what is true, so saying it again does no harm, and nothing is looked for."""
    desk.find()
    desk.send_all()
    desk.order(EDIT, "drop_after")
    desk.press()
    desk.send_all()
    assert (desk.calls(EDIT), desk.calls("conversations.history")) == (2, 0)


def test_slack_down_for_a_while_loses_nothing(desk: Desk) -> None:
    """Ever slower tries while it is down; then every card once, in both channels."""
    desk.order("*", "error", times=9, status=500)
    for number in range(5):
        channel = desk.other if number % 2 else desk.main
        desk.find(f"e-{number}", rule=f"rule_{number}", channel=channel)
    took = desk.send_all()
    assert 60 < took < 600
    assert (len(desk.cards), len(desk.slack.messages(desk.other))) == (3, 2)


def test_slack_that_cannot_be_reached_is_waited_for(slack: SlackServer, database: Path) -> None:
    """A refused connection never was a post: the next try posts, without looking."""
    desk = Desk(slack, database)
    desk.find()
    slack.stop()
    assert desk.outbox.step() == 0.0
    assert desk.outbox.step() > 0.0
    again = SlackServer(manifest=MANIFEST, limits=Limits.off())
    with again:
        desk.slack = again
        desk.main, desk.other = again.channels.values()
        desk.start()
        desk.send_all()
        assert (len(desk.cards), desk.calls("conversations.history")) == (1, 0)
    desk.close()


# ── ephemerals ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "calls", "heard"),
    [("drop_after", 1, 1), ("drop_before", 1, 0), ("error", 1, 0), ("ratelimited", 2, 1)],
)
def test_a_whisper_is_sent_at_most_once(desk: Desk, fault: str, calls: int, heard: int) -> None:
    """Where it may have arrived it is given up and shown; where it did not, it is tried again."""
    person = desk.slack.people["analyst"].id
    desk.find()
    desk.send_all()
    desk.order(WHISPER, fault)
    desk.queue(SendKind.EPHEMERAL, user=person, body={"text": "Ana was first."})
    desk.send_all()
    assert (desk.calls(WHISPER), len(desk.slack.ephemerals(person))) == (calls, heard)
    assert len(desk.refused) == (0 if fault == "ratelimited" else 1)


# ── refused for good ────────────────────────────────────────────────────────


@pytest.mark.parametrize("trouble", ["archive", "kick"])
def test_a_card_whose_channel_is_closed_goes_to_the_fallback(desk: Desk, trouble: str) -> None:
    """The alert is seen all the same, and its thread and edits are where its card is."""
    getattr(desk.slack, trouble)(desk.main)
    desk.find()
    desk.send_all()
    desk.press()
    desk.send_all()
    [card] = desk.slack.messages(desk.other)
    alert = desk.store.alert(desk.alert_id)
    assert alert is not None
    assert (alert.channel, alert.ts) == (desk.other, card["ts"])
    assert len(desk.thread()) == 1
    assert desk.refused == []


def test_when_every_channel_is_closed_it_is_shown_and_no_loop(desk: Desk) -> None:
    """The refusal is an outcome: two tries, one sentence, and nothing waits for ever."""
    desk.slack.archive(desk.main)
    desk.slack.archive(desk.other)
    desk.find()
    desk.send_all()
    desk.press()
    desk.send_all()
    assert desk.calls(POST) == 2
    assert "is_archived" in " ".join(desk.refused)


def test_a_card_that_slack_dislikes_goes_as_plain_text(desk: Desk) -> None:
    """invalid_blocks costs the looks, not the alert."""
    desk.order(POST, "ok_false", code="invalid_blocks")
    desk.find()
    desk.send_all()
    [card] = desk.cards
    assert not card.get("blocks")
    assert "mallory" in card["text"]


def test_plain_text_that_slack_dislikes_is_given_up(desk: Desk) -> None:
    """There is one other way, not a loop of them."""
    desk.order(POST, "ok_false", code="invalid_blocks", times=2)
    desk.find()
    desk.send_all()
    assert desk.calls(POST) == 2
    assert "invalid_blocks" in desk.refused[0]


def test_a_deleted_card_is_posted_anew_once(desk: Desk) -> None:
    """An alert without a card is out of sight; the next change brings it back, edits follow."""
    desk.find()
    desk.send_all()
    desk.delete(desk.cards[0]["ts"])
    desk.press()
    desk.send_all()
    [card] = desk.cards
    alert = desk.store.alert(desk.alert_id)
    assert alert is not None
    assert alert.ts == card["ts"]
    desk.press(Verb.RESOLVE, by=BEN)
    desk.send_all()
    assert len(desk.cards) == 1
    assert "Ben" in str(desk.cards[0]["blocks"]) or BEN.user in str(desk.cards[0]["blocks"])


def test_a_card_in_a_channel_closed_later_is_posted_anew_elsewhere(desk: Desk) -> None:
    """When its channel is archived, the next change shows the alert in the fallback."""
    desk.find()
    desk.send_all()
    desk.slack.archive(desk.main)
    desk.press()
    desk.send_all()
    [card] = desk.slack.messages(desk.other)
    assert desk.alert_id in str(card)


def test_a_revoked_token_halts_with_a_sentence(desk: Desk) -> None:
    """One try, then no more calls: the sentence says what to mend."""
    desk.slack.revoke()
    desk.find()
    desk.outbox.step()
    assert "token_revoked" in desk.outbox.error
    desk.find("e-2", rule="rule_2")
    assert [desk.outbox.step() for _ in range(3)] == [30.0] * 3
    assert desk.calls(POST) == 1


def test_a_token_that_is_accepted_again_goes_on_by_itself(desk: Desk) -> None:
    """A mishap at Slack's is asked about every five minutes, and what waited is sent."""
    desk.order(POST, "ok_false", code="invalid_auth")
    desk.find()
    desk.outbox.step()
    desk.clock.tick(299)
    assert desk.outbox.step() == 30.0
    assert "invalid_auth" in desk.outbox.error
    desk.clock.tick(2)
    desk.outbox.step()
    desk.send_all()
    assert (desk.outbox.error, len(desk.cards), desk.refused) == ("", 1, [])


def test_with_a_new_token_everything_is_sent(desk: Desk) -> None:
    """What the old token could not send goes after the restart, history lines too."""
    desk.order(POST, "ok_false", code="token_revoked")
    desk.find()
    desk.outbox.step()
    desk.press()
    desk.start()
    assert desk.outbox.error == ""
    desk.outbox.recover()
    desk.send_all()
    assert (len(desk.cards), len(desk.thread()), desk.refused) == (1, 1, [])


def test_a_message_about_what_is_gone_is_given_up(desk: Desk) -> None:
    """Evidence past its retention cannot be sent, and who asked for it is told so."""
    person = desk.slack.people["analyst"].id
    desk.find()
    desk.send_all()
    desk.queue(SendKind.DM, channel=person, body={"record": desk.record_id})
    desk.store.prune(records_before="9", evidence_before="9")
    desk.send_all()
    [message] = desk.slack.messages(person)
    assert "passed its retention" in message["text"]


# ── our own faults ──────────────────────────────────────────────────────────


def test_a_kill_between_post_and_note_of_it_posts_nothing_twice(desk: Desk) -> None:
    """The restarted sender finds the card that its predecessor had posted."""
    desk.find()
    horizon = "9999-01-01T00:00:00.000Z"
    claimed = desk.store.claim_send(desk.clock.iso, horizon=horizon)
    assert claimed is not None
    desk.outbox._deliver(claimed)
    desk.start()
    desk.outbox.recover()
    desk.send_all()
    assert (len(desk.cards), desk.calls(POST)) == (1, 1)


def test_a_clock_set_back_an_hour_holds_nothing_up(desk: Desk) -> None:
    """Sends that were due by the faster clock still go."""
    desk.find()
    desk.send_all()
    desk.find("e-2")
    desk.clock.set_back(3600)
    assert desk.send_all() < 60
    assert desk.calls(EDIT) == 1


class Stumbling(SqliteStore):
    """A store whose disk is full for a moment, and whose rows about some alerts are broken."""

    full = 0
    broken: frozenset[str] = frozenset()

    def send_done(self, send: Send, channel: str, ts: str, now: str) -> None:
        if self.full:
            self.full -= 1
            raise sqlite3.OperationalError("database or disk is full")
        super().send_done(send, channel, ts, now)

    def alert(self, alert_id: str) -> Alert | None:
        found = super().alert(alert_id)
        if found is not None and found.rule in self.broken:
            raise KeyError(alert_id)
        return found


@pytest.fixture
def stumbling(slack: SlackServer, database: Path) -> Iterator[tuple[Desk, Stumbling]]:
    """A sender on a store that can fail."""
    desk = Desk(slack, database, Stumbling)
    assert isinstance(desk.store, Stumbling)
    yield desk, desk.store
    desk.close()


def test_a_store_that_fails_after_the_post_recovers(stumbling: tuple[Desk, Stumbling]) -> None:
    """The thread goes on, finds the card it could not note down, and posts no second one."""
    desk, store = stumbling
    store.full = 1
    desk.find()
    thread = threading.Thread(target=desk.outbox.run)
    thread.start()

    def noted() -> bool:
        desk.clock.tick(1)
        return store.counts().get("sends.sent", 0) == 1

    desk.slack.wait(noted)
    desk.outbox.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert (len(desk.cards), desk.calls(POST)) == (1, 1)


def test_a_send_that_breaks_our_code_is_given_up_and_holds_nobody(
    stumbling: tuple[Desk, Stumbling],
) -> None:
    """A few tries, in case it passes, then an id that is also in the log; others go on."""
    desk, store = stumbling
    store.broken = frozenset({"rule_bad"})
    desk.find("e-1", rule="rule_bad")
    desk.find("e-2", rule="rule_good")
    desk.send_all()
    assert len(desk.cards) == 1
    [bad] = store.refused_sends()
    assert (bad.attempts, "KeyError" in bad.error) == (TRIES, True)


def test_a_bug_that_passes_costs_nothing(stumbling: tuple[Desk, Stumbling]) -> None:
    """What breaks once is sent the next time."""
    desk, store = stumbling
    store.broken = frozenset({"connect_security_profile_updated"})
    desk.find()
    desk.outbox.step()
    store.broken = frozenset()
    desk.send_all()
    assert (len(desk.cards), desk.refused) == (1, [])


def test_waking_the_sender_shortens_its_sleep(desk: Desk) -> None:
    """A queued send does not wait for the next look, and stop ends the thread at once."""
    thread = threading.Thread(target=desk.outbox.run)
    thread.start()
    desk.find()
    desk.outbox.wake()
    card: Any = desk.slack.wait(lambda: desk.cards)
    desk.outbox.stop()
    thread.join(5)
    assert (len(card), thread.is_alive()) == (1, False)


def test_a_click_overtakes_a_backlog(desk: Desk) -> None:
    """Who presses a button is answered before the next card of a storm."""
    desk.find()
    desk.send_all()
    alert = desk.alert_id
    for number in range(2, 6):
        desk.find(f"e-{number}", rule=f"rule_{number}")
    send = Send(id="edit", kind=SendKind.EDIT, subject=alert, channel=desk.main, lane=Lane.CLICK)
    desk.store.queue([send], desk.clock.iso)
    desk.clock.tick(1)
    desk.outbox.step()
    assert desk.slack.calls()[-1].method == EDIT
