"""From a source to the store: nothing is forgotten before it is stored, nothing stops the rest."""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.detection.baseline import Baseline, Tuning
from bot.detection.document import Document
from bot.detection.engine import Engine
from bot.detection.record import Limits
from bot.detection.rule import RuleSet
from bot.detection.sigma import load
from bot.errors import Refused, Unavailable
from bot.ingest import ACCOUNTS_MOST, BATCH, Ingest, LongestWait
from bot.model import AlertState, Unreadable, iso
from bot.ports import Blob, Folding, Judged, Kept
from bot.rulebook import aloud
from bot.store import SqliteStore
from tests.builders import NOON, FakeClock, at, make_triage
from tests.detection.test_baseline import call

RULES = Path(__file__).parents[1] / "bot" / "rules"
Part = Blob | Unreadable


def a_call(event_id: str, name: str = "AdminGetEmergencyAccessToken") -> dict[str, object]:
    """A CloudTrail record; by default one that a rule speaks of."""
    user = "arn:aws:iam::111122223333:user/mallory"
    return {
        "eventID": event_id,
        "eventTime": at(),
        "eventSource": "connect.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.0",
        "userIdentity": {"type": "IAMUser", "arn": user, "userName": "mallory"},
        "requestParameters": {"InstanceId": "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e"},
        "recipientAccountId": "111122223333",
    }


def blob(*records: object, where: str = "s3://trail/a.json.gz") -> Blob:
    """An object as CloudTrail delivers it."""
    return Blob(where=where, body=gzip.compress(json.dumps({"Records": records}).encode()))


class FakeDelivery:
    """A delivery of *parts*; an exception among them is raised in its place."""

    def __init__(
        self, *parts: Part | Exception, where: str = "message 1", sent_at: str = ""
    ) -> None:
        self.where, self.sent_at = where, sent_at
        self._parts = parts
        self.outcome: list[str] = []
        self.stored_when_done: int | None = None
        self.look: Callable[[], int] = lambda: 0

    def parts(self) -> Iterator[Part]:
        for part in self._parts:
            if isinstance(part, Exception):
                raise part
            yield part

    def done(self) -> None:
        self.stored_when_done = self.look()
        self.outcome.append("done")

    def failed(self, reason: str) -> None:
        self.outcome.append(f"failed: {reason}")


class FakeSource:
    """Hands out *rounds*; an exception among them is raised. Then it is quiet."""

    name = "main"

    def __init__(self, *rounds: Sequence[FakeDelivery] | Exception) -> None:
        self._rounds = list(rounds)
        self.quiet = threading.Event()
        self.closed = False

    def receive(self, wait: float) -> Sequence[FakeDelivery]:
        if not self._rounds:
            self.quiet.set()
            return ()
        now = self._rounds.pop(0)
        if isinstance(now, Exception):
            raise now
        return now

    def close(self) -> None:
        self.closed = True


class Bell:
    """An outbox that counts how often it was woken."""

    rings = 0

    def wake(self) -> None:
        self.rings += 1


class FailingStore(SqliteStore):
    """A store that fails so many times before it works."""

    failures = 0

    def keep(self, batch: Sequence[Judged], folding: Folding, now: str) -> Kept:
        if self.failures:
            self.failures -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return super().keep(batch, folding, now)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    """Our own rules."""
    return load([RULES])


@pytest.fixture
def failing(database: Path) -> Iterator[FailingStore]:
    """A store that can fail."""
    opened = FailingStore(database)
    yield opened
    opened.close()


def make_ingest(
    store: SqliteStore, rules: RuleSet, source: FakeSource | None = None, bell: Bell | None = None
) -> Ingest:
    """The whole way from *source* to *store*."""
    return Ingest(
        source or FakeSource(),
        Engine(rules),
        make_triage(),
        store,
        bell or Bell(),
        FakeClock(),
        Limits(),
    )


def stopped(ingest: Ingest) -> Ingest:
    """An ingest that does not pause after a fault."""
    ingest.stop()
    return ingest


# ── one delivery ────────────────────────────────────────────────────────────


def test_a_delivery_is_done_only_when_it_is_stored(store: SqliteStore, rules: RuleSet) -> None:
    """At the moment the source may forget it, records and findings are in the store."""
    bell = Bell()
    delivery = FakeDelivery(blob(a_call("e-1"), a_call("e-2", "ListUsers")))
    delivery.look = lambda: store.counts()["records"] * 10 + store.counts()["findings"]
    ingest = make_ingest(store, rules, bell=bell)
    ingest.work(delivery)
    assert (delivery.outcome, delivery.stored_when_done) == (["done"], 21)
    [alert] = store.alerts([AlertState.OPEN])
    assert (alert.rule, bell.rings) == ("connect_emergency_access", 1)
    assert (ingest.feed().records, ingest.feed().error) == (2, "")
    assert ingest.feed().last_at == "2026-11-22T12:00:00.000Z"


def test_the_same_delivery_again_changes_nothing(store: SqliteStore, rules: RuleSet) -> None:
    """A message that SQS delivers twice is one finding and wakes nobody the second time."""
    bell = Bell()
    ingest = make_ingest(store, rules, bell=bell)
    deliveries = [FakeDelivery(blob(a_call("e-1"))) for _ in range(2)]
    for delivery in deliveries:
        ingest.work(delivery)
    assert [delivery.outcome for delivery in deliveries] == [["done"], ["done"]]
    assert (store.counts()["findings"], bell.rings, ingest.feed().records) == (1, 1, 1)


def test_quiet_records_wake_nobody(store: SqliteStore, rules: RuleSet) -> None:
    """A near miss is counted, and nothing is sent."""
    bell = Bell()
    make_ingest(store, rules, bell=bell).work(FakeDelivery(blob(a_call("e-1", "ListUsers"))))
    assert (store.counts()["records"], store.alerts([AlertState.OPEN]), bell.rings) == (1, [], 0)


def test_a_large_delivery_goes_through_whole(store: SqliteStore, rules: RuleSet) -> None:
    """More records than one batch, the last of them as well as the first."""
    calls = [a_call(f"e-{n}", "ListUsers") for n in range(BATCH + 5)] + [a_call("e-x")]
    delivery = FakeDelivery(blob(*calls))
    make_ingest(store, rules).work(delivery)
    assert (store.counts()["records"], store.counts()["findings"]) == (BATCH + 6, 1)


def test_what_is_broken_is_kept_and_the_rest_is_read(store: SqliteStore, rules: RuleSet) -> None:
    """A broken record, a broken part and a good record: each ends where it belongs."""
    broken = Unreadable(where="s3://trail/gone", reason="it is not there", sample=b"")
    delivery = FakeDelivery(blob("not a record", a_call("e-1")), broken, blob(a_call("e-2")))
    make_ingest(store, rules).work(delivery)
    places = [item.where for _, item in store.unreadable()]
    assert delivery.outcome == ["done"]
    assert places[0] == "s3://trail/gone"
    assert places[1].startswith("s3://trail/a.json.gz#")
    assert (store.counts()["unreadable"], store.counts()["findings"]) == (2, 2)


def test_a_rule_that_raises_opens_an_alert(store: SqliteStore, rules: RuleSet) -> None:
    """It is an alert of its own, the other rules speak, and the delivery is not held up."""

    def breaks(document: Document) -> bool:
        raise KeyError(document["eventName"])

    bad = replace(rules.rules[0], name="bad", matches=breaks, guess=lambda *_: None)
    delivery = FakeDelivery(blob(a_call("e-1"), a_call("e-2", "ListUsers")))
    make_ingest(store, RuleSet((*rules.rules, bad))).work(delivery)
    alerts = {alert.rule: alert for alert in store.alerts([AlertState.OPEN])}
    assert delivery.outcome == ["done"]
    assert alerts.keys() == {"connect_emergency_access", "rule_broken"}
    assert alerts["rule_broken"].headline == "The rule bad broke on a record"
    assert alerts["rule_broken"].count == 2


@pytest.mark.parametrize(("days", "alerts"), [(3, 1), (30.9, 1), (31.1, 2)])
def test_a_broken_rule_stands_for_its_repeats(
    store: SqliteStore, rules: RuleSet, days: float, alerts: int
) -> None:
    """While its alert is open, days later too; what other rules find opens alerts as ever."""

    def breaks(document: Document) -> bool:
        raise KeyError(document["eventName"])

    bad = replace(rules.rules[0], name="bad", matches=breaks, guess=lambda *_: None)
    ingest = make_ingest(store, RuleSet((*rules.rules, bad)))
    for event, minutes in (("e-1", 0.0), ("e-2", days * 24 * 60)):
        ingest.work(FakeDelivery(blob(a_call(event) | {"eventTime": at(minutes)})))

    found = Counter(alert.rule for alert in store.alerts([AlertState.OPEN]))
    assert found == {"connect_emergency_access": 2, "rule_broken": alerts}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\x1f\x8b\x08broken", b'{"Records": [{"eventID": "\\ud800"}]}', b"\xff" * 99],
)
def test_no_bytes_stop_a_delivery(store: SqliteStore, rules: RuleSet, body: bytes) -> None:
    """Whatever an object holds, the delivery is done and does not come back for ever."""
    delivery = FakeDelivery(Blob(where="odd", body=body), blob(a_call("e-1")))
    make_ingest(store, rules).work(delivery)
    assert delivery.outcome == ["done"]
    assert store.counts()["findings"] == 1


# ── faults and their recovery ───────────────────────────────────────────────


def test_a_store_that_fails_gets_the_delivery_again(failing: FailingStore, rules: RuleSet) -> None:
    """It is never done before it is stored; when it comes back, all of it is stored once."""
    failing.failures = 1
    ingest = stopped(make_ingest(failing, rules))
    first, again = (FakeDelivery(blob(a_call("e-1"))) for _ in range(2))
    ingest.work(first)
    assert len(first.outcome) == 1
    assert first.outcome[0].startswith("failed: fault ")
    assert "message 1" in ingest.feed().error
    ingest.work(again)
    assert (again.outcome, ingest.feed().error) == (["done"], "")
    assert failing.counts()["findings"] == 1


def test_a_fetch_that_fails_halfway_repeats_nothing(store: SqliteStore, rules: RuleSet) -> None:
    """What was stored before the fault is known when the delivery comes again."""
    ingest = stopped(make_ingest(store, rules))
    fault = Unavailable("S3 did not answer.")
    half = FakeDelivery(blob(a_call("e-1")), fault, blob(a_call("e-2")))
    whole = FakeDelivery(blob(a_call("e-1")), blob(a_call("e-2")))
    ingest.work(half)
    ingest.work(whole)
    assert (half.outcome, whole.outcome) == (["failed: S3 did not answer."], ["done"])
    assert store.alerts([AlertState.OPEN])[0].count == 2


class Unforgettable(FakeDelivery):
    """A delivery whose source can neither forget it nor take it back."""

    def done(self) -> None:
        raise Unavailable("SQS did not answer.")

    def failed(self, reason: str) -> None:
        super().failed(reason)
        raise Unavailable("SQS did not answer.")


def test_what_keeps_being_refused_is_named_until_it_is_read(
    store: SqliteStore, rules: RuleSet
) -> None:
    """Other deliveries go well meanwhile; the refused one is still on the list, once."""
    refused = Refused("s3:GetObject", "AccessDenied", "S3 refuses s3://trail/b.json.gz.")
    ingest = stopped(make_ingest(store, rules))
    for _ in range(2):
        ingest.work(FakeDelivery(refused, where="message 2"))
    ingest.work(FakeDelivery(blob(a_call("e-1"))))

    [(_, missing)] = store.unreadable()
    assert (missing.where, missing.reason) == ("message 2", "S3 refuses s3://trail/b.json.gz.")
    assert store.counts()["unreadable"] == 1

    ingest.work(FakeDelivery(blob(a_call("e-2")), where="message 2"))

    assert list(store.unreadable()) == []
    assert store.counts()["unreadable"] == 0


def test_a_source_that_cannot_forget_does_not_end_the_thread(
    store: SqliteStore, rules: RuleSet
) -> None:
    """The delivery will come again and change nothing; the work goes on."""
    ingest = stopped(make_ingest(store, rules))
    stuck = Unforgettable(blob(a_call("e-1")))
    ingest.work(stuck)
    assert stuck.outcome == ["failed: SQS did not answer."]
    good = FakeDelivery(blob(a_call("e-1")))
    ingest.work(good)
    assert (good.outcome, store.counts()["findings"]) == (["done"], 1)


# ── how the source is doing ─────────────────────────────────────────────────


def test_a_feed_says_which_accounts_its_records_were_of(store: SqliteStore, rules: RuleSet) -> None:
    """Also of those that no rule spoke of; of very many some are left out."""
    ingest = make_ingest(store, rules)
    calls = [
        a_call(f"e-{number}", "ListUsers") | {"recipientAccountId": account}
        for number, account in enumerate(("222", "111", "222", ""))
    ]
    ingest.work(FakeDelivery(blob(*calls)))
    assert ingest.feed().accounts == ("111", "222")

    crowd = [
        a_call(f"c-{number}", "ListUsers") | {"recipientAccountId": f"9{number:011}"}
        for number in range(ACCOUNTS_MOST + 5)
    ]
    ingest.work(FakeDelivery(blob(*crowd)))
    assert len(ingest.feed().accounts) == ACCOUNTS_MOST
    assert ingest.feed().accounts[:2] == ("111", "222")


def test_a_feed_says_how_long_what_came_had_waited(store: SqliteStore, rules: RuleSet) -> None:
    """The longest wait of what was received, and when that was; a skewed clock is no wait."""
    sent = ("2026-11-22T11:58:00Z", "2026-11-22T11:59:30Z", "2026-11-22T12:00:09Z", "")
    source = FakeSource([FakeDelivery(blob(a_call("e-1")), sent_at=one) for one in sent])
    ingest = make_ingest(store, rules, source)
    assert (ingest.feed().waited, ingest.feed().delivered_at) == (None, "")

    run_until_quiet(ingest, source)

    assert ingest.feed().waited == 120.0
    assert ingest.feed().delivered_at == "2026-11-22T12:00:00.000Z"


@pytest.mark.parametrize(
    ("minutes", "longest"), [(0, 90.0), (4.9, 90.0), (5.1, 90.0), (9.9, 90.0), (10.1, None)]
)
def test_a_long_wait_is_told_of_for_some_minutes(minutes: float, longest: float | None) -> None:
    """Through the span it came in and the next one; then it is over."""
    waits = LongestWait(timedelta(minutes=5))
    waits.note(90.0, NOON)
    waits.note(3.0, NOON + timedelta(seconds=1))

    assert waits.longest(NOON + timedelta(minutes=minutes)) == longest


def test_a_clock_that_is_set_back_begins_the_waits_anew() -> None:
    """Nothing is told of for hours."""
    waits = LongestWait(timedelta(minutes=5))
    waits.note(90.0, NOON)
    waits.note(2.0, NOON - timedelta(hours=1))

    assert waits.longest(NOON - timedelta(hours=1)) == 2.0


def test_a_failing_source_says_since_when(store: SqliteStore, rules: RuleSet) -> None:
    """Since the first fault in a row; once it works, not at all."""
    ingest = stopped(make_ingest(store, rules))
    ingest.work(FakeDelivery(Unavailable("S3 did not answer.")))
    assert ingest.feed().failing_since == "2026-11-22T12:00:00.000Z"

    ingest.work(FakeDelivery(blob(a_call("e-1"))))
    assert (ingest.feed().failing_since, ingest.feed().error) == ("", "")


# ── running and stopping ────────────────────────────────────────────────────


def run_until_quiet(ingest: Ingest, source: FakeSource) -> None:
    """Run until the source has nothing left, then stop."""
    thread = threading.Thread(target=ingest.run)
    thread.start()
    assert source.quiet.wait(10)
    ingest.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "fault",
    [
        Unavailable("SQS is away.", retry_after=0.01),
        Refused("sqs:ReceiveMessage", "AccessDenied"),
        RuntimeError("a bug"),
    ],
)
def test_a_source_that_fails_is_tried_again(
    store: SqliteStore, rules: RuleSet, fault: Exception
) -> None:
    """No fault of the source ends the watch; once it answers, the fault is no longer shown."""
    good = FakeDelivery(blob(a_call("e-1")))
    source = FakeSource(fault, [good])
    ingest = make_ingest(store, rules, source)
    run_until_quiet(ingest, source)
    assert (good.outcome, ingest.feed().error) == (["done"], "")


def test_a_quiet_source_that_answers_again_shows_no_fault(
    store: SqliteStore, rules: RuleSet
) -> None:
    """An answer without deliveries is an answer: the fault is over."""
    source = FakeSource(Unavailable("SQS is away.", retry_after=0.01), [])
    ingest = make_ingest(store, rules, source)
    run_until_quiet(ingest, source)
    assert ingest.feed().error == ""


def test_a_stop_finishes_what_is_under_way_and_gives_back_the_rest(
    store: SqliteStore, rules: RuleSet
) -> None:
    """Nothing is half done: the first is stored and done, the second comes again."""
    second = FakeDelivery(blob(a_call("e-2")), where="message 2")

    class Stopping(FakeDelivery):
        def parts(self) -> Iterator[Part]:
            ingest.stop()
            yield from super().parts()

    first = Stopping(blob(a_call("e-1")))
    source = FakeSource([first, second])
    ingest = make_ingest(store, rules, source)
    ingest.run()
    assert (first.outcome, second.outcome) == (["done"], ["failed: stopping"])
    assert source.closed
    assert store.counts()["records"] == 1


def test_a_stop_does_not_wait_for_a_pause(store: SqliteStore, rules: RuleSet) -> None:
    """While it waits before the next try, a stop ends it at once."""
    ingest = make_ingest(store, rules, FakeSource(Unavailable("away", retry_after=30.0)))
    thread = threading.Thread(target=ingest.run)
    thread.start()
    ends = time.monotonic() + 10
    while not ingest.feed().error and time.monotonic() < ends:
        threading.Event().wait(0.005)
    ingest.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert ingest.feed().error == "main: away"


def test_new_rules_judge_from_the_next_delivery_on(store: SqliteStore, rules: RuleSet) -> None:
    """And what a shadow rule says is counted, and no alert."""
    ingest = make_ingest(store, rules)
    shadow = tuple(replace(one, status="shadow", overridden=True) for one in rules)
    store.note_shadows([one.name for one in shadow], iso(NOON))
    ingest.work(FakeDelivery(blob(a_call("e-1"))))
    before = store.counts()["alerts"]

    ingest.use(Engine(RuleSet(shadow)), Engine(aloud(RuleSet(shadow))))
    ingest.work(FakeDelivery(blob(a_call("e-2"))))

    assert (before, store.counts()["alerts"], store.counts()["findings"]) == (1, 1, 1)
    assert sum(one.hits for one in store.shadows("")) == 1


def test_what_is_unusual_survives_a_full_disk(failing: FailingStore, rules: RuleSet) -> None:
    """The records come back, and what was new in them is new again: it has its alert."""
    days = [office(day / 24 + number) for number in range(12) for day in (10, 11)]
    odd = office(12.5, "DeleteRule", awsRegion="sa-east-1", sourceIPAddress="198.51.100.9")
    ingest = stopped(
        Ingest(
            FakeSource(),
            Engine(rules),
            make_triage(),
            failing,
            Bell(),
            FakeClock(),
            Limits(),
            baseline=Baseline(Tuning(), failing),
        )
    )
    ingest.work(FakeDelivery(blob(*days)))
    failing.failures = 1
    for _ in range(3):
        ingest.work(FakeDelivery(blob(odd)))

    found = [alert.rule for alert in failing.alerts([AlertState.OPEN])]
    assert found.count("baseline_first_seen") == 1


def office(day: float, name: str = "ListContactFlows", **fields: object) -> dict[str, object]:
    """A call of a deploy role, so many days after a start."""
    made: dict[str, object] = json.loads(bytes(call(day, name, **fields).raw))
    return made
