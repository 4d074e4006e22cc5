"""What was usual for whom: first-seen features and rates, scored as surprise, within a budget."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from bot.detection.baseline import finding, learning, surprise
from bot.detection.baseline.budget import Budget
from bot.detection.baseline.features import ACTIVE, Caller, Feature, hour_of
from bot.detection.baseline.finding import FIRST_SEEN, RATE
from bot.detection.baseline.memory import Memory, Shelf
from bot.detection.baseline.reading import CONNECT, caller_of, features_of
from bot.detection.baseline.surprise import New
from bot.detection.baseline.words import Known
from bot.detection.origin import OriginOf, nowhere
from bot.detection.record import Core, Entry
from bot.detection.whole import Whole
from bot.model import Finding, Level, counted
from bot.model.evidence import Count, Evidence, Row, Touch

__all__ = ["FIRST_SEEN", "RATE", "Baseline", "Shelf", "Tuning"]

_MARKS = 300_000
"""Fingerprints of records that are kept; they hold an hour each, so old ones are of no use."""
_CALLERS = 50_000
_RECENT = 50_000


class Tuning(Struct, frozen=True, kw_only=True):
    """How baselines learn and how often they may speak."""

    budget_per_day: int = 3
    warmup_days: int = 7
    half_life_days: float = 30.0
    memory_rows: int = 300_000


class Baseline:
    """Judges records by what was usual. May be shared between threads.

    *shelf* holds what does not fit in memory; None keeps everything in memory. *origin_of* tells
    whose an address is, and where. Records from after *now* teach nothing; None lets all of them
    pass. `unseen` is for every record, `learn` for those that it lets through.
    """

    def __init__(
        self,
        tuning: Tuning,
        shelf: Shelf | None = None,
        origin_of: OriginOf = nowhere,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._tuning = tuning
        self._now = now
        self._origin_of = origin_of
        self._half_life = tuning.half_life_days * 24
        self._shelf = shelf
        self._lock = threading.Lock()
        self._memory = Memory(shelf, tuning.memory_rows)
        self._marks: dict[int, int] = {}
        self._callers: dict[tuple[object, ...], Caller] = {}
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._budget = self._restored()
        self._sent = self._budget.version

    def unseen(self, core: Core) -> int:
        """How often this came in its hour where that is worth to `learn`, else 0."""
        mark = _mark(core)
        seen = self._marks[mark] = self._marks.get(mark, 0) + 1
        return 0 if seen & (seen - 1) else seen

    def fresh(self, cores: Sequence[Core]) -> list[tuple[int, int]]:
        """Those of *cores* of which there is something to `learn`, as (place, how often it came):
        the first of the hour with these values, then the second, fourth, eighth…, which is exact
        enough for rates."""
        found = []
        marks = self._marks
        known = marks.get
        for place, mark in enumerate(map(_mark, cores)):
            seen = marks[mark] = known(mark, 0) + 1
            if not seen & (seen - 1):
                found.append((place, seen))
        return found

    def learn(self, one: Entry | Whole, seen: int = 1) -> tuple[Finding, ...]:
        """What is unusual about *one*, the *seen*-th of its kind; its evidence counts from now on.
        Never raises for bad data: a record without a time or an actor teaches nothing."""
        with self._lock:
            return self._look(_whole(one), seen, traced=False, kept=False)[0]

    def look(
        self, one: Entry | Whole, seen: int = 1, *, traced: bool = False
    ) -> tuple[tuple[Finding, ...], Evidence | None]:
        """`learn`, with the evidence that must be stored together with the record."""
        with self._lock:
            return self._look(_whole(one), seen, traced=traced)

    def take(self, entry: Entry, spoken: bool) -> tuple[tuple[Finding, ...], Evidence | None]:
        """For a stream in which records may come twice: what `look` says of *entry*, nothing
        where it is known. *spoken* says that rules found something: it is then traced."""
        core = entry.core
        with self._lock:
            if core.id in self._recent:
                return (), None
            self._recent[core.id] = None
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
            seen = self.unseen(core)
            if seen or spoken or entry.odd:
                return self._look(Whole.of(entry), seen, traced=spoken)
            return (), None

    def reset(self) -> None:
        """Go back to what is stored: something in memory was not, or was forgotten there."""
        with self._lock:
            if self._shelf is None:
                return
            self._memory.clear()
            self._marks.clear()
            self._recent.clear()
            self._budget = self._restored()
            self._sent = self._budget.version

    @property
    def status(self) -> str:
        """One sentence on how it is doing, for status."""
        tuning = self._tuning
        with self._lock:
            budget = self._budget
            left = budget.warming(budget.latest, tuning.warmup_days)
            threshold = budget.threshold(tuning.half_life_days)
            begun, spoken, held = budget.begun, len(budget.spoken), len(budget.held)
        if not begun:
            return "Baselines have seen nothing yet."
        if left:
            return f"Baselines are warming up: {counted(left, 'more day')} before they speak."
        more = f"; {held:,} more {'was' if held == 1 else 'were'} held back" if held else ""
        return (
            f"Baselines: {spoken} of {counted(tuning.budget_per_day, 'alert')} today, "
            f"for surprise of {threshold:.0f} bits or more{more}."
        )

    @property
    def rows(self) -> int:
        """Rows in memory."""
        return self._memory.rows

    @property
    def asked(self) -> int:
        """How often a scope was not in memory."""
        return self._memory.asked

    def _restored(self) -> Budget:
        stored = self._shelf.baseline_state() if self._shelf is not None else b""
        return msgspec.json.decode(stored, type=Budget) if stored else Budget()

    def _look(
        self, whole: Whole, seen: int, *, traced: bool, kept: bool = True
    ) -> tuple[tuple[Finding, ...], Evidence | None]:
        """*seen* 0: its kind was told of already, and later ones of it will count it."""
        core, half_life, memory = whole.core, self._half_life, self._memory
        hour = hour_of(core.time[:13])
        who = self._caller(whole)
        if not hour or who is None or self._is_ahead(hour):
            return (), None
        self._budget.turn(hour, self._tuning.budget_per_day)
        found: list[Feature] = []
        touches: list[Touch] = []
        new: list[New] = []
        score = 0.0
        # Of the second of a kind in an hour all is known but for what its kind does not tell.
        told = core.source != CONNECT and core.who is not None and core.who.tells_actor
        if seen < 2 or traced or not told:
            found = features_of(whole, hour, self._origin_of)
            said = not self._budget.warming(hour, self._tuning.warmup_days)
            score, new = surprise.score(memory, who, found, hour, half_life, said)
            touches = learning.touch(memory, who, found, hour, half_life)
        counts, burst = learning.count(memory, core, who, hour, seen, half_life)
        findings = []
        if score or burst.bits:
            share = surprise.share(core, who)
            active = memory.get(who.scopes[0], ACTIVE.feature) or Row()
            if level := self._level(who.scopes[0], bits := score * share, hour):
                known = Known(hour, active, self._peers(who), self._origin_of(core.address or ""))
                findings.append(finding.first_seen(whole, level, bits, who, new, known))
            if level := self._level(who.scopes[0] ^ 1, bits := burst.bits * share, hour):
                findings.append(finding.rate(whole, level, bits, who, burst))
        evidence = None
        if kept:
            traced = traced or bool(findings)
            evidence = self._evidence(who, found, hour, touches, counts, traced)
        memory.shrink()
        if len(self._marks) > _MARKS:
            self._marks.clear()
        return tuple(findings), evidence

    def _is_ahead(self, hour: int) -> bool:
        """Days would end before they came, and what is made up for one would use up its budget."""
        return self._now is not None and hour > self._now().timestamp() // 3600 + 1

    def _peers(self, who: Caller) -> int:
        """How many others were ever seen in the group of *who*, who was counted already."""
        everybody = self._memory.get(who.scopes[1], ACTIVE.feature)
        return max(0, round(everybody.novel) - 1) if everybody else 0

    def _level(self, subject: int, bits: float, hour: int) -> Level | None:
        """How loudly to say it, None where not at all."""
        if bits <= 0:
            return None
        return self._budget.judge(
            subject,
            bits,
            per_day=self._tuning.budget_per_day,
            half_life_days=self._tuning.half_life_days,
            quiet=bool(self._budget.warming(hour, self._tuning.warmup_days)),
        )

    def _caller(self, whole: Whole) -> Caller | None:
        core = whole.core
        if whole.odd or core.who is None:
            return None
        key = (core.who.caller, core.account)
        known = self._callers.get(key)
        if known is not None:
            return known
        found = caller_of(whole)
        if found is not None and core.who.tells_actor:
            if len(self._callers) >= _CALLERS:
                self._callers.clear()
            self._callers[key] = found
        return found

    def _evidence(
        self,
        who: Caller,
        found: list[Feature],
        hour: int,
        touches: list[Touch],
        counts: list[Count],
        traced: bool,
    ) -> Evidence | None:
        state = b""
        if self._budget.version != self._sent:
            self._sent = self._budget.version
            state = msgspec.json.encode(self._budget)
        if not (touches or counts or traced or state):
            return None
        traces: tuple[Touch, ...] = ()
        if traced:
            traces = tuple(Touch(who.scopes, one.total, one.feature, hour) for one in found)
        return Evidence(
            half_life=self._half_life,
            touches=tuple(touches),
            counts=tuple(counts),
            traces=traces,
            names=learning.named(who, touches),
            state=state,
            version=self._sent,
        )


def _whole(one: Entry | Whole) -> Whole:
    return one if isinstance(one, Whole) else Whole.of(one)


def _mark(core: Core) -> int:
    """The same for records of an hour that differ in nothing that is asked of `Core`."""
    who = core.who
    return hash(
        (
            core.time[:13],
            # Not their keys: a busy role has many sessions in an hour.
            who and (who.arn or who.owner or who),
            who and who.service,
            core.name,
            core.source,
            core.error,
            core.region,
            core.address,
            core.agent,
            core.account,
        )
    )
