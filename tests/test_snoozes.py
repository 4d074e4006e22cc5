"""Snoozes with brakes: what they cover, who may, and what ends them."""

from __future__ import annotations

import functools
from datetime import timedelta

import msgspec
import pytest

from bot import alerts
from bot.model import (
    Alert,
    AlertState,
    Ask,
    Decision,
    Finding,
    Lane,
    Level,
    Person,
    Release,
    Scope,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    Verb,
    iso,
)
from bot.ports import Bot
from bot.snoozes import (
    HOURS,
    SHOWN_FROM,
    Reason,
    decide,
    end_those_due,
    judge,
    settle,
    standing,
    woken,
)
from bot.store import SqliteStore
from bot.storms import NEVER, Storms
from tests.builders import (
    ANA,
    BEN,
    HORIZON,
    NOON,
    FakeClock,
    at,
    judged,
    kinds,
    make_actor,
    make_alert,
    make_ask,
    make_bot,
    make_finding,
    make_record,
    make_triage,
)

NASTY = 'fix: prod * _down_ <@U1> <!channel> `rm` & "so"'


def asking(
    alert: str,
    by: Person = ANA,
    *,
    scope: Scope = Scope.RULE_ACTOR,
    hours: int = 1,
    note: str = "a drill",
) -> Ask:
    """*by* asks for a snooze."""
    ask = make_ask(alert, Verb.SNOOZE, by, note=note, key=f"{by.user} {scope} {hours}")
    return msgspec.structs.replace(ask, scope=scope, hours=hours, at=iso(NOON))


def about(snooze: Snooze, verb: Verb, by: Person) -> Ask:
    """*by* asks something about a snooze."""
    return msgspec.structs.replace(make_ask(snooze.alert, verb, by), snooze=snooze.id)


@pytest.fixture
def bot(store: SqliteStore, clock: FakeClock) -> Bot:
    """A bot around the real store."""
    return make_bot(store, clock)


def find(bot: Bot, event: str, minutes: float = 0, **changes: object) -> None:
    """One more finding of that time; *level* goes to the finding, the rest to its record."""
    level = changes.pop("level", Level.HIGH)
    record = make_record(event, time=at(minutes), **changes)
    bot.store.keep(judged(make_finding(record, level=level)), make_triage(), iso(bot.clock.now()))


# ── the second person ───────────────────────────────────────────────────────


@pytest.mark.parametrize("hours", HOURS)
@pytest.mark.parametrize("level", Level)
def test_beyond_an_hour_a_critical_alert_takes_two(level: Level, hours: int) -> None:
    """One person alone may snooze it for an hour; all others for a week."""
    verdict = judge(asking("A-1", hours=hours), make_alert(level=level), ())

    needs_two = level is Level.CRITICAL and hours > 1
    assert verdict.decision.accepted
    assert verdict.decision.reason == (Reason.ASKED if needs_two else Reason.SNOOZED)
    assert verdict.snooze is not None
    assert verdict.snooze.state is (SnoozeState.ASKED if needs_two else SnoozeState.ON)
    assert verdict.snooze.until == ("" if needs_two else iso(NOON + timedelta(hours=hours)))


def asked() -> Snooze:
    """A snooze that Ana asked for and nobody has agreed to."""
    snooze = judge(asking("A-1", hours=8), make_alert(), ()).snooze
    assert snooze is not None
    return snooze


def test_nobody_agrees_with_themselves() -> None:
    """Somebody else must; from then on it counts."""
    own = judge(about(asked(), Verb.AGREE, ANA), make_alert(), (asked(),)).decision
    assert (own.accepted, own.reason) == (False, Reason.OWN_SNOOZE)

    other = judge(about(asked(), Verb.AGREE, BEN), make_alert(), (asked(),))
    assert other.decision.accepted
    assert other.snooze is not None
    assert other.snooze.agreed is not None
    assert (other.snooze.state, other.snooze.agreed.by) == (SnoozeState.ON, BEN)
    assert other.snooze.until == iso(NOON + timedelta(hours=8, minutes=5))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"note": ""}, Reason.NO_REASON),
        ({"hours": 2}, Reason.NOT_OFFERED),
        ({"hours": 10_000}, Reason.NOT_OFFERED),
        ({"scope": None}, Reason.NOT_OFFERED),
    ],
)
def test_what_is_not_offered_is_refused(change: dict[str, object], reason: Reason) -> None:
    """Also what no modal of ours would send."""
    ask = msgspec.structs.replace(asking("A-1"), **change)
    decision = judge(ask, make_alert(), ()).decision
    assert (decision.accepted, decision.reason) == (False, reason)


def test_every_refusal_has_its_line_for_the_ledger() -> None:
    """Kind, person and reason; a snooze that is over is answered too."""
    verdict = judge(about(asked(), Verb.WAKE, BEN), make_alert(), ())
    assert verdict.decision.reason == Reason.OVER_ALREADY
    assert (verdict.entry.kind, verdict.entry.by) == ("alert.wake.refused", BEN.user)
    assert judge(asking("A-1"), None, ()).decision.reason == Reason.NO_SUCH_ALERT


# ── what it keeps quiet ─────────────────────────────────────────────────────


def snoozed(bot: Bot, scope: Scope = Scope.RULE_ACTOR, hours: int = 1) -> tuple[Alert, Decision]:
    """An alert of noon with its card posted, snoozed."""
    find(bot, "e-1")
    (alert,) = bot.store.alerts([AlertState.OPEN])
    drain(bot)
    decision = decide(bot, asking(alert.id, scope=scope, hours=hours, note=NASTY))
    drain(bot)
    return alert, decision


def drain(bot: Bot) -> list[str]:
    """The kinds of what was waiting to be sent, taken out."""
    found = []
    while send := bot.store.claim_send(HORIZON, horizon=HORIZON):
        bot.store.send_done(send, send.channel, "1.5", HORIZON)
        found.append(send)
    return kinds(found)


def test_what_it_covers_is_stored_and_counted_but_disturbs_nobody(bot: Bot) -> None:
    """Another alert of the same rule and actor, past the fold window, has no card."""
    snoozed(bot)

    find(bot, "e-2", 90)
    find(bot, "e-3", 95)

    assert drain(bot) == []
    (snooze,) = standing(bot)
    assert (snooze.findings, snooze.alerts) == (2, 1)
    quiet = [one for one in bot.store.alerts([AlertState.OPEN]) if one.held]
    assert [one.count for one in quiet] == [2]


@pytest.mark.parametrize(
    ("changes", "news"),
    [
        ({"source_ip": "203.0.113.9"}, "network 203.0.113.0/24"),
        ({"user_agent": "curl/8"}, "program curl/8"),
        ({"level": Level.CRITICAL}, "level critical"),
    ],
)
def test_new_context_ends_it_by_itself(bot: Bot, changes: dict[str, object], news: str) -> None:
    """The alert has its card, what is new stands on it, the thread says that it is over."""
    alert, _ = snoozed(bot)

    find(bot, "e-2", 90, **changes)

    assert sorted(drain(bot)) == ["card", "edit", "note"]
    assert standing(bot) == []
    (fresh,) = [one for one in bot.store.alerts([AlertState.OPEN]) if one.id != alert.id]
    assert (fresh.held, news in fresh.news[0]) == ("", True)
    link = bot.store.links()[-1]
    assert (link.kind, link.subject, link.by) == ("snooze.over", alert.id, "callwarden")
    assert news in link.body


def test_new_context_in_the_alert_itself_ends_it(bot: Bot) -> None:
    """The thread has what is new, and that the snooze is over."""
    snoozed(bot, Scope.ALERT)

    find(bot, "e-2", 5)
    assert drain(bot) == ["edit"]
    find(bot, "e-3", 6, source_ip="203.0.113.9")

    assert sorted(drain(bot)) == ["edit", "note", "note"]
    assert standing(bot) == []


@pytest.mark.parametrize(
    ("scope", "changes", "quiet"),
    [
        (Scope.RULE_ACTOR, {"target": "other-profile"}, True),
        (Scope.RULE_ACTOR_TARGET, {"target": "other-profile"}, False),
        (Scope.RULE_ACTOR_TARGET, {}, True),
        (Scope.RULE_ACTOR, {"actor": make_actor("eve")}, False),
        (Scope.ALERT, {}, False),
    ],
)
def test_each_scope_covers_what_it_says(
    bot: Bot, scope: Scope, changes: dict[str, object], quiet: bool
) -> None:
    """A later alert is held back where the scope covers it, and only there."""
    snoozed(bot, scope)

    find(bot, "e-2", 90, **changes)

    assert ("card" not in drain(bot)) is quiet
    assert len(standing(bot)) == 1


def test_a_second_attacker_is_not_hidden(bot: Bot) -> None:
    """Somebody else's finding is a card as ever, and Ana's snooze goes on."""
    snoozed(bot)
    find(bot, "e-2", 5, actor=make_actor("eve"))
    assert drain(bot) == ["card"]


# ── how it ends ─────────────────────────────────────────────────────────────


def test_its_time_runs_out(bot: Bot, clock: FakeClock) -> None:
    """The job says so in the thread, with what was kept quiet; the next finding is a card."""
    snoozed(bot)
    find(bot, "e-2", 90)
    (snooze,) = standing(bot)
    clock.tick(3_600)

    end_those_due(bot)
    end_those_due(bot)

    assert sorted(drain(bot)) == ["edit", "note"]
    assert standing(bot) == []
    find(bot, "e-3", 91)
    assert drain(bot) == ["card"]
    (quiet,) = [one for one in bot.store.alerts([AlertState.OPEN]) if one.released]
    assert quiet.released is not None
    assert (quiet.released.held, quiet.released.at) == (snooze.id, clock.iso)
    link = bot.store.links()[-1]
    assert (link.kind, link.subject, link.by) == ("alert.out", quiet.id, "callwarden")


def test_it_counts_no_longer_though_the_job_is_late(bot: Bot, clock: FakeClock) -> None:
    """The end is the snooze's own, not the job's."""
    snoozed(bot)
    clock.tick(3_601)
    find(bot, "e-2", 90)
    assert drain(bot) == ["card"]


def test_what_nobody_agrees_to_lapses(bot: Bot, clock: FakeClock) -> None:
    """An hour later it is over, and was never on."""
    find(bot, "e-1", level=Level.CRITICAL)
    (alert,) = bot.store.alerts([AlertState.OPEN])
    decide(bot, asking(alert.id, hours=24))
    find(bot, "e-2", 90, level=Level.CRITICAL)
    assert drain(bot).count("card") == 2
    clock.tick(3_600)

    end_those_due(bot)

    assert standing(bot) == []
    (over,) = bot.store.snoozes([SnoozeState.OVER])
    assert over.why == "nobody agreed to it in time"


def test_it_is_ended_by_hand_once(bot: Bot) -> None:
    """The second hears that it is over."""
    snoozed(bot)
    (snooze,) = standing(bot)

    first = decide(bot, about(snooze, Verb.WAKE, BEN))
    second = decide(bot, about(snooze, Verb.WAKE, ANA))

    assert (first.accepted, second.reason) == (True, Reason.OVER_ALREADY)
    (over,) = bot.store.snoozes([SnoozeState.OVER])
    assert over.ended is not None
    assert over.ended.by == BEN


def test_the_same_is_not_snoozed_twice(bot: Bot) -> None:
    """The second hears whose it is and until when."""
    alert, _ = snoozed(bot)
    again = decide(bot, asking(alert.id, BEN, hours=8))
    assert again.reason == Reason.SNOOZED_ALREADY
    assert "Ana was first" in again.sentence
    narrower = decide(bot, asking(alert.id, BEN, scope=Scope.ALERT))
    assert narrower.accepted


def test_whoever_takes_a_quiet_alert_has_its_card_posted(bot: Bot) -> None:
    """Found in the list, it becomes visible to everybody, with their name on it."""
    snoozed(bot)
    find(bot, "e-2", 90)
    (quiet,) = [one for one in bot.store.alerts([AlertState.OPEN]) if one.held]

    alerts.decide(bot, make_ask(quiet.id))

    assert drain(bot) == ["card"]
    taken = bot.store.alert(quiet.id)
    assert taken is not None
    assert (taken.held, taken.state) == ("", AlertState.TAKEN)


def test_whoever_snoozes_a_quiet_alert_has_its_card_posted(bot: Bot) -> None:
    """The card shows the snooze; there is none yet that could be edited."""
    snoozed(bot)
    find(bot, "e-2", 90)
    (quiet,) = [one for one in bot.store.alerts([AlertState.OPEN]) if one.held]

    decide(bot, asking(quiet.id, scope=Scope.ALERT))

    assert drain(bot) == ["card", "note"]
    assert bot.store.refused_sends() == []


def test_the_card_shows_that_a_snooze_was_ended(bot: Bot) -> None:
    """It is redrawn, and not only when the next finding comes."""
    snoozed(bot)
    (snooze,) = standing(bot)

    decide(bot, about(snooze, Verb.WAKE, BEN))

    assert drain(bot) == ["edit", "note"]


# ── what nobody has seen when it ends ───────────────────────────────────────

STORMS = Storms(cards_per_minute=20, calm=timedelta(minutes=2))


def keep_quiet(bot: Bot, number: int, level: Level = Level.HIGH) -> None:
    """So many alerts that the snooze of `snoozed` keeps without a card."""
    records = [make_record(f"q-{level}-{n}", instance=f"{level}-{n}") for n in range(number)]
    findings = [make_finding(record, level=level) for record in records]
    bot.store.keep(judged(*findings), make_triage(), iso(bot.clock.now()))


def held(bot: Bot) -> list[Alert]:
    """The alerts without a card."""
    return [one for one in bot.store.alerts(list(AlertState), 1_000) if one.held]


def sent(bot: Bot) -> list[Send]:
    """Everything that waits, sent."""
    found: list[Send] = []
    while send := bot.store.claim_send(HORIZON, horizon=HORIZON):
        bot.store.send_done(send, send.channel, f"1.{len(found)}", HORIZON)
        found.append(send)
    return found


def test_an_end_without_quiet_alerts_shows_no_card(bot: Bot, clock: FakeClock) -> None:
    """Only that it is over is said; a second round changes nothing."""
    snoozed(bot)
    clock.tick(3_600)
    settle(bot, STORMS)
    assert sorted(drain(bot)) == ["edit", "note"]
    settle(bot, STORMS)
    assert drain(bot) == []


def test_what_was_kept_quiet_gets_its_card_when_the_time_is_up(bot: Bot, clock: FakeClock) -> None:
    """Nobody has seen it, so it must not wait for its next finding; the card says why so late."""
    snoozed(bot)
    keep_quiet(bot, 1)
    (quiet,) = held(bot)
    clock.tick(3_599)
    settle(bot, STORMS)
    assert drain(bot) == []

    clock.tick(1)
    settle(bot, STORMS)

    assert sorted(drain(bot)) == ["card", "edit", "note"]
    shown = bot.store.alert(quiet.id)
    assert shown is not None
    assert shown.released == Release(held=quiet.held, why="its time is up", at=clock.iso)
    link = bot.store.links()[-1]
    assert (link.kind, link.subject, link.by) == ("alert.out", quiet.id, "callwarden")
    assert held(bot) == []


def test_what_was_kept_quiet_gets_its_card_when_somebody_ends_it(bot: Bot) -> None:
    """With their name in the ledger."""
    snoozed(bot)
    keep_quiet(bot, 1)
    (snooze,) = standing(bot)
    decide(bot, about(snooze, Verb.WAKE, BEN))

    settle(bot, STORMS)

    assert drain(bot).count("card") == 1
    assert (bot.store.links()[-1].kind, bot.store.links()[-1].by) == ("alert.out", BEN.user)


def test_what_was_kept_quiet_gets_its_card_when_new_context_ends_it(bot: Bot) -> None:
    """Not only the alert that is new in something: all that the same snooze kept quiet."""
    snoozed(bot)
    keep_quiet(bot, 2)
    find(bot, "e-9", 5, source_ip="203.0.113.9", instance="elsewhere")
    assert drain(bot).count("card") == 1

    settle(bot, STORMS)

    assert drain(bot) == ["card", "card"]
    whys = {one.released.why for one in bot.store.alerts([AlertState.OPEN]) if one.released}
    assert len(whys) == 1
    assert whys.pop().startswith("new context: network 203.0.113.0/24")


@pytest.mark.parametrize("level", [Level.INFORMATIONAL, Level.LOW, Level.MEDIUM, Level.HIGH])
def test_what_is_less_than_medium_stays_counted(bot: Bot, clock: FakeClock, level: Level) -> None:
    """Its next finding brings it out, as before."""
    snoozed(bot)
    keep_quiet(bot, 1, level)
    drain(bot)
    clock.tick(3_600)

    settle(bot, STORMS)

    assert ("card" in drain(bot)) is (level.rank >= Level.MEDIUM.rank)


def test_what_another_snooze_covers_stays_quiet_until_that_ends(bot: Bot, clock: FakeClock) -> None:
    """The wider one is ended by hand; the narrower one's hour goes on."""
    alert, _ = snoozed(bot, hours=8)
    decide(bot, asking(alert.id, BEN, scope=Scope.RULE_ACTOR_TARGET))
    find(bot, "e-2", 90)
    narrow, wide = standing(bot)
    assert [one.held for one in held(bot)] == [wide.id]
    decide(bot, about(wide, Verb.WAKE, BEN))
    drain(bot)

    settle(bot, STORMS)
    assert drain(bot) == []
    assert [one.held for one in held(bot)] == [narrow.id]

    clock.tick(3_600)
    settle(bot, STORMS)
    assert drain(bot).count("card") == 1


def test_three_hundred_quiet_alerts_are_a_storm(bot: Bot, clock: FakeClock) -> None:
    """One message counts them and lists them on request; the one that somebody took is out."""
    snoozed(bot)
    keep_quiet(bot, 300)
    bot.store.decide(make_ask(held(bot)[0].id, key="taken"), alerts.judge)
    drain(bot)
    clock.tick(3_600)

    settle(bot, STORMS)

    (storm,) = bot.store.storms_on()
    assert (storm.alerts, len(held(bot))) == (299, 299)
    assert all(one.in_storm for one in held(bot))
    cards = [send.subject for send in sent(bot) if send.kind is SendKind.CARD]
    assert cards == [storm.id]
    lines = [(link.kind, link.subject) for link in bot.store.links(limit=1_000)]
    back = [one for kind, one in lines if kind == "alert.back"]
    assert back == [one for kind, one in lines if kind == "alert.out"] != []


def test_the_worst_of_what_was_kept_quiet_comes_first(bot: Bot, clock: FakeClock) -> None:
    """And no alert twice."""
    find(bot, "e-1", level=Level.CRITICAL)
    (alert,) = bot.store.alerts([AlertState.OPEN])
    decide(bot, asking(alert.id))
    keep_quiet(bot, 50)
    keep_quiet(bot, 5, Level.CRITICAL)
    drain(bot)
    clock.tick(3_600)

    settle(bot, NEVER)

    cards = [send for send in sent(bot) if send.kind is SendKind.CARD]
    assert [send.lane for send in cards[:6]] == [Lane.CRITICAL] * 5 + [Lane.ORDINARY]
    assert len({send.subject for send in cards}) == len(cards) == 55


@pytest.mark.parametrize("chunks", [0, 1, 2])
def test_a_restart_in_the_middle_shows_the_rest(
    bot: Bot, database: object, clock: FakeClock, chunks: int
) -> None:
    """The snooze is over on disk; whatever had not come out yet comes out then, each once."""
    snoozed(bot)
    keep_quiet(bot, 50)
    clock.tick(3_600)
    end_those_due(bot)
    wakes = functools.partial(woken, now=clock.iso)
    for _ in range(chunks):
        assert bot.store.bring_out(wakes, NEVER, clock.iso, least=SHOWN_FROM) == 20

    again = SqliteStore(str(database))
    settle(make_bot(again, clock), NEVER)

    cards = [send.subject for send in sent(bot) if send.kind is SendKind.CARD]
    assert len(set(cards)) == len(cards) == 50
    assert [link.kind for link in again.links()].count("alert.out") == 50
    assert again.verify().whole
    again.close()


def test_snoozes_survive_a_restart(bot: Bot, database: object) -> None:
    """They are rows like everything else."""
    snoozed(bot)
    again = SqliteStore(str(database))
    assert [one.reason for one in again.snoozes([SnoozeState.ON])] == [NASTY]
    assert again.verify().whole
    again.close()


def test_a_finding_is_kept_without_snoozes_too() -> None:
    """A fold that knows of none is as it was."""
    finding: Finding = make_finding()
    folded = make_triage().fold(finding, (), lambda: "A-1", iso(NOON))
    assert (kinds(folded.sends), folded.snoozes) == (["card"], ())
