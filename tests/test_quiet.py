"""Which open alerts nobody is called about: only what a snooze covers, as the alert is now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot import alerts, escalation, snoozes
from bot.escalation import Plan, Step
from bot.model import (
    OWN_SOURCE,
    Actor,
    Alert,
    AlertState,
    Decision,
    Level,
    Mark,
    Person,
    Scope,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    Verb,
    iso,
    snooze_key,
)
from bot.ports import Bot
from bot.slack.drawing import Drawing
from bot.store import SqliteStore
from tests.builders import (
    ANA,
    BEN,
    HORIZON,
    INSTANCE,
    NOON,
    FakeClock,
    at,
    judged,
    make_actor,
    make_alert,
    make_ask,
    make_bot,
    make_finding,
    make_record,
    make_triage,
)

PLAN = Plan(steps=(Step(minutes=10, to=("page",), levels=tuple(Level)),))


@pytest.fixture
def bot(store: SqliteStore, clock: FakeClock) -> Bot:
    """A bot around the real store."""
    return make_bot(store, clock)


def find(bot: Bot, event: str, minutes: float = 0, **changes: object) -> None:
    """One more finding of that time; *level* and *fold* go to the finding, the rest to its
    record."""
    of_finding = {one: changes.pop(one) for one in ("level", "fold") if one in changes}
    record = make_record(event, time=at(minutes), **changes)
    bot.store.keep(judged(make_finding(record, **of_finding)), make_triage(), iso(bot.clock.now()))


def only(bot: Bot) -> Alert:
    """The one open alert."""
    (alert,) = bot.store.alerts([AlertState.OPEN])
    return alert


def snooze(
    bot: Bot, alert: str, scope: Scope = Scope.ALERT, hours: int = 1, by: Person = ANA
) -> Decision:
    """*by* asks for a snooze, now."""
    now = iso(bot.clock.now())
    key = f"{alert} {scope} {by.user} {now}"
    ask = make_ask(alert, Verb.SNOOZE, by, note="a drill", key=key, moment=now)
    return snoozes.decide(bot, msgspec.structs.replace(ask, scope=scope, hours=hours))


def about(bot: Bot, verb: Verb, one: Snooze, by: Person = BEN) -> Decision:
    """*by* decides about a snooze, now."""
    ask = make_ask(one.alert, verb, by, moment=iso(bot.clock.now()), key=f"{verb} {one.id}")
    return snoozes.decide(bot, msgspec.structs.replace(ask, snooze=one.id))


def paged(bot: Bot, clock: FakeClock, minutes: int = 11) -> list[str]:
    """The alerts that are paged for when so many minutes have passed."""
    clock.tick(60 * minutes)
    snoozes.end_those_due(bot)
    escalation.walk(bot, PLAN)
    found = []
    while page := bot.store.claim_page(clock.iso, HORIZON):
        found.append(page.subject)
    return found


def why_over(bot: Bot) -> list[str]:
    """Why the snoozes that are over ended."""
    return [one.why for one in bot.store.snoozes([SnoozeState.OVER])]


# ── what comes into a snoozed alert ─────────────────────────────────────────


@pytest.mark.parametrize("scope", Scope)
def test_an_alert_that_becomes_worse_is_loud_again(
    bot: Bot, clock: FakeClock, scope: Scope
) -> None:
    """Though what makes it worse is another target than the snooze was for."""
    find(bot, "e-1", level=Level.HIGH, error_code="AccessDenied")
    assert snooze(bot, only(bot).id, scope, hours=168).accepted

    find(bot, "e-2", 5, level=Level.CRITICAL, target="another")

    assert paged(bot, clock) == [only(bot).id]
    (why,) = why_over(bot)
    assert why.startswith("new context: level critical")


@pytest.mark.parametrize("scope", Scope)
def test_somebody_else_in_a_snoozed_alert_makes_it_loud(
    bot: Bot, clock: FakeClock, scope: Scope
) -> None:
    """A rule that folds by instance has several actors in one alert."""
    find(bot, "e-1", fold=(INSTANCE,))
    assert snooze(bot, only(bot).id, scope).accepted

    find(bot, "e-2", 1, fold=(INSTANCE,), actor=make_actor("eve"))

    assert paged(bot, clock) == [only(bot).id]
    assert why_over(bot)[0].startswith("new context: actor eve")


@pytest.mark.parametrize("scope", Scope)
def test_more_of_the_same_stays_quiet(bot: Bot, clock: FakeClock, scope: Scope) -> None:
    """The near miss: nothing about it is new."""
    find(bot, "e-1")
    snooze(bot, only(bot).id, scope)
    find(bot, "e-2", 5)
    assert (paged(bot, clock), why_over(bot)) == ([], [])


@pytest.mark.parametrize("last", ["another", "first"])
def test_a_snooze_of_one_target_is_none_of_another(bot: Bot, clock: FakeClock, last: str) -> None:
    """Whichever came last into their alert; the snooze itself goes on."""
    find(bot, "e-1", target="first")
    snooze(bot, only(bot).id, Scope.RULE_ACTOR_TARGET)
    find(bot, "e-2", 1, target="another")
    find(bot, "e-3", 2, target=last)

    assert (paged(bot, clock), why_over(bot)) == ([only(bot).id], [])


def test_the_replica_of_a_change_ends_no_snooze(bot: Bot, clock: FakeClock) -> None:
    """The copy tells nothing that the alert does not show."""
    find(bot, "e-1")
    snooze(bot, only(bot).id)
    find(bot, "e-2", 1, replay=True, actor=make_actor("sync"), region="eu-west-2")
    assert (paged(bot, clock), only(bot).count) == ([], 2)


def test_what_is_only_asked_for_ends_by_new_context_too(bot: Bot) -> None:
    """The second person would agree to what the first had not seen."""
    find(bot, "e-1")
    snooze(bot, only(bot).id, hours=8)
    find(bot, "e-2", 1, source_ip="203.0.113.9")
    assert why_over(bot)[0].startswith("new context: network 203.0.113.0/24")


def test_a_long_snooze_never_quiets_a_critical_alert_alone() -> None:
    """However it came to be on."""
    alert = make_alert()
    one = Snooze(
        id="SN-1",
        alert=alert.id,
        rule=alert.rule,
        level=Level.CRITICAL,
        headline="x",
        scope=Scope.ALERT,
        key=snooze_key(Scope.ALERT, alert),
        hours=8,
        reason="known",
        by=ANA,
        at=iso(NOON),
        seen=alert.seen,
        until=iso(NOON + timedelta(hours=8)),
    )
    agreed = msgspec.structs.replace(one, agreed=Mark(by=BEN, at=iso(NOON)))
    now = iso(NOON + timedelta(minutes=1))
    assert [each.quiets(alert, now) for each in (one, agreed)] == [False, True]
    high = msgspec.structs.replace(alert, level=Level.HIGH)
    assert one.quiets(high, now)


# ── more than one snooze ────────────────────────────────────────────────────


def test_what_is_only_asked_for_changes_nothing(bot: Bot, clock: FakeClock) -> None:
    """The first snooze goes on, and the card shows both."""
    find(bot, "e-1")
    alert = only(bot)
    snooze(bot, alert.id)
    asked = snooze(bot, alert.id, Scope.RULE_ACTOR, hours=24, by=BEN)

    assert asked.reason == snoozes.Reason.ASKED
    assert paged(bot, clock) == []
    states = {one.state for one in bot.store.snoozes_about(only(bot))}
    assert states == {SnoozeState.ON, SnoozeState.ASKED}
    (card,) = [one for one in sends(bot) if one.kind is SendKind.CARD]
    shown = str(Drawing(bot.store, {}).message(card))
    assert "*Snoozed* until" in shown
    assert "*Asked to snooze*" in shown


def test_ending_one_leaves_the_other(bot: Bot, clock: FakeClock) -> None:
    """Quiet as long as either is on."""
    find(bot, "e-1", level=Level.HIGH)
    alert = only(bot)
    snooze(bot, alert.id)
    snooze(bot, alert.id, Scope.RULE_ACTOR)
    for number, one in enumerate(snoozes.standing(bot)):
        assert about(bot, Verb.WAKE, one).accepted
        assert paged(bot, clock) == ([alert.id] if number else [])


def test_more_snoozes_than_a_list_shows_keep_quiet(bot: Bot, clock: FakeClock) -> None:
    """Each of 120 alerts is as quiet as the first."""
    for number in range(120):
        find(bot, f"e-{number}", actor=make_actor(f"m{number}"), fold=(str(number),))
    ids = [one.id for one in bot.store.alerts([AlertState.OPEN], 500)]
    assert all(snooze(bot, one).accepted for one in ids)

    assert paged(bot, clock) == []
    assert sorted(paged(bot, clock, 60)) == sorted(ids)


# ── deciding about one that stands ──────────────────────────────────────────


def test_nobody_agrees_about_a_resolved_alert(bot: Bot) -> None:
    """There is nothing left to be quiet about."""
    find(bot, "e-1")
    alert = only(bot).id
    snooze(bot, alert, hours=8)
    (one,) = snoozes.standing(bot)
    alerts.decide(bot, make_ask(alert, Verb.RESOLVE))
    assert about(bot, Verb.AGREE, one).reason == snoozes.Reason.RESOLVED_ALREADY


def test_nobody_agrees_to_what_has_become_more(bot: Bot) -> None:
    """Another target is no news, but the snooze is not for it."""
    find(bot, "e-1", target="one")
    snooze(bot, only(bot).id, Scope.RULE_ACTOR_TARGET, hours=8)
    (one,) = snoozes.standing(bot)
    find(bot, "e-2", 1, target="two")
    assert about(bot, Verb.AGREE, one).reason == snoozes.Reason.CHANGED


def test_a_snooze_that_outlived_its_alert_can_be_ended(bot: Bot) -> None:
    """Who ends it hears of it alone: there is no thread any more."""
    find(bot, "e-1", level=Level.HIGH)
    snooze(bot, only(bot).id, Scope.RULE_ACTOR, hours=168)
    (one,) = snoozes.standing(bot)
    gone = make_ask(one.alert, Verb.WAKE, BEN)
    verdict = snoozes.judge(msgspec.structs.replace(gone, snooze=one.id), None, [one])
    assert verdict.decision.accepted
    assert [send.kind for send in verdict.sends] == [SendKind.EPHEMERAL]
    assert verdict.snooze is not None
    assert verdict.snooze.state is SnoozeState.OVER


# ── one person alone ────────────────────────────────────────────────────────


def test_one_person_cannot_chain_hours(bot: Bot, clock: FakeClock) -> None:
    """After the first hour of a critical alert a second person is needed, whatever the scope."""
    find(bot, "e-1")
    alert = only(bot).id
    assert snooze(bot, alert).reason == snoozes.Reason.SNOOZED
    clock.tick(55 * 60)
    for scope in (Scope.RULE_ACTOR, Scope.RULE_ACTOR_TARGET):
        assert snooze(bot, alert, scope).reason == snoozes.Reason.ASKED

    assert paged(bot, clock) == [alert]


def test_another_alert_of_the_same_rule_and_actor_counts_too(bot: Bot, clock: FakeClock) -> None:
    """Not somebody else's."""
    find(bot, "e-1", fold=("one",))
    find(bot, "e-2", fold=("two",))
    find(bot, "e-3", fold=("eve",), actor=make_actor("eve"))
    known = bot.store.alerts([AlertState.OPEN])
    reasons: dict[str, list[str]] = {}
    for one in sorted(known, key=lambda alert: alert.actor.name):
        reasons.setdefault(one.actor.name, []).append(snooze(bot, one.id).reason)
    assert reasons == {"eve": ["snoozed"], "mallory": ["snoozed", "asked"]}


@pytest.mark.parametrize(("hours", "reason"), [(24, "asked"), (25, "snoozed")])
def test_a_day_later_it_is_forgotten(bot: Bot, clock: FakeClock, hours: int, reason: str) -> None:
    """What counts is the time kept quiet within the last 24 hours."""
    find(bot, "e-1")
    snooze(bot, only(bot).id)
    clock.tick(hours * 3_600 - 1)
    snoozes.end_those_due(bot)
    clock.tick(1)
    assert snooze(bot, only(bot).id).reason == reason


def test_what_a_second_person_agreed_to_does_not_count(bot: Bot, clock: FakeClock) -> None:
    """Nor what nobody agreed to."""
    find(bot, "e-1")
    alert = only(bot).id
    snooze(bot, alert, hours=8)
    (one,) = snoozes.standing(bot)
    assert about(bot, Verb.AGREE, one).accepted
    snooze(bot, alert, Scope.RULE_ACTOR, hours=8)
    clock.tick(8 * 3_600)
    snoozes.end_those_due(bot)
    assert snooze(bot, alert).reason == snoozes.Reason.SNOOZED


def test_less_than_critical_is_for_one_person(bot: Bot, clock: FakeClock) -> None:
    """As often as they like."""
    find(bot, "e-1", level=Level.HIGH)
    for scope in Scope:
        assert snooze(bot, only(bot).id, scope, hours=24).reason == snoozes.Reason.SNOOZED


# ── which scopes there are ──────────────────────────────────────────────────

OURS = Actor(principal=OWN_SOURCE, name=OWN_SOURCE)


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({}, tuple(Scope)),
        ({"actor": OURS}, (Scope.ALERT,)),
        ({"actor": Actor(principal="", name="")}, (Scope.ALERT,)),
        ({"actor": Actor(principal="999999999999", name="x", kind="AWSAccount")}, (Scope.ALERT,)),
        ({"target": "", "instance": ""}, (Scope.ALERT, Scope.RULE_ACTOR)),
    ],
)
def test_a_scope_names_somebody_or_is_not_offered(
    bot: Bot, changes: dict[str, Any], scopes: tuple[Scope, ...]
) -> None:
    """Muting "this actor" where nobody is named, or we ourselves speak, would mute everybody."""
    find(bot, "e-1", level=Level.HIGH, **changes)
    alert = only(bot)
    assert snoozes.offered(alert) == scopes
    for scope in Scope:
        assert snooze(bot, alert.id, scope).accepted is (scope in scopes)


def test_where_there_are_several_none_of_them_is_offered(bot: Bot) -> None:
    """Of two targets the actor is left, of two actors the alert."""
    find(bot, "e-1", fold=("x",), target="one")
    find(bot, "e-2", 1, fold=("x",), target="two")
    assert snoozes.offered(only(bot)) == (Scope.ALERT, Scope.RULE_ACTOR)
    find(bot, "e-3", 2, fold=("x",), actor=make_actor("eve"))
    assert snoozes.offered(only(bot)) == (Scope.ALERT,)


# ── muting covers what is open ──────────────────────────────────────────────


def test_a_mute_is_for_the_alerts_that_are_open_too(bot: Bot, clock: FakeClock) -> None:
    """Of the same rule and actor; another's still calls."""
    find(bot, "e-1", fold=("one",), target="one")
    find(bot, "e-2", fold=("two",), target="two")
    find(bot, "e-3", fold=("eve",), actor=make_actor("eve"))
    known = bot.store.alerts([AlertState.OPEN])
    (other,) = [one.id for one in known if one.actor.name == "eve"]
    first, *_ = [one.id for one in known if one.actor.name == "mallory"]
    snooze(bot, first, Scope.RULE_ACTOR)

    assert (len(known), paged(bot, clock)) == (3, [other])


def test_a_mute_is_not_for_what_was_not_seen(bot: Bot, clock: FakeClock) -> None:
    """An open alert of theirs from another network calls as before."""
    find(bot, "e-1", fold=("one",), target="one")
    find(bot, "e-2", fold=("two",), target="two", source_ip="203.0.113.9")
    one, two = sorted(bot.store.alerts([AlertState.OPEN]), key=lambda alert: alert.target)
    snooze(bot, one.id, Scope.RULE_ACTOR)
    assert paged(bot, clock) == [two.id]


def sends(bot: Bot) -> list[Send]:
    """Everything that waits, sent."""
    found: list[Send] = []
    while send := bot.store.claim_send(HORIZON, horizon=HORIZON):
        bot.store.send_done(send, send.channel, f"1.{len(found)}", HORIZON)
        found.append(send)
    return found
