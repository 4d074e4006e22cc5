"""Exceptions: what they hide, what they never hide, who may, and how they end."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest

from bot import snoozes
from bot.exemptions import DAYS, Reason, decide, end_those_due, judge, offer, propose, standing
from bot.model import (
    Alert,
    AlertState,
    Ask,
    Aspect,
    Decision,
    Exemption,
    ExemptionState,
    Level,
    Person,
    Record,
    Release,
    Scope,
    Verb,
    iso,
)
from bot.ports import Bot, Verdicted
from bot.store import SqliteStore
from tests.builders import (
    ANA,
    BEN,
    CAM,
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

RULE = "connect_security_profile_updated"
NASTY = 'fix: prod * _down_ <@U1> <!channel> `rm` & "so"'
EVERYTHING = tuple(Aspect)


@pytest.fixture
def bot(store: SqliteStore, clock: FakeClock) -> Bot:
    """A bot around the real store."""
    return make_bot(store, clock)


def a_record(event: str = "e-1", **changes: object) -> Record:
    """A change of a security profile, whose raw bytes say which."""
    target = str(changes.get("target", "agent-profile"))
    raw = {"eventID": event, "requestParameters": {"SecurityProfileId": target}}
    return make_record(event, **({"raw": json.dumps(raw).encode()} | changes))


def find(bot: Bot, event: str, minutes: float = 0, **changes: object) -> None:
    """One more finding; *level* and *rule* go to it, the rest to its record."""
    level = changes.pop("level", Level.HIGH)
    rule = changes.pop("rule", RULE)
    record = a_record(event, time=at(minutes), **changes)
    finding = make_finding(record, level=level, rule=rule)
    bot.store.keep(judged(finding), make_triage(), iso(bot.clock.now()))


def proposing(
    alert: str,
    by: Person = ANA,
    equal: tuple[Aspect, ...] = (Aspect.ACTOR,),
    *,
    days: int = 30,
    note: str = "the pipeline does this every night",
) -> Ask:
    """*by* proposes that it is always expected."""
    ask = make_ask(alert, Verb.EXCEPT, by, note=note, key=f"{by.user} {equal} {days}")
    return msgspec.structs.replace(ask, equal=equal, days=days, at=iso(NOON))


def about(one: Exemption, verb: Verb, by: Person) -> Ask:
    """*by* asks something about an exception."""
    ask = make_ask(one.alert, verb, by, moment=iso(NOON))
    return msgspec.structs.replace(ask, exemption=one.id)


def judging(ask: Ask, *standing: Exemption, **changes: object) -> Verdicted:
    """What comes of *ask* about an alert of level high."""
    alert = make_alert(level=Level.HIGH, **changes)
    return judge(ask, alert, standing, record=a_record())


def drain(bot: Bot) -> list[str]:
    """The kinds of what was waiting to be sent, taken out."""
    found = []
    while send := bot.store.claim_send(HORIZON, horizon=HORIZON):
        bot.store.send_done(send, send.channel, "1.5", HORIZON)
        found.append(send)
    return kinds(found)


def newest(bot: Bot) -> Alert:
    """The open alert that spoke last."""
    return max(bot.store.alerts([AlertState.OPEN]), key=lambda alert: alert.last_time)


def proposed(bot: Bot, *equal: Aspect, days: int = 30) -> tuple[Alert, Exemption]:
    """An alert of noon with its card posted, at which Ana proposed an exception."""
    find(bot, "e-1")
    alert = newest(bot)
    drain(bot)
    decision = propose(bot, proposing(alert.id, equal=(Aspect.ACTOR, *equal), days=days))
    assert decision.accepted, decision.sentence
    (one,) = standing(bot)
    return alert, one


def excepted(bot: Bot, *equal: Aspect, days: int = 30) -> Exemption:
    """As `proposed`, and Ben agreed."""
    _, one = proposed(bot, *equal, days=days)
    assert decide(bot, about(one, Verb.AGREE_EXCEPT, BEN)).accepted
    drain(bot)
    (on,) = standing(bot)
    return on


# ── at an alert without a card ──────────────────────────────────────────────


def quiet(bot: Bot) -> Alert:
    """An alert that a snooze keeps without a card."""
    find(bot, "e-1")
    alert = newest(bot)
    ask = make_ask(alert.id, Verb.SNOOZE, note="a drill", moment=iso(NOON))
    snoozes.decide(bot, msgspec.structs.replace(ask, scope=Scope.RULE_ACTOR, hours=8))
    find(bot, "e-2", 90)
    drain(bot)
    held = newest(bot)
    assert held.held.startswith("SN-")
    return held


def test_whoever_proposes_at_a_quiet_alert_has_its_card_posted(bot: Bot) -> None:
    """The announcement with its Agree button needs the card's thread; nothing is refused."""
    alert = quiet(bot)

    assert propose(bot, proposing(alert.id)).accepted

    assert drain(bot) == ["card", "note"]
    assert bot.store.refused_sends() == []
    now = bot.store.alert(alert.id)
    assert now is not None
    assert now.released == Release(held=alert.held, why="Ana decided about it", at=iso(NOON))
    assert (now.held, now.version) == ("", alert.version + 1)
    assert f'"held":"{alert.held}"' in bot.store.links()[-1].body


@pytest.mark.parametrize("verb", [Verb.AGREE_EXCEPT, Verb.UNEXCEPT])
def test_whoever_decides_at_a_quiet_alert_has_its_card_posted(bot: Bot, verb: Verb) -> None:
    """Also one that was proposed at it before its card came out."""
    alert = quiet(bot)
    propose(bot, proposing(alert.id))
    (one,) = standing(bot)

    verdict = judge(about(one, verb, BEN), alert, (one,))

    assert kinds(verdict.sends) == ["card", "note"]
    assert verdict.alert is not None
    assert verdict.alert.held == ""


def test_a_refused_proposal_brings_no_card(bot: Bot) -> None:
    """Nothing was decided: it stays as quiet as it was."""
    alert = quiet(bot)

    assert not propose(bot, proposing(alert.id, note="")).accepted

    assert drain(bot) == ["ephemeral"]
    assert bot.store.alert(alert.id) == alert


# ── what it hides ───────────────────────────────────────────────────────────


def test_what_is_expected_is_stored_and_counted_but_disturbs_nobody(bot: Bot) -> None:
    """No alert, no card, not even an edit of the open one; the record stays as evidence."""
    excepted(bot)

    find(bot, "e-2", 5)
    find(bot, "e-3", 600)

    assert drain(bot) == []
    (alert,) = bot.store.alerts(list(AlertState))
    assert alert.count == 1
    (one,) = standing(bot)
    assert (one.hits, one.last_hit) == (2, "2026-11-22T22:00:00.000Z")
    assert bot.store.record("e-3") is not None
    assert [past.record.id for past in bot.store.findings_of_rule(RULE)] == ["e-3", "e-2", "e-1"]
    assert bot.store.counts()["findings.expected"] == 2


def test_a_record_that_comes_twice_is_one_hit(bot: Bot) -> None:
    """A source may hand it over again."""
    excepted(bot)
    find(bot, "e-2", 90)
    find(bot, "e-2", 90)
    assert [one.hits for one in standing(bot)] == [1]


@pytest.mark.parametrize(
    ("aspect", "hit", "near_miss"),
    [
        (Aspect.ACTOR, {}, {"actor": make_actor("mallory2")}),
        (Aspect.ACTOR, {}, {"actor": make_actor("Mallory")}),
        (Aspect.TARGET, {}, {"target": "agent-profile-2"}),
        (Aspect.TARGET, {}, {"target": ""}),
        (Aspect.NETWORK, {"source_ip": "198.51.100.250"}, {"source_ip": "198.51.101.7"}),
        (Aspect.NETWORK, {}, {"source_ip": "198.51.100.0/24"}),
        (Aspect.NAME, {}, {"name": "UpdateSecurityProfiles"}),
        (Aspect.ACCOUNT, {}, {"account": "111122223334"}),
    ],
)
def test_every_condition_hides_what_it_says_and_nothing_near(
    bot: Bot, aspect: Aspect, hit: dict[str, object], near_miss: dict[str, object]
) -> None:
    """The near miss is an alert as ever."""
    excepted(bot, aspect)

    find(bot, "e-2", 90, **hit)
    assert drain(bot) == []
    find(bot, "e-3", 300, **near_miss)
    assert "card" in drain(bot)
    assert [one.hits for one in standing(bot)] == [1]


def test_a_condition_that_was_not_chosen_does_not_narrow_it(bot: Bot) -> None:
    """Only what was ticked is compared."""
    excepted(bot)
    find(bot, "e-2", 90, target="other", source_ip="192.0.2.1", name="Other", account="1")
    assert drain(bot) == []


def test_another_rule_about_the_same_record_still_speaks(bot: Bot) -> None:
    """An exception is one rule's."""
    excepted(bot)
    find(bot, "e-2", 90, rule="another_rule")
    assert drain(bot) == ["card"]


@pytest.mark.parametrize("level", Level)
def test_what_is_worse_is_never_hidden(bot: Bot, level: Level) -> None:
    """The level that the alert had when it was proposed is the most that it hides."""
    excepted(bot)
    find(bot, "e-2", 90, level=level)
    assert drain(bot) == ([] if level.rank <= Level.HIGH.rank else ["card"])


def test_what_is_only_proposed_hides_nothing(bot: Bot) -> None:
    """It counts from the second person on."""
    proposed(bot)
    drain(bot)
    find(bot, "e-2", 90)
    assert drain(bot) == ["card"]


def test_many_hits_in_one_batch_are_all_counted(bot: Bot) -> None:
    """Also over more than one transaction, and beside findings that go into alerts."""
    excepted(bot)
    findings = [make_finding(a_record(f"b-{n}"), level=Level.HIGH) for n in range(50)]
    others = [make_finding(a_record(f"o-{n}", actor=make_actor("eve"))) for n in range(50)]
    mixed = [one for pair in zip(findings, others, strict=True) for one in pair]

    bot.store.keep(judged(*mixed), make_triage(), iso(NOON))

    assert [one.hits for one in standing(bot)] == [50]
    assert {alert.actor.name: alert.count for alert in bot.store.alerts(list(AlertState))} == {
        "mallory": 1,
        "eve": 50,
    }


# ── the backtest ────────────────────────────────────────────────────────────


def test_a_proposal_says_what_it_would_have_hidden(bot: Bot) -> None:
    """And names what stays: somebody else's, somewhere else's and what was worse."""
    for number in range(13):
        find(bot, f"m-{number}", -1440 * number)
    find(bot, "x-1", -90, actor=make_actor("eve"))
    find(bot, "x-2", -300, level=Level.CRITICAL)
    find(bot, "x-3", -90, rule="another_rule")
    _, one = proposed(bot)

    test = one.backtest
    assert (test.found, test.hidden, test.days) == (16, 14, 12)
    assert [line.partition(":")[0] for line in test.stays] == ["eve", "mallory"]
    assert "UpdateSecurityProfile on agent-profile from 198.51.100.7" in test.stays[0]


def test_each_condition_is_offered_with_its_reach(bot: Bot) -> None:
    """With the actor alone, and all of them together."""
    find(bot, "e-0", -90, target="other")
    find(bot, "e-1")

    found = offer(bot, newest(bot))

    assert [(one.condition.aspect, one.hidden) for one in found.choices] == [
        (Aspect.ACTOR, 2),
        (Aspect.TARGET, 1),
        (Aspect.NETWORK, 2),
        (Aspect.NAME, 2),
        (Aspect.ACCOUNT, 2),
    ]
    assert [one.name for one in found.choices][:2] == ["mallory", "agent-profile"]
    assert (found.test.hidden, found.test.found) == (1, 2)


def test_a_proposal_holds_its_filter(bot: Bot) -> None:
    """What the second person reads is what is stored."""
    _, one = proposed(bot, *EVERYTHING)
    for text in (one.id, RULE, "user/mallory", "agent-profile", "198.51.100.0/24", "not selection"):
        assert text in one.sigma


# ── who may ─────────────────────────────────────────────────────────────────


def proposal() -> Exemption:
    """An exception that Ana proposed and nobody agreed to yet."""
    one = judging(proposing("A-7K2QF")).exemption
    assert one is not None
    return one


@pytest.mark.parametrize("days", DAYS)
def test_nobody_agrees_with_themselves(days: int) -> None:
    """Somebody else must; the days count from then on."""
    one = msgspec.structs.replace(proposal(), days=days)
    own = judging(about(one, Verb.AGREE_EXCEPT, ANA), one)
    assert (own.decision.accepted, own.decision.reason) == (False, Reason.OWN_PROPOSAL)
    assert own.entry.kind == "except.refused"

    other = judging(about(one, Verb.AGREE_EXCEPT, BEN), one)
    assert other.exemption is not None
    assert other.exemption.agreed is not None
    assert (other.exemption.state, other.exemption.agreed.by) == (ExemptionState.ON, BEN)
    assert other.exemption.until == iso(NOON + timedelta(days=days))
    assert other.entry.kind == "except.agreed"


@pytest.mark.parametrize("user", ["U0ANA", "u0ana"])
def test_the_same_id_in_another_workspace_is_somebody_else(user: str) -> None:
    """Identity is user and team; the guard lets no other team in at all."""
    other = Person(user=user, team="T0OTHER", name="Ana")
    assert judging(about(proposal(), Verb.AGREE_EXCEPT, other), proposal()).decision.accepted


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"note": ""}, Reason.NO_REASON),
        ({"days": 0}, Reason.NOT_OFFERED),
        ({"days": 100_000}, Reason.NOT_OFFERED),
        ({"equal": ()}, Reason.NOT_OFFERED),
        ({"equal": (Aspect.TARGET,)}, Reason.NOT_OFFERED),
    ],
)
def test_what_is_not_offered_is_refused(change: dict[str, object], reason: Reason) -> None:
    """Also what no modal of ours would send: without an actor, without an end."""
    ask = msgspec.structs.replace(proposing("A-7K2QF"), **change)
    verdict = judging(ask)
    assert (verdict.decision.accepted, verdict.decision.reason) == (False, reason)
    assert (verdict.entry.kind, verdict.entry.by) == ("except.refused", ANA.user)


def test_a_condition_that_the_record_does_not_show_is_refused() -> None:
    """Nothing is dropped in silence: it would hide more than was asked for."""
    ask = proposing("A-7K2QF", equal=(Aspect.ACTOR, Aspect.NETWORK))
    verdict = judge(ask, make_alert(), (), record=a_record(source_ip=""))
    assert verdict.decision.reason == Reason.NOT_OFFERED


@pytest.mark.parametrize(
    ("alert", "record", "reason"),
    [
        (None, a_record(), Reason.NO_SUCH_ALERT),
        (make_alert(), None, Reason.NO_RECORD),
        (make_alert(rule="rule_broken"), a_record(), Reason.NEVER_EXPECTED),
        (
            make_alert(),
            a_record(actor=msgspec.structs.replace(make_actor(), principal="")),
            Reason.NEVER_EXPECTED,
        ),
    ],
)
def test_some_things_are_never_expected(
    alert: Alert | None, record: Record | None, reason: Reason
) -> None:
    """A broken rule, somebody unknown, and what nothing is left of."""
    verdict = judge(proposing("A-7K2QF"), alert, (), record=record)
    assert verdict.decision.reason == reason


def test_the_same_is_not_proposed_twice() -> None:
    """The second hears whose it is; other conditions are another exception."""
    again = judging(proposing("A-7K2QF", BEN), proposal()).decision
    assert again.reason == Reason.EXPECTED_ALREADY
    assert "Ana has proposed that already" in again.sentence
    assert judging(proposing("A-7K2QF", BEN, EVERYTHING), proposal()).decision.accepted


def test_what_outlives_its_alert_ends_without_a_thread() -> None:
    """Nothing waits for ever to be said where nobody can read it; the ledger has it."""
    verdict = judge(about(proposal(), Verb.UNEXCEPT, BEN), None, [proposal()])
    assert (verdict.decision.accepted, verdict.sends) == (True, ())
    assert verdict.entry.kind == "except.over"


# ── how it ends ─────────────────────────────────────────────────────────────


def test_its_time_runs_out(bot: Bot, clock: FakeClock) -> None:
    """Once, said in the thread and in the ledger; the next finding is a card."""
    one = excepted(bot)
    find(bot, "e-2", 90)
    clock.tick(30 * 86_400)

    end_those_due(bot)
    end_those_due(bot)

    assert drain(bot) == ["note"]
    link = bot.store.links()[-1]
    assert (link.kind, link.subject, link.by) == ("except.over", one.alert, "callwarden")
    assert "its time is up" in link.body
    assert '"hits":1' in link.body
    find(bot, "e-3", 600)
    assert drain(bot) == ["card"]


def test_it_hides_nothing_more_though_the_job_is_late(bot: Bot, clock: FakeClock) -> None:
    """The end is its own, not the job's."""
    excepted(bot)
    clock.tick(30 * 86_400)
    find(bot, "e-2", 600)
    assert drain(bot) == ["card"]


def test_what_nobody_agrees_to_lapses(bot: Bot, clock: FakeClock) -> None:
    """After a week."""
    proposed(bot)
    clock.tick(7 * 86_400 - 1)
    end_those_due(bot)
    assert len(standing(bot)) == 1
    clock.tick(1)
    end_those_due(bot)
    (over,) = bot.store.exemptions([ExemptionState.OVER])
    assert over.why == "nobody agreed to it in time"


def test_it_is_removed_by_hand_once(bot: Bot) -> None:
    """From then on it hides nothing; the second hears that it is over."""
    one = excepted(bot)

    first = decide(bot, about(one, Verb.UNEXCEPT, CAM))
    second = decide(bot, about(one, Verb.UNEXCEPT, ANA))

    assert (first.accepted, second.reason) == (True, Reason.OVER_ALREADY)
    (over,) = bot.store.exemptions([ExemptionState.OVER])
    assert over.ended is not None
    assert (over.ended.by, over.why) == (CAM, "it was removed by hand")
    drain(bot)
    find(bot, "e-2", 600)
    assert drain(bot) == ["card"]


def test_every_step_is_in_the_ledger(bot: Bot) -> None:
    """Proposed, refused, agreed, over: with what was hidden and why."""
    _, one = proposed(bot)
    asked: list[Decision] = [
        decide(bot, about(one, Verb.AGREE_EXCEPT, ANA)),
        decide(bot, about(one, Verb.AGREE_EXCEPT, BEN)),
        decide(bot, about(one, Verb.UNEXCEPT, ANA)),
    ]
    assert [one.accepted for one in asked] == [False, True, True]
    links = bot.store.links()
    assert [link.kind for link in links] == [
        "except.proposed",
        "except.refused",
        "except.agreed",
        "except.over",
    ]
    assert "user/mallory" in links[0].body
    assert "1 of 1" in links[0].body
    assert bot.store.verify().whole


def test_exceptions_survive_a_restart(bot: Bot, database: object) -> None:
    """They are rows like everything else."""
    one = excepted(bot)
    again = SqliteStore(str(database))
    assert list(again.exemptions([ExemptionState.ON])) == [one]
    again.close()
