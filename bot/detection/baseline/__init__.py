"""What was usual for whom: first-seen features and rates, scored as surprise, within a budget."""

from __future__ import annotations

import threading
from collections import OrderedDict

import msgspec
from msgspec import Struct

from bot.detection.actor import actor_of
from bot.detection.baseline import words
from bot.detection.baseline.budget import Budget
from bot.detection.baseline.features import (
    Caller,
    Feature,
    caller,
    family,
    feature,
    hour_of,
    hour_of_week,
    network,
    operation_class,
    risk,
)
from bot.detection.baseline.memory import Memory, Shelf
from bot.detection.baseline.scoring import DIMENSIONS, FAINT, rate_surprisal, surprisal
from bot.detection.document import BROKEN, decode
from bot.detection.headline import is_refused
from bot.detection.record import Core, Entry, Who, build
from bot.detection.resources import instance_of
from bot.model import Finding, Level
from bot.model.evidence import Count, Evidence, Row, Touch, apply, apply_count, decayed

__all__ = ["FIRST_SEEN", "RATE", "Baseline", "Shelf", "Tuning"]

FIRST_SEEN = "baseline_first_seen"
RATE = "baseline_rate"

_CONNECT = "connect.amazonaws.com"
_MARKS = 300_000
"""Fingerprints of records that are kept; they hold an hour each, so old ones are of no use."""
_CALLERS = 50_000
_RECENT = 50_000
_FOLDS = 24 * 60
_SERVICE_SHARE = 0.3
_REFUSED_SERVICE_SHARE = 0.05

_RUNBOOK = (
    "Ask the actor, by another way than Slack, whether it was them (within the last hour).",
    "Open Details: compare sourceIPAddress and userAgent with the actor's calls of 24 hours.",
    "If it was expected, say so when you resolve it; if not, resolve it as a true positive: what"
    " was learned from it is then forgotten.",
)


class Tuning(Struct, frozen=True, kw_only=True):
    """How baselines learn and how often they may speak."""

    budget_per_day: int = 3
    warmup_days: int = 7
    half_life_days: float = 30.0
    memory_rows: int = 300_000


class Baseline:
    """Judges records by what was usual. May be shared between threads.

    *shelf* holds what does not fit in memory; None keeps everything in memory. `unseen` is for
    every record, `learn` for those that it lets through.
    """

    def __init__(self, tuning: Tuning, shelf: Shelf | None = None) -> None:
        self._tuning = tuning
        self._half_life = tuning.half_life_days * 24
        self._shelf = shelf
        self._lock = threading.Lock()
        self._memory = Memory(shelf, tuning.memory_rows)
        self._marks: dict[int, int] = {}
        self._callers: dict[tuple[Who | None, str | None], Caller] = {}
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._budget = self._restored()
        self._sent = self._budget.version

    def unseen(self, core: Core) -> bool:
        """Whether `learn` has anything to learn from a record: its first of the hour with these
        values, then the second, fourth, eighth…, which is exact enough for rates."""
        mark = hash(
            (
                core.who,
                core.source,
                core.name,
                core.error,
                core.region,
                core.address,
                core.agent,
                core.account,
                core.time[:13],
            )
        )
        count = self._marks[mark] = self._marks.get(mark, 0) + 1
        return not count & (count - 1)

    def learn(self, entry: Entry) -> tuple[Finding, ...]:
        """What is unusual about *entry*; its evidence counts from now on. Never raises for bad
        data: a record without a time or an actor teaches nothing."""
        return self.look(entry)[0]

    def look(
        self, entry: Entry, *, traced: bool = False
    ) -> tuple[tuple[Finding, ...], Evidence | None]:
        """`learn`, with the evidence that must be stored together with the record."""
        with self._lock:
            return self._look(entry, traced)

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
            if self.unseen(core) or spoken or entry.odd:
                return self._look(entry, spoken)
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
        budget = self._budget
        if not budget.begun:
            return "Baselines have seen nothing yet."
        if left := budget.warming(budget.latest, self._tuning.warmup_days):
            return f"Baselines are warming up: {left} more day(s) before they speak."
        threshold = budget.threshold(self._tuning.half_life_days)
        return (
            f"Baselines: {len(budget.spoken)} of {self._tuning.budget_per_day} alerts today, "
            f"threshold {threshold:.1f} bits."
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

    def _look(self, entry: Entry, traced: bool) -> tuple[tuple[Finding, ...], Evidence | None]:
        core = entry.core
        hour = hour_of(core.time[:13])
        who = self._caller(entry)
        if not hour or who is None:
            return (), None
        budget, tuning = self._budget, self._tuning
        budget.turn(hour, tuning.budget_per_day)
        found = self._features(entry, who, hour)
        score, new = self._score(who, found, hour)
        score *= self._share(core, who)
        touches = self._touch(who, found, hour)
        counts, burst = self._count(core, who, hour)
        burst_score = burst[0] * self._share(core, who)
        quiet = bool(budget.warming(hour, tuning.warmup_days))
        findings = []
        for rule, bits in ((FIRST_SEEN, score), (RATE, burst_score)):
            if bits <= 0:
                continue
            subject = who.scopes[0] ^ (rule == RATE)
            level = budget.judge(
                subject,
                bits,
                per_day=tuning.budget_per_day,
                half_life_days=tuning.half_life_days,
                quiet=quiet,
            )
            if level is not None:
                findings.append(self._finding(rule, level, bits, entry, who, new, burst, hour))
        evidence = self._evidence(who, found, hour, touches, counts, traced or bool(findings))
        self._memory.shrink()
        if len(self._marks) > _MARKS:
            self._marks.clear()
        return tuple(findings), evidence

    def _caller(self, entry: Entry) -> Caller | None:
        core = entry.core
        if entry.odd or core.who is None:
            return None
        known = self._callers.get((core.who, core.account))
        if known is not None:
            return known
        try:
            actor = actor_of(decode(entry.raw))
        except BROKEN:
            return None
        if not actor.principal:
            return None
        found = caller(actor, core.account or "", bool(core.who.service))
        # Connect's own calls are written down as the root user's and told apart by their address.
        if core.who.kind not in ("Root", "SAMLUser", None):
            if len(self._callers) >= _CALLERS:
                self._callers.clear()
            self._callers[core.who, core.account] = found
        return found

    def _features(self, entry: Entry, who: Caller, hour: int) -> list[Feature]:
        core = entry.core
        found = [feature("operation", f"{core.source} {core.name}")]
        if core.region:
            found.append(feature("region", core.region))
        if core.address:
            found.append(feature("network", network(core.address)))
        if core.agent:
            found.append(feature("agent", family(core.agent)))
        if core.error:
            found.append(feature("error", core.error))
        if core.source == _CONNECT and (instance := _instance(entry)):
            found.append(feature("instance", instance))
        found.append(feature("hour", hour_of_week(hour)))
        return found

    def _score(
        self, who: Caller, found: list[Feature], hour: int
    ) -> tuple[float, list[tuple[float, Feature, str]]]:
        """(bits, what is new: each with its bits and what peers do), most surprising first."""
        own = self._memory.scope(who.scopes[0])
        newcomer = not own
        unknown = []
        for one in found:
            row = own.get(one.feature)
            # Nothing fades from a whole hour to nothing within one half-life.
            if row is None or (hour - row.last > self._half_life and self._is_new(row, hour)):
                unknown.append(one)
        if not unknown:
            return 0.0, []
        group, account = (self._memory.scope(scope) for scope in who.scopes[1:])
        alone = (active := group.get(_ACTIVE.feature)) is None or active.novel < 2
        new = []
        for one in unknown:
            levels = [(account.get(one.feature), account.get(one.total))]
            if not alone or newcomer:
                # A group of one says the same thing twice.
                levels.append((group.get(one.feature), group.get(one.total)))
            levels.append((own.get(one.feature), own.get(one.total)))
            bits = surprisal(levels, hour, self._half_life) * DIMENSIONS[one.dimension]
            new.append((bits, one, words.peers_do(group.get(one.feature), hour)))
        if newcomer:
            one = feature("principal", who.actor.principal)
            bits = surprisal([(None, account.get(one.total))], hour, self._half_life)
            new.append((bits * DIMENSIONS["principal"], one, ""))
        new.sort(key=lambda each: -each[0])
        return sum(bits for bits, _, _ in new), new

    def _is_new(self, row: Row, hour: int) -> bool:
        return decayed(row.weight, hour - row.last, self._half_life) < FAINT

    def _share(self, core: Core, who: Caller) -> float:
        """How much surprise weighs for this operation by this kind of caller."""
        share = risk(core.source, core.name)
        if who.service:
            refused = bool(core.error) and is_refused(core.error or "")
            share *= _REFUSED_SERVICE_SHARE if refused else _SERVICE_SHARE
        return share

    def _touch(self, who: Caller, found: list[Feature], hour: int) -> list[Touch]:
        """Note what was seen, and return what of it was not noted in this hour before."""
        own = self._memory.scope(who.scopes[0])
        touches = []
        newcomer = not own
        for one in (*found, _ACTIVE):
            row = own.get(one.feature)
            if row is not None and row.last == hour and row.mask & 1:
                continue
            text = ""
            if self._memory.get(who.scopes[2], one.feature) is None:
                text = f"{one.dimension} {one.value}".rstrip()
            touches.append(Touch(who.scopes, one.total, one.feature, hour, text))
        if newcomer:
            one = feature("principal", who.actor.principal)
            touches.append(Touch(who.scopes[2:], one.total, one.feature, hour))
        for touch in touches:
            apply(self._memory, touch, self._half_life)
        return touches

    def _count(
        self, core: Core, who: Caller, hour: int
    ) -> tuple[list[Count], tuple[float, float, int, str]]:
        """What to count, and (bits, expected, count, class) of the hour so far."""
        kind = operation_class(core.name)
        seen = self._marks.get(_mark(core), 1)
        if seen & (seen - 1):
            return [], (0.0, 0.0, 0, kind)
        rate = feature("rate", f"{core.source} {kind}")
        count = Count(who.scopes[:2], rate.feature, hour, max(1, seen // 2))
        apply_count(self._memory, count, self._half_life)
        own = self._memory.get(who.scopes[0], rate.feature)
        if own is None or own.last != hour:
            return [count], (0.0, 0.0, 0, kind)
        bits, mean = rate_surprisal(own, None, own.mask)
        return [count], (bits, mean, own.mask, kind)

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
        names: tuple[tuple[int, str], ...] = ()
        if any(touch.feature == _ACTIVE.feature for touch in touches):
            names = (
                (who.scopes[0], f"principal {who.account} {who.actor.principal}"),
                (who.scopes[1], f"group {who.account} {who.group}"),
                (who.scopes[2], f"account {who.account}"),
            )
        traces: tuple[Touch, ...] = ()
        if traced:
            traces = tuple(Touch(who.scopes, one.total, one.feature, hour) for one in found)
        return Evidence(
            half_life=self._half_life,
            touches=tuple(touches),
            counts=tuple(counts),
            traces=traces,
            names=names,
            state=state,
            version=self._sent,
        )

    def _finding(
        self,
        rule: str,
        level: Level,
        bits: float,
        entry: Entry,
        who: Caller,
        new: list[tuple[float, Feature, str]],
        burst: tuple[float, float, int, str],
        hour: int,
    ) -> Finding:
        core = entry.core
        active = self._memory.get(who.scopes[0], _ACTIVE.feature) or Row()
        if rule == RATE:
            why = words.rate(who, burst[3], core.source, burst[2], burst[1], active)
            headline = f"{who.actor.name}: unusually many {burst[3]} calls to {core.source}"
        else:
            told = [(one.dimension, one.value, peers) for share, one, peers in new if share >= 1]
            why = words.first_seen(who, told, active, core.name, hour)
            headline = f"{who.actor.name}: {core.name} is unusual for them"
        mutating = operation_class(core.name) != "read"
        return Finding(
            rule=rule,
            level=level if mutating else Level.MEDIUM,
            headline=headline,
            why=f"{why} ({bits:.0f} bits of surprise)",
            record=build(entry, decode(entry.raw)),
            fold=(who.actor.principal, who.account),
            runbook=_RUNBOOK,
            fold_minutes=_FOLDS,
        )


_ACTIVE = feature("active", "")


def _mark(core: Core) -> int:
    """The fingerprint of `Baseline.unseen`, which has its own copy: a call costs too much there."""
    return hash(
        (
            core.who,
            core.source,
            core.name,
            core.error,
            core.region,
            core.address,
            core.agent,
            core.account,
            core.time[:13],
        )
    )


def _instance(entry: Entry) -> str:
    try:
        return instance_of(decode(entry.raw), bytes(entry.raw))
    except BROKEN:
        return ""
