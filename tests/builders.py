"""Values for tests, each realistic by default: say only what the test is about."""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bot.detection.rule import RuleSet
from bot.detection.sigma import load
from bot.model import (
    Actor,
    Alert,
    Ask,
    Checkup,
    Decision,
    Entry,
    Finding,
    Level,
    Person,
    Record,
    Send,
    Verb,
    Verdict,
    iso,
)
from bot.ports import Bot, Feed, Judged, Store, Storming, Verdicted
from bot.rulebook import Rulebook
from bot.storms import NEVER
from bot.triage import Triage

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""When everything happens, unless a test says otherwise."""

HORIZON = iso(NOON + timedelta(minutes=15))
INSTANCE = "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"
CHANNEL = "C0ALERTS"

ANA = Person(user="U0ANA", team="T0TEAM", name="Ana")
BEN = Person(user="U0BEN", team="T0TEAM", name="Ben")
CAM = Person(user="U0CAM", team="T0TEAM", name="Cam")


class FakeClock:
    """`ports.Clock` that moves only when told to; `monotonic` goes with it, but never back."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start
        self._seconds = 1_000.0

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that only rise."""
        return self._seconds

    def tick(self, seconds: float) -> None:
        """Time passes."""
        self._now += timedelta(seconds=seconds)
        self._seconds += max(0.0, seconds)

    def set_back(self, seconds: float) -> None:
        """Somebody corrects the wall clock."""
        self._now -= timedelta(seconds=seconds)

    @property
    def iso(self) -> str:
        """The moment, as it is stored."""
        return iso(self._now)


def at(minutes: float = 0, seconds: float = 0) -> str:
    """A time as CloudTrail writes it, so long after noon."""
    moment = NOON + timedelta(minutes=minutes, seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_actor(name: str = "mallory") -> Actor:
    """An IAM user."""
    return Actor(principal=f"arn:aws:iam::111122223333:user/{name}", name=name, kind="IAMUser")


def sync_actor() -> Actor:
    """The role by which Global Resiliency repeats changes."""
    role = "AWSServiceRoleForAmazonConnectSynchronization_x"
    return Actor(principal=f"arn:aws:iam::111122223333:role/{role}/sync", name=role)


def make_record(event_id: str = "e-1", **changes: Any) -> Record:
    """A change of a security profile by mallory at noon."""
    fields: dict[str, Any] = {
        "id": event_id,
        "key": event_id,
        "time": at(),
        "source": "connect.amazonaws.com",
        "name": "UpdateSecurityProfile",
        "region": "eu-central-1",
        "account": "111122223333",
        "actor": make_actor(),
        "source_ip": "198.51.100.7",
        "user_agent": "aws-cli/2.15.0 Python/3.11",
        "instance": INSTANCE,
        "target": "agent-profile",
    } | changes
    raw = json.dumps({"eventID": event_id, "eventName": fields["name"]}).encode()
    return Record(**({"raw": raw} | fields))


def make_replay(event_id: str = "r-1", **changes: Any) -> Record:
    """The replica Region's copy of `make_record`."""
    fields = {
        "actor": sync_actor(),
        "region": "eu-west-2",
        "source_ip": "synchronization.connect.amazonaws.com",
        "user_agent": "synchronization.connect.amazonaws.com",
        "time": at(seconds=40),
        "replay": True,
    }
    return make_record(event_id, **(fields | changes))


def make_finding(record: Record | None = None, **changes: Any) -> Finding:
    """A critical finding about *record*, folding by actor and instance."""
    record = record or make_record()
    fields: dict[str, Any] = {
        "rule": "connect_security_profile_updated",
        "level": Level.CRITICAL,
        "headline": f"{record.actor.name} changed a security profile",
        "why": "Whoever holds the profile may now do more.",
        "record": record,
        "fold": (record.actor.principal, record.instance),
        "runbook": ("Ask the actor within 15 minutes.",),
    } | changes
    return Finding(**fields)


def judged(*findings: Finding) -> list[Judged]:
    """Each finding with its record, as detection hands it over."""
    return [Judged(record=finding.record, findings=(finding,)) for finding in findings]


def quiet(*records: Record) -> list[Judged]:
    """Records of which no rule spoke."""
    return [Judged(record=record) for record in records]


def make_triage(
    minutes: float = 60,
    channel_of: Callable[[Finding], str] = lambda _: CHANNEL,
    storms: Storming = NEVER,
) -> Triage:
    """Folding with a window of so many minutes; no flood is a storm, unless said otherwise."""
    return Triage(window=timedelta(minutes=minutes), channel_of=channel_of, storms=storms)


def fold_all(findings: Iterable[Finding], triage: Triage | None = None) -> list[Alert]:
    """The alerts, oldest first, that *findings* make in this order, without a store."""
    triage = triage or make_triage()
    alerts: list[Alert] = []
    for number, finding in enumerate(findings):
        newest = sorted(alerts, key=lambda alert: alert.anchor, reverse=True)
        folded = triage.fold(finding, newest, functools.partial(str, f"A-{number:05d}"), iso(NOON))
        alerts = [alert for alert in alerts if alert.id != folded.alert.id] + [folded.alert]
    return sorted(alerts, key=lambda alert: alert.id)


def make_alert(**changes: Any) -> Alert:
    """An open alert, as the first finding makes it."""
    folded = make_triage().fold(make_finding(), (), lambda: "A-7K2QF", iso(NOON))
    return msgspec.structs.replace(folded.alert, **changes)


def make_ask(
    alert: str,
    verb: Verb = Verb.TAKE,
    by: Person = ANA,
    *,
    key: str = "",
    verdict: Verdict | None = None,
    note: str = "",
    channel: str = CHANNEL,
    moment: str = "",
    to: Person | None = None,
    quoted: str = "",
) -> Ask:
    """*by* asks for *verb*, with what the verb wants unless said otherwise."""
    if verb is Verb.RESOLVE and verdict is None:
        verdict = Verdict.TRUE_POSITIVE
    if verb is Verb.HAND_OVER and to is None:
        to = CAM
    if verb is Verb.NOTE and not note:
        note = "She is on leave."
    return Ask(
        key=key or f"{verb}-{alert}-{by.user}",
        verb=verb,
        alert=alert,
        by=by,
        at=moment or iso(NOON + timedelta(minutes=5)),
        verdict=verdict,
        note=note,
        channel=channel,
        to=to,
        quoted=quoted,
        record="e-1" if verb is Verb.RAW else "",
    )


def sentences(decisions: Sequence[Decision]) -> list[str]:
    """What the people were told."""
    return [decision.sentence for decision in decisions]


def kinds(sends: Iterable[Send]) -> list[str]:
    """The kinds of *sends*, in order."""
    return [send.kind.value for send in sends]


class Bell:
    """An outbox that only counts how often it was woken."""

    def __init__(self) -> None:
        self.rings = 0

    def wake(self) -> None:
        """Count."""
        self.rings += 1


class Nobody:
    """Ports that a test does not need: asking them anything is a fault."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"nobody should ask for {name}")


class StillPulse:
    """A process in which one source has a fault."""

    def feeds(self) -> Sequence[Feed]:
        """One source."""
        return (Feed(name="main", records=3, error="no such queue"),)

    def job_errors(self) -> Mapping[str, str]:
        """No job has failed."""
        return {}

    def sender_error(self) -> str:
        """Nothing wrong."""
        return ""

    def channel_warnings(self) -> Sequence[str]:
        """Every channel is as it should be."""
        return ()

    def checkups(self) -> Sequence[Checkup]:
        """Nothing was looked at yet."""
        return ()

    def baselines(self) -> str:
        """They are off."""
        return "Baselines are off."


class EmptyWall(Nobody):
    """Pictures that nobody asks for; nothing is wrong with them."""

    def error(self) -> str:
        """All is well."""
        return ""


@functools.cache
def pack() -> RuleSet:
    """Our own rules, read once."""
    return load()


def make_rulebook(
    store: Store,
    clock: FakeClock,
    rules: RuleSet | None = None,
    read: Callable[[], RuleSet] = pack,
    use: Callable[[RuleSet], None] = lambda _: None,
) -> Rulebook:
    """The rules that are on: our own, unless others are given."""
    return Rulebook(pack() if rules is None else rules, read, use, store, clock)


def make_bot(store: Store, clock: FakeClock) -> Bot:
    """A bot around the real store."""
    ports = ("directory", "dialogs")
    nobody: Mapping[str, Nobody] = {port: Nobody() for port in ports}
    return Bot(
        store=store,
        clock=clock,
        directory=nobody["directory"],  # type: ignore[arg-type]  # never to be asked
        dialogs=nobody["dialogs"],  # type: ignore[arg-type]  # never to be asked
        pictures=EmptyWall(),  # type: ignore[arg-type]  # only its error may be asked for
        outbox=Bell(),
        pulse=StillPulse(),
        rules=make_rulebook(store, clock),
        team="T0TEAM",
        people={},
    )


def write_down(store: Store, entry: Entry) -> None:
    """Have *entry* in the ledger, by way of a decision that changes nothing else."""

    def judge(ask: Ask, _: Alert | None) -> Verdicted:
        decision = Decision(ask=ask, accepted=False, reason="test", sentence="For the ledger.")
        return Verdicted(decision=decision, entry=entry)

    by = Person(user=entry.by, team="T0TEAM")
    ask = Ask(key=str(uuid.uuid4()), verb=Verb.LOOK, alert=entry.subject, by=by, at=entry.at)
    store.decide(ask, judge)
