"""An alert stands for others, and what it stood for is never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot import escalation, inhibition, snoozes
from bot.alerts import judge, status
from bot.detection.sigma import load
from bot.escalation import Plan, Step
from bot.health.judging import SILENT
from bot.inhibition import BEGINS_WITHIN, Inhibition, explains, stands
from bot.model import (
    OWN_SOURCE,
    Alert,
    AlertState,
    Condition,
    Level,
    Scope,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    Verb,
    Verdict,
    iso,
    snooze_key,
)
from bot.ports import Folded
from bot.slack.cards import alert_card, alert_list
from bot.store import SqliteStore
from bot.storms import Storms
from bot.triage import Triage
from tests.builders import (
    ANA,
    CHANNEL,
    NOON,
    FakeClock,
    judged,
    make_alert,
    make_ask,
    make_finding,
    make_record,
)
from tests.health.made import Watched

ACCOUNT = "111122223333"
TRAIL = "cloudtrail_blinded"
RULES = Inhibition(load().relations())
"""What our own rules say that they stand for."""


def folding(**changes: Any) -> Triage:
    """Folding as the program wires it."""
    fields: dict[str, Any] = {"window": timedelta(hours=1), "inhibition": RULES}
    return Triage(channel_of=lambda _: CHANNEL, **(fields | changes))


def feed(store: SqliteStore, clock: FakeClock, source: str = "main", **changes: Any) -> Watched:
    """A source of one account that has just spoken."""
    watched = Watched(store, clock, folding=partial(folding, **changes), source=source)
    watched.look()
    watched.change(accounts=(ACCOUNT,))
    watched.speak(1)
    return watched


def stop_trail(main: Watched, level: Level = Level.CRITICAL, **changes: Any) -> Alert:
    """Mallory stops a trail; the alert about it."""
    fields: dict[str, Any] = {
        "time": main.clock.iso,
        "source": "cloudtrail.amazonaws.com",
        "name": "StopLogging",
        "instance": "",
        "target": "security",
        "account": ACCOUNT,
    }
    record = make_record("stop", **(fields | changes))
    found = make_finding(record, rule=TRAIL, level=level, fold=("mallory",))
    main.store.keep(judged(found), main.folding(), main.clock.iso)
    [alert] = main.store.alerts([AlertState.OPEN], rule=TRAIL)
    return alert


def silences(main: Watched) -> list[Alert]:
    """The alerts about silent sources."""
    return list(main.store.alerts(list(AlertState), rule=SILENT))


def resolve(main: Watched, alert: Alert, verdict: Verdict = Verdict.TRUE_POSITIVE) -> None:
    """Ana resolves it."""
    ask = make_ask(alert.id, Verb.RESOLVE, verdict=verdict, moment=main.clock.iso)
    assert main.store.decide(ask, judge).accepted


def settle(main: Watched) -> None:
    """The job runs."""
    inhibition.settle(main.bot, main.folding().inhibition)


def sent(store: SqliteStore, clock: FakeClock) -> list[Send]:
    """Everything that waits, sent."""
    found: list[Send] = []
    horizon = iso(clock.now() + timedelta(days=400))
    while send := store.claim_send(horizon, horizon=horizon):
        store.send_done(send, send.channel, f"{len(found)}.{clock.monotonic()}", clock.iso)
        found.append(send)
    return found


def cards(sends: list[Send]) -> list[str]:
    """The alerts that got a card."""
    return [send.subject for send in sends if send.kind is SendKind.CARD]


def entries(store: SqliteStore) -> list[tuple[str, str, dict[str, Any]]]:
    """(kind, subject, body) of what the ledger has of this."""
    return [
        (link.kind, link.subject, msgspec.json.decode(link.body))
        for link in store.links()
        if link.kind.startswith("inhibit.")
    ]


@pytest.fixture
def main(store: SqliteStore, clock: FakeClock) -> Watched:
    """A source that has just spoken."""
    return feed(store, clock)


# ── a trail is stopped, and its records end ─────────────────────────────────


def test_our_rules_say_what_they_stand_for() -> None:
    """A trail that is switched off stands for the silence of its feed."""
    assert RULES.standing_for(SILENT) == (TRAIL,)
    assert RULES.standing_for(TRAIL) == ()


def test_a_stopped_trail_stands_for_the_silence(main: Watched, store: SqliteStore) -> None:
    """One card, the critical one; it says what it stands for, and so does the ledger."""
    quiet_since = main.clock.iso
    stopped = stop_trail(main)
    main.pass_by(61)

    [silence] = silences(main)
    assert silence.inhibited
    assert (silence.inhibitor, silence.held) == (stopped.id, stopped.id)
    assert (silence.state, silence.level) == (AlertState.OPEN, Level.HIGH)
    line = f"this alert stands for {silence.id}: {silence.headline} ({quiet_since})"
    standing = store.alert(stopped.id)
    assert standing is not None
    assert standing.news == (line,)
    sends = sent(store, main.clock)
    assert cards(sends) == [stopped.id]
    assert {send.subject for send in sends} == {stopped.id}
    [note] = [send for send in sends if send.kind is SendKind.NOTE]
    assert note.body["lines"] == [line]
    assert silence.id in str(alert_card(standing, instances={}))
    [(kind, subject, body)] = entries(store)
    assert (kind, subject) == ("inhibit.begin", silence.id)
    assert (body["inhibitor"], body["inhibitor_rule"], body["rule"]) == (stopped.id, TRAIL, SILENT)
    assert store.verify().whole


def test_status_and_lists_still_show_the_silent_source(main: Watched) -> None:
    """Nothing is hidden from who asks."""
    stopped = stop_trail(main)
    main.pass_by(61)

    [checkup] = status(main.bot).checkups
    [silent] = [one for one in checkup.diagnoses if one.rule == SILENT]
    assert (silent.condition, silent.said[:19]) == (Condition.ILL, "No record from main")
    listed = alert_list(main.store.alerts([AlertState.OPEN]))
    assert f"`{stopped.id}` stands for it" in str(listed)


def test_nobody_is_called_about_what_another_stands_for(main: Watched, store: SqliteStore) -> None:
    """The alert that stands for it calls; once it speaks for itself, its own minutes count."""
    plan = Plan(steps=(Step(minutes=10, to=("user:U0LEAD",), levels=tuple(Level)),))
    stopped = stop_trail(main)
    main.pass_by(61)
    [silence] = silences(main)
    main.clock.tick(3_600)
    escalation.walk(main.bot, plan)
    assert {s.subject for s in sent(store, main.clock) if s.kind is SendKind.DM} == {stopped.id}

    resolve(main, stopped)
    settle(main)
    escalation.walk(main.bot, plan)
    assert not [s for s in sent(store, main.clock) if s.kind is SendKind.DM]
    main.clock.tick(10 * 60)
    escalation.walk(main.bot, plan)
    [call] = [s for s in sent(store, main.clock) if s.kind is SendKind.DM]
    assert call.subject == silence.id
    assert "for 10 min" in str(call.body["untaken"])


def test_it_stays_one_alert_each_day_that_it_lasts(main: Watched, store: SqliteStore) -> None:
    """Found anew, folded, and not said anew."""
    stopped = stop_trail(main)
    main.pass_by(61)
    for _ in range(48):
        main.look(60)

    [silence] = silences(main)
    assert (silence.count, silence.inhibited) == (3, True)
    assert cards(sent(store, main.clock)) == [stopped.id]
    assert len(entries(store)) == 1
    standing = store.alert(stopped.id)
    assert standing is not None
    assert len(standing.news) == 1


# ── it speaks for itself again ──────────────────────────────────────────────


def test_it_comes_out_when_the_alert_is_resolved(main: Watched, store: SqliteStore) -> None:
    """The source is still silent: now that is a card of its own, once."""
    stopped = stop_trail(main)
    main.pass_by(61)
    settle(main)
    assert cards(sent(store, main.clock)) == [stopped.id]

    main.clock.tick(60)
    resolve(main, stopped)
    settle(main)
    settle(main)

    [silence] = silences(main)
    assert (silence.held, silence.inhibited) == ("", False)
    assert silence.released is not None
    assert silence.released.at == main.clock.iso
    assert silence.news == (f"{stopped.id} stood for it and is resolved ({main.clock.iso})",)
    assert cards(sent(store, main.clock)) == [silence.id]
    assert [kind for kind, *_ in entries(store)] == ["inhibit.begin", "inhibit.end"]
    assert store.verify().whole


def test_what_is_over_by_itself_is_resolved_with_it(main: Watched, store: SqliteStore) -> None:
    """Records come again: both are open until somebody resolves the one that people see."""
    stopped = stop_trail(main)
    main.pass_by(61)
    main.speak(5)
    settle(main)
    assert [one.state for one in silences(main)] == [AlertState.OPEN]

    resolve(main, stopped, Verdict.EXPECTED)
    settle(main)

    [silence] = silences(main)
    assert (silence.state, silence.verdict) == (AlertState.RESOLVED, Verdict.EXPECTED)
    assert silence.resolved is not None
    assert silence.resolved.by == ANA
    assert silence.note.startswith("It was over by itself")
    assert cards(sent(store, main.clock)) == [stopped.id]
    assert entries(store)[-1][2]["verdict"] == "expected"
    ask = make_ask(silence.id, Verb.REOPEN, moment=main.clock.iso)
    assert store.decide(ask, judge).accepted
    assert cards(sent(store, main.clock)) == [silence.id]


def test_the_next_silence_is_not_that_of_the_trail(main: Watched, store: SqliteStore) -> None:
    """Records came for hours after it was stopped, so it explains nothing any more."""
    stopped = stop_trail(main)
    for _ in range(90):
        main.speak(1)
    main.pass_by(61)

    [silence] = silences(main)
    assert not silence.inhibited
    assert set(cards(sent(store, main.clock))) == {stopped.id, silence.id}


def test_who_takes_it_brings_it_out(main: Watched, store: SqliteStore) -> None:
    """A person's decision goes before the rule."""
    stop_trail(main)
    main.pass_by(61)
    sent(store, main.clock)
    [silence] = silences(main)

    store.decide(make_ask(silence.id, moment=main.clock.iso), judge)
    settle(main)

    assert cards(sent(store, main.clock)) == [silence.id]
    [taken] = silences(main)
    assert (taken.state, taken.inhibited) == (AlertState.TAKEN, False)


def test_it_comes_out_when_the_alert_is_snoozed(main: Watched, store: SqliteStore) -> None:
    """Nobody is disturbed by the one any more, so the other must be."""
    stopped = stop_trail(main)
    main.pass_by(61)
    sent(store, main.clock)
    ask = make_ask(stopped.id, Verb.SNOOZE, note="being mended", moment=main.clock.iso)
    ask = msgspec.structs.replace(ask, scope=Scope.ALERT, hours=1)
    assert store.decide_snooze(ask, snoozes.judge, main.clock.iso).accepted
    settle(main)

    [silence] = silences(main)
    assert not silence.inhibited
    assert cards(sent(store, main.clock)) == [silence.id]
    assert "is quiet itself" in silence.news[0]


def test_an_alert_that_a_storm_holds_back_stands_for_nothing(
    store: SqliteStore, clock: FakeClock
) -> None:
    """What nobody sees cannot say it: the silence comes out by itself."""
    storms = Storms(cards_per_minute=1, calm=timedelta(seconds=60))
    main = feed(store, clock, storms=storms)
    flood = [
        make_finding(make_record(f"flood-{n}"), level=Level.HIGH, fold=(str(n),)) for n in range(5)
    ]
    store.keep(judged(*flood), main.folding(), clock.iso)
    assert stop_trail(main, Level.HIGH).in_storm
    main.pass_by(61)

    [silence] = silences(main)
    assert not silence.inhibited


# ── near misses ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("level", "changes"),
    [
        (Level.CRITICAL, {"account": "444455556666"}),
        (Level.CRITICAL, {"account": ""}),
        (Level.MEDIUM, {}),
        (Level.CRITICAL, {"error_code": "AccessDenied"}),
    ],
    ids=["another account", "no account", "a lower level", "a refused try"],
)
def test_a_near_miss_leaves_the_silence_its_card(
    main: Watched, store: SqliteStore, level: Level, changes: dict[str, str]
) -> None:
    """Two alerts, two cards."""
    stopped = stop_trail(main, level, **changes)
    main.pass_by(61)

    [silence] = silences(main)
    assert not silence.inhibited
    assert set(cards(sent(store, main.clock))) == {stopped.id, silence.id}
    assert entries(store) == []


def test_a_resolved_alert_stands_for_nothing(main: Watched, store: SqliteStore) -> None:
    """The silence that is found after it has its card at once."""
    resolve(main, stop_trail(main))
    main.pass_by(61)

    [silence] = silences(main)
    assert not silence.inhibited
    assert silence.id in cards(sent(store, main.clock))


def test_only_the_silence_is_stood_for(main: Watched, store: SqliteStore) -> None:
    """Another trouble of the same source is news."""
    stop_trail(main)
    main.change(waited=22 * 60.0)
    main.look(1)

    [late] = store.alerts([AlertState.OPEN], rule="feed_late")
    assert late.id in cards(sent(store, main.clock))


def test_each_source_is_judged_by_its_own_accounts(store: SqliteStore, clock: FakeClock) -> None:
    """Of five silent sources two speak of the account, one of it among others, one of another
    only, and one has never spoken."""
    heard = {
        "first": (ACCOUNT,),
        "second": (ACCOUNT,),
        "shared": (ACCOUNT, "444455556666"),
        "other": ("444455556666",),
        "never": (),
    }
    sources = [Watched(store, clock, folding=folding, source=name) for name in heard]
    for one in sources:
        one.look()
        one.change(accounts=heard[one.source])
        if heard[one.source]:
            one.speak()
    stopped = stop_trail(sources[0])
    for _ in range(62):
        clock.tick(60)
        for one in sources:
            one.look()

    by = {alert.target: alert.inhibitor for alert in silences(sources[0])}
    stood_for = dict.fromkeys(("first", "second", "shared"), stopped.id)
    assert by == {**stood_for, "other": "", "never": ""}
    resolve(sources[0], stopped)
    settle(sources[0])
    settle(sources[0])
    assert sorted(cards(sent(store, clock))) == sorted(
        [stopped.id, *(alert.id for alert in silences(sources[0]))]
    )


def a_snooze(**changes: Any) -> Snooze:
    """One of the alert `A-7K2QF`, on for an hour."""
    fields: dict[str, Any] = {
        "id": "SN-1",
        "alert": "A-7K2QF",
        "rule": make_alert().rule,
        "level": Level.CRITICAL,
        "headline": "x",
        "scope": Scope.ALERT,
        "key": snooze_key(Scope.ALERT, make_alert()),
        "hours": 1,
        "reason": "known",
        "by": ANA,
        "at": iso(NOON),
        "seen": make_alert().seen,
        "channel": CHANNEL,
        "until": iso(NOON + timedelta(hours=1)),
    }
    return Snooze(**(fields | changes))


def test_a_snoozed_alert_stands_for_nothing() -> None:
    """While it is on; asked for, or run out, it is none."""
    other = make_alert()
    alert = make_alert(id="A-OTHER", level=Level.HIGH)
    on = a_snooze(state=SnoozeState.ON)

    assert not stands(other, alert, [on], iso(NOON))
    assert stands(other, alert, [on], iso(NOON + timedelta(hours=1)))
    assert stands(other, alert, [a_snooze(state=SnoozeState.ASKED)], iso(NOON))


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("other", Level)
def test_nothing_hides_what_is_worse(level: Level, other: Level) -> None:
    """Of all pairs of levels, only as severe or more."""
    one, two = make_alert(level=other), make_alert(id="A-OTHER", level=level)

    assert stands(one, two, (), iso(NOON)) is (other.rank >= level.rank)


@pytest.mark.parametrize(("late", "does"), [(-9_999, True), (0, True), (1, False)])
def test_what_began_long_after_is_not_explained(late: float, does: bool) -> None:
    """Up to an hour after the alert was known, to the second."""
    since = NOON + BEGINS_WITHIN + timedelta(seconds=late)
    finding = make_finding(accounts=(ACCOUNT,), since=iso(since))

    assert explains(make_alert(), finding) is does


# ── restarts ────────────────────────────────────────────────────────────────


def test_a_restart_at_any_point_loses_nothing(database: Path, clock: FakeClock) -> None:
    """The file as it was when the process died is all that there is."""
    first = SqliteStore(database)
    main = feed(first, clock)
    stopped = stop_trail(main)
    main.pass_by(61)
    second = SqliteStore(database)
    again = Watched(second, clock, folding=folding)
    again.look(1)
    again.pass_by(10)
    settle(again)
    assert [one.inhibitor for one in silences(again)] == [stopped.id]
    assert cards(sent(second, clock)) == [stopped.id]

    resolve(again, stopped)
    third = SqliteStore(database)
    last = Watched(third, clock, folding=folding)
    settle(last)
    [silence] = silences(last)
    assert cards(sent(third, clock)) == [silence.id]
    assert third.verify().whole
    for store in (first, second, third):
        store.close()


class Deadly(Inhibition):
    """Rules that kill the process once they have judged: nothing of the step is written yet."""

    def __init__(self, step: str) -> None:
        super().__init__(load().relations())
        self.step = step

    def inhibited(self, *asked: Any) -> Folded:
        """What is right, and then perhaps death."""
        folded = super().inhibited(*asked)
        self._die_in("inhibited", folded)
        return folded

    def settled(self, *asked: Any) -> Folded | None:
        """What is right, and then perhaps death."""
        folded = super().settled(*asked)
        self._die_in("settled", folded)
        return folded

    def _die_in(self, step: str, judgement: Folded | None) -> None:
        """Where there is something to write about another alert."""
        if step == self.step and judgement is not None and judgement.entry is not None:
            os.kill(os.getpid(), signal.SIGKILL)


def live(database: Path, step: str) -> None:
    """A process that dies at *step*: of a silence that begins, or of one that comes out."""
    clock = FakeClock()
    main = feed(SqliteStore(database), clock, inhibition=Deadly(step))
    stopped = stop_trail(main)
    main.pass_by(61)
    resolve(main, stopped)
    settle(main)


@pytest.mark.parametrize("step", ["inhibited", "settled"])
def test_kill_9_in_the_middle_of_a_step_loses_nothing(database: Path, step: str) -> None:
    """The half-done step is not there; the next process does it, once."""
    code = f"from tests.test_inhibition import *; live(Path({str(database)!r}), {step!r})"
    root = Path(__file__).parents[1]
    died = subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL

    clock = FakeClock(NOON + timedelta(minutes=62))
    store = SqliteStore(database)
    again = Watched(store, clock, folding=folding)
    before = silences(again)
    assert len(before) == len(entries(store)) == (1 if step == "settled" else 0)
    again.look()
    again.pass_by(10)
    [stopped] = store.alerts(list(AlertState), rule=TRAIL)
    [silence] = silences(again)
    assert silence.inhibitor == stopped.id
    assert silence.inhibited
    if not stopped.resolved:
        resolve(again, stopped)
    settle(again)
    assert cards(sent(store, clock)) == [stopped.id, silence.id]
    assert [kind for kind, *_ in entries(store)] == ["inhibit.begin", "inhibit.end"]
    assert store.verify().whole
    store.close()


def test_a_crash_between_the_finding_and_the_note_of_it_says_it_once(
    main: Watched, store: SqliteStore
) -> None:
    """The finding is kept again, as the same one."""
    stopped = stop_trail(main)
    main.pass_by(61)
    store.trouble_told(store.trouble("main", SILENT, main.clock.iso), 0)
    main.look(1)

    [silence] = silences(main)
    assert silence.count == 1
    assert len(entries(store)) == 1
    standing = store.alert(stopped.id)
    assert standing is not None
    assert len(standing.news) == 1


def test_without_the_rule_what_it_stood_for_still_comes_out(
    main: Watched, store: SqliteStore
) -> None:
    """The rule was disabled meanwhile, and its alert resolved."""
    stopped = stop_trail(main)
    main.pass_by(61)
    sent(store, main.clock)
    resolve(main, stopped)
    inhibition.settle(main.bot, inhibition.NONE)

    assert cards(sent(store, main.clock)) == [one.id for one in silences(main)]
    assert silences(main)[0].event_source == OWN_SOURCE
