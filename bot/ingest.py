"""Source → records → findings → store → the source may forget. One thread a source."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.detection.baseline import Baseline
from bot.detection.correlate import NO_CHAINS, Chains
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read, to_record
from bot.detection.rule import BROKEN_RULE
from bot.errors import Fault, Unavailable
from bot.model import Finding, Unreadable, iso, moment
from bot.model.evidence import Evidence
from bot.ports import Blob, Clock, Delivery, Feed, Folding, Judged, Outbox, Source, Store

log = logging.getLogger(__name__)

BATCH = 200
"""Records judged before they are stored; bounds memory whatever a file's size."""

WAIT = 3.0
"""Seconds a long poll lasts; also the longest that a stop waits for a quiet source."""

PAUSE_MOST = 30.0

MISSED_MOST = 10_000
"""Deliveries that came back and whose next reading strikes them off the list of the unreadable."""

ACCOUNTS_MOST = 1_000
"""Accounts that are remembered of a source."""

WAITS_OVER = timedelta(minutes=5)
"""The longest wait of a delivery is told over this long at least, and twice as long at most."""


class LongestWait:
    """The longest wait of what came in the current span of time and the one before."""

    def __init__(self, span: timedelta = WAITS_OVER) -> None:
        self._span = span
        self._begun: datetime | None = None
        self._now: float | None = None
        self._before: float | None = None

    def note(self, seconds: float, now: datetime) -> None:
        """Something came that had waited *seconds*."""
        self._turn(now)
        self._now = max(self._now or 0.0, seconds)

    def longest(self, now: datetime) -> float | None:
        """The longest wait in seconds; None where nothing came."""
        self._turn(now)
        waits = [one for one in (self._now, self._before) if one is not None]
        return max(waits, default=None)

    def _turn(self, now: datetime) -> None:
        """Begin the next span where the current one is over, or the clock was set back."""
        begun = self._begun or now
        past = now - begun
        if self._begun is None or past >= self._span or past < timedelta(0):
            self._before = self._now if timedelta(0) <= past < 2 * self._span else None
            self._begun, self._now = now, None


class Ingest:
    """Works one source until stopped. A delivery is done only once all of it is stored."""

    def __init__(
        self,
        source: Source,
        engine: Engine,
        folding: Folding,
        store: Store,
        outbox: Outbox,
        clock: Clock,
        limits: Limits,
        shadows: Engine | None = None,
        chains: Chains = NO_CHAINS,
        baseline: Baseline | None = None,
    ) -> None:
        """*shadows* judges by the shadow rules alone, made to speak; None where there are none."""
        self._chains = chains
        self._source = source
        self._engine, self._shadows = engine, shadows
        self._coming = (engine, shadows)
        self._folding = folding
        self._store = store
        self._outbox = outbox
        self._clock = clock
        self._limits = limits
        self._baseline = baseline
        self._epoch: int | None = None
        self._stopping = threading.Event()
        self._records = 0
        self._last_at = ""
        self._error = ""
        self._failing_since = ""
        self._delivered_at = ""
        self._waits = LongestWait()
        self._failures = 0
        self._away = False
        self._missed: set[str] = set()
        self._accounts: frozenset[str] = frozenset()

    def feed(self) -> Feed:
        """How the source is doing."""
        return Feed(
            name=self._source.name,
            records=self._records,
            last_at=self._last_at,
            error=self._error,
            failing_since=self._failing_since,
            delivered_at=self._delivered_at,
            waited=self._waits.longest(self._clock.now()),
            accounts=tuple(sorted(self._accounts)),
        )

    def use(self, engine: Engine, shadows: Engine | None = None) -> None:
        """From the next delivery on, judge by these, which nobody else may use."""
        self._coming = (engine, shadows)

    def stop(self) -> None:
        """Finish the delivery under way and return from `run`."""
        self._stopping.set()

    def run(self) -> None:
        """Work until stopped. A source that fails is tried again, ever more slowly."""
        try:
            while not self._stopping.is_set():
                self._turn()
        finally:
            self._source.close()

    def _turn(self) -> None:
        try:
            deliveries = self._source.receive(WAIT)
        except Exception as error:  # noqa: BLE001 - said and counted by _stumble
            self._away = True
            self._stumble(f"{self._source.name}: {_sentence(error)}", error)
            return
        if self._away:
            self._away = False
            self._well()
        for delivery in deliveries:
            self._came(delivery)
            if self._stopping.is_set():
                self._give_back(delivery, "stopping")
            else:
                self.work(delivery)

    def work(self, delivery: Delivery) -> None:
        """Store everything in *delivery*, then let the source forget it."""
        self._engine, self._shadows = self._coming
        try:
            for part in delivery.parts():
                self._take(part)
            delivery.done()
        except Exception as error:  # noqa: BLE001 - the delivery comes back
            sentence = _sentence(error)
            if self._baseline is not None:
                # What was learned and not stored must be news again when it comes back.
                self._baseline.reset()
            self._give_back(delivery, sentence)
            self._missing(delivery.where, sentence)
            self._stumble(f"{delivery.where}: {sentence}", error)
            return
        self._well()
        if delivery.where in self._missed:
            self._store.read_after_all(delivery.where)
            self._missed.discard(delivery.where)

    def _missing(self, where: str, reason: str) -> None:
        """It may never come again: until it does, it counts as not read."""
        try:
            self._store.keep_unreadable(
                self._source.name, [Unreadable(where=where, reason=reason)], self._now()
            )
        except Exception:
            log.exception("%s could not be noted as missing.", where)
            return
        if len(self._missed) < MISSED_MOST:
            self._missed.add(where)

    def _give_back(self, delivery: Delivery, reason: str) -> None:
        """A source that cannot even take it back hands it over again by itself, later."""
        try:
            delivery.failed(reason)
        except Exception:
            log.exception("%s could not be given back.", delivery.where)

    def _take(self, part: Blob | Unreadable) -> None:
        if isinstance(part, Unreadable):
            self._unreadable([part])
            return
        for judged, unread in self._batches(part):
            if unread:
                self._unreadable(unread)
            if judged:
                kept = self._store.keep(judged, self._folding, self._now())
                self._unlearn(kept.epoch)
                self._records += kept.records
                self._note_accounts(judged)
                self._last_at = self._now()
                if kept.opened or kept.changed:
                    self._outbox.wake()

    def _batches(self, blob: Blob) -> Iterator[tuple[list[Judged], list[Unreadable]]]:
        judged: list[Judged] = []
        unread: list[Unreadable] = []
        for entry in read(blob, self._limits):
            if isinstance(entry, Unreadable):
                unread.append(entry)
            else:
                record = to_record(entry)
                look = self._engine.look(entry)
                marks = self._chains.marks(look.hits, self._now()) if look.hits else ()
                unusual: tuple[Finding, ...] = ()
                evidence: Evidence | None = None
                if self._baseline is not None:
                    unusual, evidence = self._baseline.take(entry, spoken=bool(look.findings))
                judged.append(
                    Judged(
                        record=record,
                        findings=(*look.findings, *unusual),
                        shadows=self._shadowed(entry),
                        marks=marks,
                        evidence=evidence,
                    )
                )
            if len(judged) + len(unread) >= BATCH:
                yield judged, unread
                judged, unread = [], []
        yield judged, unread

    def _shadowed(self, entry: Entry) -> tuple[Finding, ...]:
        if self._shadows is None:
            return ()
        found = self._shadows.judge(entry)
        # That a rule broke is said aloud already, whatever its status.
        return tuple(finding for finding in found if finding.rule != BROKEN_RULE)

    def _unlearn(self, epoch: int) -> None:
        """Where something was forgotten in the store, memory starts from there again."""
        if self._baseline is not None and self._epoch not in (None, epoch):
            self._baseline.reset()
        self._epoch = epoch

    def _note_accounts(self, batch: list[Judged]) -> None:
        new = {one.record.account for one in batch if one.record.account} - self._accounts
        if new:
            # Another thread reads it meanwhile: it is replaced, never changed.
            room = ACCOUNTS_MOST - len(self._accounts)
            self._accounts = self._accounts.union(sorted(new)[:room])

    def _unreadable(self, items: list[Unreadable]) -> None:
        for reason, number in Counter(item.reason for item in items).items():
            first = next(item.where for item in items if item.reason == reason)
            more = f" (and {number - 1} more like it)" if number > 1 else ""
            log.warning("%s could not be read: %s%s", first, reason, more)
        self._store.keep_unreadable(self._source.name, items, self._now())

    def _came(self, delivery: Delivery) -> None:
        """Note when it came, and how long it had waited for us."""
        now = self._clock.now()
        self._delivered_at = iso(now)
        if sent := moment(delivery.sent_at):
            self._waits.note(max(0.0, (now - sent).total_seconds()), now)

    def _well(self) -> None:
        """The source works, as far as we see."""
        self._failures, self._error, self._failing_since = 0, "", ""

    def _stumble(self, what: str, error: Exception) -> None:
        """Say it, remember it for status, and wait before the next try."""
        self._error = what
        self._failing_since = self._failing_since or self._now()
        if isinstance(error, Fault):
            log.error("%s", what)
        else:
            log.error("%s", what, exc_info=error)
        self._failures += 1
        pause = min(PAUSE_MOST, 0.5 * 2.0 ** min(self._failures, 6))
        if isinstance(error, Unavailable) and error.retry_after is not None:
            pause = min(PAUSE_MOST, error.retry_after)
        self._stopping.wait(pause)

    def _now(self) -> str:
        return iso(self._clock.now())


def _sentence(error: Exception) -> str:
    if isinstance(error, Fault):
        return error.sentence
    return f"fault {uuid.uuid4().hex[:8]} ({type(error).__name__})"
