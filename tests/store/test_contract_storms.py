"""What every store keeps of storms: whose cards wait, what is counted, and what a restart finds."""

from __future__ import annotations

import functools
from datetime import timedelta

import pytest

from bot import alerts as core
from bot.model import Alert, AlertState, Edits, Entry, Lane, Level, Send, SendKind, Verb, iso
from bot.ports import Due, Store
from bot.storms import Storms, brought_out
from tests.builders import (
    ANA,
    CHANNEL,
    HORIZON,
    NOON,
    at,
    judged,
    make_actor,
    make_ask,
    make_finding,
    make_record,
    make_triage,
)
from tests.store.conftest import Open

STORMS = Storms(cards_per_minute=5, calm=timedelta(seconds=60))
TRIAGE = make_triage(storms=STORMS)
ALL = list(AlertState)
BY_ANA = functools.partial(brought_out, by=ANA, now=iso(NOON))


def later(seconds: float = 0) -> str:
    """So long after noon, by the clock."""
    return iso(NOON + timedelta(seconds=seconds))


def keep(
    memory: Store, *names: str, after: float = 0, level: Level = Level.HIGH, event: str = ""
) -> None:
    """Each of *names* does something that a rule speaks of, all in one batch."""
    records = [
        make_record(f"{event}{name}-{after}", actor=make_actor(name), time=at()) for name in names
    ]
    findings = [make_finding(record, level=level) for record in records]
    memory.keep(judged(*findings), TRIAGE, later(after))


def flood(memory: Store, number: int = 10, *, after: float = 0) -> None:
    """So many people at once."""
    keep(memory, *(f"crowd-{after}-{one}" for one in range(number)), after=after)


def of(memory: Store, name: str) -> Alert:
    """The alert about somebody."""
    [found] = memory.alerts(ALL, actor=name)
    return found


def claim_all(memory: Store, now: float = 600) -> list[Send]:
    """Everything that waits, sent; cards stand from then on."""
    sent: list[Send] = []
    while send := memory.claim_send(later(now), horizon=HORIZON):
        memory.send_done(send, send.channel, f"9.{len(sent)}", later(now))
        sent.append(send)
    return sent


def kinds_of(memory: Store, now: float = 600) -> list[str]:
    """The kinds of everything that waits; it is sent."""
    return [send.kind.value for send in claim_all(memory, now)]


# ── the beginning ───────────────────────────────────────────────────────────


def test_below_the_rate_every_alert_gets_its_card(memory: Store) -> None:
    """Near miss: five a minute are allowed."""
    flood(memory, 5)

    assert kinds_of(memory) == ["card"] * 5
    assert memory.storms_on() == []


def test_above_the_rate_one_message_goes_and_no_card(memory: Store) -> None:
    """Everything is stored, and the storm knows how many it holds back."""
    flood(memory)

    [send] = claim_all(memory)
    [storm] = memory.storms_on()
    assert (send.kind, send.subject, send.channel) == (SendKind.CARD, storm.id, CHANNEL)
    assert (storm.channel, storm.began_at, storm.alerts) == (CHANNEL, later(), 10)
    assert len(memory.alerts(ALL)) == 10
    assert all(alert.in_storm for alert in memory.alerts(ALL))
    assert memory.counts()["findings"] == 10


def test_cards_that_wait_when_it_begins_join_it(memory: Store) -> None:
    """One was sent and stands; the others have not been tried."""
    keep(memory, "first", "second", "third")
    sent = memory.claim_send(later(1), horizon=HORIZON)
    assert sent is not None
    memory.send_done(sent, CHANNEL, "9.1", later(1))
    flood(memory, 4, after=2)

    assert kinds_of(memory) == ["card"]
    assert memory.storms_on()[0].alerts == 6
    assert [alert.in_storm for alert in (of(memory, "first"), of(memory, "third"))] == [False, True]


@pytest.mark.parametrize("how", ["decided", "under way", "other channel", "critical"])
def test_some_cards_that_wait_do_not_join_it(memory: Store, how: str) -> None:
    """What somebody decided about, what is on its way, what hangs elsewhere, what is critical."""
    elsewhere = make_triage(storms=STORMS, channel_of=lambda _: "C0OTHER")
    finding = make_finding(
        make_record("e-1", actor=make_actor("ana")),
        level=Level.CRITICAL if how == "critical" else Level.HIGH,
    )
    memory.keep(judged(finding), elsewhere if how == "other channel" else TRIAGE, later())
    if how == "decided":
        memory.decide(make_ask(of(memory, "ana").id, moment=later()), core.judge)
    if how == "under way":
        claimed = memory.claim_send(later(), horizon=HORIZON)
        assert claimed is not None
    flood(memory, after=1)

    assert not of(memory, "ana").in_storm
    waiting = {send.subject for send in claim_all(memory)}
    assert (of(memory, "ana").id in waiting) is (how != "under way")


def test_who_was_called_about_an_alert_is_shown_it_in_a_storm_too(memory: Store) -> None:
    """Its card waited while Slack was down and nobody could take it: call and card both go."""
    keep(memory, "first", "second")
    first = of(memory, "first")
    call = Send(
        id="call", kind=SendKind.NOTE, subject=first.id, channel=CHANNEL, body={"call": ["U0LEAD"]}
    )
    entry = Entry(kind="alert.escalate", subject=first.id, by="callwarden", at=later(1))
    due = Due(key="step", entry=entry, sends=(call,))
    memory.escalate(first.id, lambda _, __: [due], later(1))
    flood(memory, 5, after=2)

    assert [of(memory, name).in_storm for name in ("first", "second")] == [False, True]
    subjects = [(send.kind.value, send.subject) for send in claim_all(memory)]
    assert subjects[:2] == [("card", first.id), ("note", first.id)]


def test_a_storm_is_of_one_channel(memory: Store) -> None:
    """The others go on as they were."""
    flood(memory)
    elsewhere = make_triage(storms=STORMS, channel_of=lambda _: "C0OTHER")
    record = make_record("e-1", actor=make_actor("ana"), target="other")
    memory.keep(judged(make_finding(record, level=Level.LOW)), elsewhere, later(1))

    assert {send.channel for send in claim_all(memory)} == {CHANNEL, "C0OTHER"}
    assert not of(memory, "ana").in_storm


def test_beginning_and_end_are_in_the_ledger(memory: Store) -> None:
    """By ourselves, with how many it held back."""
    flood(memory)
    memory.settle_storms(STORMS, later(120))

    links = memory.links()
    assert [(link.kind, link.by) for link in links] == [
        ("storm.begin", "callwarden"),
        ("storm.end", "callwarden"),
    ]
    assert '"alerts":10' in links[1].body
    assert memory.verify().whole


# ── going on ────────────────────────────────────────────────────────────────


def test_more_alerts_are_one_edit_of_the_message(memory: Store) -> None:
    """Due a while later, however many come meanwhile."""
    flood(memory)
    claim_all(memory, 1)
    for second in range(2, 6):
        flood(memory, 3, after=second)

    assert memory.next_due() == later(7)
    assert memory.claim_send(later(6), horizon=HORIZON) is None
    [edit] = claim_all(memory, 8)
    [storm] = memory.storms_on()
    assert (edit.kind, edit.subject, edit.ts) == (SendKind.EDIT, storm.id, storm.ts)
    assert storm.alerts == 22


def test_an_edit_of_the_message_keeps_to_the_edit_budget(memory: Store) -> None:
    """Where no edit may go, or only those that answer a click, it waits."""
    flood(memory)
    claim_all(memory, 1)
    flood(memory, 3, after=2)

    for edits in (Edits.NONE, Edits.CLICKS):
        assert memory.claim_send(later(60), horizon=HORIZON, edits=edits) is None


def test_a_critical_alert_is_posted_by_itself_before_the_rest(memory: Store) -> None:
    """Not held back, and first in the queue."""
    flood(memory)
    keep(memory, "mallory", level=Level.CRITICAL, after=1)

    first, second = claim_all(memory)
    assert (first.subject, first.lane) == (of(memory, "mallory").id, Lane.CRITICAL)
    assert second.subject == memory.storms_on()[0].id


def test_a_flood_of_critical_alerts_is_no_storm(memory: Store) -> None:
    """They do not count: each is posted."""
    keep(memory, *(f"m{one}" for one in range(30)), level=Level.CRITICAL)

    assert memory.storms_on() == []
    assert kinds_of(memory) == ["card"] * 30


def test_more_about_a_held_alert_is_counted_but_keeps_no_storm_going(memory: Store) -> None:
    """One that speaks once a second is one alert, not sixty."""
    flood(memory)
    claim_all(memory, 1)
    for second in range(2, 70):
        keep(memory, "crowd-0-1", after=second)

    assert memory.settle_storms(STORMS, later(70)) == 0  # it ended by itself, with the last of them
    assert memory.storms_on() == []
    assert of(memory, "crowd-0-1").count > 60


def test_only_a_card_that_comes_out_is_in_the_ledger(memory: Store) -> None:
    """While the storm lasts, more about a held alert is no line; after it, it is one."""
    flood(memory)
    keep(memory, "crowd-0-1", after=1)
    memory.settle_storms(STORMS, later(120))
    keep(memory, "crowd-0-1", after=121)

    lines = [(link.kind, link.subject) for link in memory.links()]
    assert [kind for kind, _ in lines] == ["storm.begin", "storm.end", "alert.out"]
    assert lines[-1][1] == of(memory, "crowd-0-1").id


def test_one_that_rises_to_critical_is_posted_at_once(memory: Store) -> None:
    """Its card goes, in the critical lane."""
    flood(memory)
    claim_all(memory, 1)
    keep(memory, "crowd-0-3", level=Level.CRITICAL, after=2)

    [card] = [send for send in claim_all(memory, 3) if send.kind is SendKind.CARD]
    risen = of(memory, "crowd-0-3")
    assert (card.subject, card.lane) == (risen.id, Lane.CRITICAL)
    assert not risen.in_storm


def test_an_alert_with_a_card_goes_on_as_before(memory: Store) -> None:
    """What is new about it is said in its thread, storm or not."""
    keep(memory, "ana")
    claim_all(memory, 0)
    flood(memory, after=1)
    record = make_record("e-9", actor=make_actor("ana"), source_ip="203.0.113.9")
    memory.keep(judged(make_finding(record, level=Level.HIGH)), TRIAGE, later(2))

    sent = {(send.kind.value, send.subject) for send in claim_all(memory)}
    assert {("note", of(memory, "ana").id), ("edit", of(memory, "ana").id)} < sent


# ── who asks gets the card ──────────────────────────────────────────────────


@pytest.mark.parametrize("verb", [Verb.TAKE, Verb.RESOLVE, Verb.NOTE, Verb.HAND_OVER])
def test_whoever_decides_about_a_held_alert_has_its_card_posted(memory: Store, verb: Verb) -> None:
    """The card shows the decision, so nothing more is sent to the channel."""
    flood(memory)
    claim_all(memory, 1)
    alert = of(memory, "crowd-0-5")
    memory.decide(make_ask(alert.id, verb, moment=later(2)), core.judge)

    sent = [send for send in claim_all(memory, 3) if send.kind is not SendKind.DM]
    assert [(send.kind.value, send.subject) for send in sent] == [("card", alert.id)]
    assert not of(memory, "crowd-0-5").in_storm


def test_whoever_opens_a_held_alert_has_its_card_posted_once(memory: Store) -> None:
    """The second look changes nothing."""
    flood(memory)
    claim_all(memory, 1)
    alert = of(memory, "crowd-0-5")

    opened = memory.change_alert(alert.id, BY_ANA, later(2))
    again = memory.change_alert(alert.id, BY_ANA, later(3))

    assert opened is not None
    assert not opened.in_storm
    assert again == of(memory, "crowd-0-5")
    assert [send.subject for send in claim_all(memory, 4)] == [alert.id]
    assert memory.change_alert("A-00000", BY_ANA, later(2)) is None


def test_what_was_brought_out_is_redrawn_like_any_other(memory: Store) -> None:
    """The next finding edits its card; the storm does not take it back."""
    flood(memory)
    memory.change_alert(of(memory, "crowd-0-5").id, BY_ANA, later(2))
    claim_all(memory, 3)
    keep(memory, "crowd-0-5", after=4)

    assert [send.subject for send in claim_all(memory)] == [of(memory, "crowd-0-5").id]


# ── the end ─────────────────────────────────────────────────────────────────


def test_it_ends_when_nothing_arrives_any_more(memory: Store) -> None:
    """The message is edited into the report, and a line follows it."""
    flood(memory)
    claim_all(memory, 1)

    assert memory.settle_storms(STORMS, later(59)) == 0
    assert memory.settle_storms(STORMS, later(61)) == 1
    assert memory.settle_storms(STORMS, later(62)) == 0
    assert kinds_of(memory) == ["edit", "note"]
    assert memory.storms_on() == []


def test_it_ends_with_the_next_card_of_a_calm_channel(memory: Store) -> None:
    """That card is posted."""
    flood(memory)
    claim_all(memory, 1)
    keep(memory, "ana", after=90)

    assert memory.storms_on() == []
    assert of(memory, "ana").id in {send.subject for send in claim_all(memory)}


def test_after_it_the_next_finding_brings_a_held_alert_out(memory: Store) -> None:
    """Somebody goes on: that must not stay out of sight."""
    flood(memory)
    memory.settle_storms(STORMS, later(61))
    claim_all(memory, 62)
    keep(memory, "crowd-0-5", after=63)

    assert [send.subject for send in claim_all(memory)] == [of(memory, "crowd-0-5").id]


def test_what_arrived_in_one_storm_does_not_begin_the_next(memory: Store) -> None:
    """A short calm is enough where the settings say so; then it counts anew."""
    short = Storms(cards_per_minute=5, calm=timedelta(seconds=10))
    flood(memory)
    assert memory.settle_storms(short, later(20)) == 1
    flood(memory, 5, after=21)

    assert memory.storms_on() == []


def test_an_alert_can_be_in_two_storms_one_after_the_other(memory: Store) -> None:
    """It is counted in both, and found under the last."""
    flood(memory)
    memory.settle_storms(STORMS, later(61))
    flood(memory, after=100)
    keep(memory, "crowd-0-5", after=101)

    [second] = memory.storms_on()
    assert second.alerts == 11
    assert of(memory, "crowd-0-5").storm == second.id


def test_a_flood_after_the_clock_was_set_back_is_a_storm_too(memory: Store) -> None:
    """And it ends by the clock as it is now."""
    flood(memory, after=7200)
    flood(memory, after=0)
    [storm] = memory.storms_on()
    assert storm.began_at == later(7200)

    assert memory.settle_storms(STORMS, later(61)) == 1


# ── where its message stands ────────────────────────────────────────────────


def test_a_message_that_was_refused_is_tried_again_while_it_lasts(memory: Store) -> None:
    """With the next alert, once; the edits that could not go do not pile up."""
    flood(memory)
    card = memory.claim_send(later(1), horizon=HORIZON)
    assert card is not None
    memory.send_refused(card, "not_in_channel", later(1))
    flood(memory, 3, after=2)
    flood(memory, 3, after=3)

    assert [(send.kind, send.id) for send in claim_all(memory)] == [(SendKind.CARD, card.id)]
    assert memory.refused_sends() == []


def test_a_message_may_stand_in_another_channel(memory: Store) -> None:
    """Its own was closed: edits and notes go where it stands, and the storm is still of its own."""
    flood(memory)
    card = memory.claim_send(later(1), horizon=HORIZON)
    assert card is not None
    memory.send_done(card, "C0FALLBACK", "9.1", later(1))
    flood(memory, 3, after=2)
    memory.settle_storms(STORMS, later(90))

    assert {(s.kind.value, s.channel, s.ts) for s in claim_all(memory)} == {
        ("edit", "C0FALLBACK", "9.1"),
        ("note", "C0FALLBACK", "9.1"),
    }


# ── what is counted and listed ──────────────────────────────────────────────


def test_what_it_held_back_is_counted(memory: Store) -> None:
    """The most frequent first, by their names as they were written; those resolved are not open."""
    flood(memory)
    for rule in ("rule_b", "rule_b", "rule_a"):
        record = make_record(f"e-{rule}-{len(memory.alerts(ALL))}", actor=make_actor("Mallory"))
        finding = make_finding(record, level=Level.LOW, rule=rule, fold=(record.id,))
        memory.keep(judged(finding), TRIAGE, later(1))
    keep(memory, "crowd-0-5", after=2)
    memory.decide(make_ask(of(memory, "crowd-0-5").id, Verb.RESOLVE, moment=later(3)), core.judge)

    tally = memory.tally(memory.storms_on()[0].id, most=2)

    assert (tally.alerts, tally.findings) == (13, 14)
    assert tally.unresolved == {Level.HIGH: 9, Level.LOW: 3}
    assert tally.rules == (("connect_security_profile_updated", 10), ("rule_b", 2))
    assert tally.actors == (("Mallory", 3), ("crowd-0-0", 1))
    assert (tally.every_rule, tally.every_actor) == (3, 11)
    assert memory.tally("ST-000000").alerts == 0


def test_those_of_a_storm_can_be_listed(memory: Store) -> None:
    """Of one storm, or of any; page by page nothing is missing and nothing comes twice."""
    keep(memory, "ana")
    claim_all(memory, 0)
    flood(memory, 30, after=1)
    [storm] = memory.storms_on()

    pages = [memory.alerts(ALL, 8, offset, storm=storm.id) for offset in range(0, 32, 8)]

    listed = [alert.id for page in pages for alert in page]
    assert len(listed) == len(set(listed)) == memory.how_many(ALL, storm="any") == 30
    assert of(memory, "ana").id not in listed
    assert memory.how_many([AlertState.RESOLVED], storm=storm.id) == 0
    assert memory.how_many(ALL, storm="ST-000000") == 0


# ── a restart ───────────────────────────────────────────────────────────────


def test_a_restart_in_the_middle_goes_on_with_it(memory: Store, open_again: Open) -> None:
    """Nothing is said anew; what it counted so far is there."""
    flood(memory)
    claim_all(memory, 1)

    again = open_again()
    again.recover_sends(later(2))
    flood(again, 3, after=2)

    [storm] = again.storms_on()
    assert storm.alerts == 13
    assert [send.kind for send in claim_all(again)] == [SendKind.EDIT]


def test_a_restart_after_the_flood_ends_it(memory: Store, open_again: Open) -> None:
    """Though nobody was there when it became calm."""
    flood(memory)
    claim_all(memory, 1)

    again = open_again()

    assert again.settle_storms(STORMS, later(3600)) == 1
    assert kinds_of(again, 3601) == ["edit", "note"]


# ── retention ───────────────────────────────────────────────────────────────


def test_a_storm_is_dropped_after_its_last_alert(memory: Store) -> None:
    """Those that last, and those of which an alert is left, stay."""
    flood(memory)
    [storm] = memory.storms_on()
    memory.settle_storms(STORMS, later(61))
    days = iso(NOON + timedelta(days=400))
    memory.prune(records_before=days, evidence_before=days)
    assert memory.storm(storm.id) is not None

    for alert in memory.alerts(ALL):
        memory.decide(make_ask(alert.id, Verb.RESOLVE, moment=later(90)), core.judge)
    dropped = memory.prune(records_before=days, evidence_before=days)

    assert (dropped["alerts"], dropped["storms"]) == (10, 1)
    assert memory.storm(storm.id) is None
