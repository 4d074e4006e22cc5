"""Records are judged: an index picks the rules that can match, and those look closely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from bot.detection.document import BROKEN, Document, decode
from bot.detection.echo import echoes, mark_of
from bot.detection.headline import fold_values, headline, is_refused
from bot.detection.index import REMEMBERED, Few, Index, Split
from bot.detection.record import Core, Entry, Run, to_record
from bot.detection.rule import BROKEN_RULE, Rule, RuleSet
from bot.detection.whole import Whole
from bot.model import Finding, Level, Record

_BROKEN_FOLDS = 31 * 24 * 60
"""Minutes in which a broken rule stays one alert: it breaks until somebody mends it, and while its
alert is open there is nothing more to say."""


class Hit(Struct, frozen=True):
    """A rule that correlations watch matched this record."""

    rule: str
    whole: Whole

    @property
    def record(self) -> Record:
        """The record."""
        return self.whole.record

    @property
    def document(self) -> Document:
        """The record decoded in full."""
        return self.whole.document


class Look(Struct, frozen=True):
    """What one look at a record gave."""

    findings: tuple[Finding, ...] = ()
    hits: tuple[Hit, ...] = ()


_NOTHING = Look()


class Watcher(Protocol):
    """Learns from records what is usual, and speaks of what is not."""

    def unseen(self, core: Core) -> int:
        """How often a record like this came, where that is worth to learn, else 0."""
        ...

    def fresh(self, cores: Sequence[Core]) -> Sequence[tuple[int, int]]:
        """(place, `unseen`) of those of *cores* that are worth it. Asked of every record, so it
        must be quick."""
        ...

    def learn(self, whole: Whole, seen: int) -> tuple[Finding, ...]:
        """Learn from a record that has something new, and say so where that matters."""
        ...


class Engine:
    """Judges records by rules. *instances* maps a Connect instance's id to its name for people.

    A *watcher* is told of every record too. Not to be shared between threads: it keeps an index
    and counts.
    """

    def __init__(
        self,
        rules: RuleSet,
        instances: Mapping[str, str] | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.ruleset = rules
        self._rules = rules.rules
        self._index = Index(rules.rules, echoes(rules.rules, rules.correlations))
        self._echoes: set[int] = set()
        self._instances = dict(instances or {})
        self._shadow: Counter[str] = Counter()
        self._watcher = watcher

    def watch(self, watcher: Watcher | None) -> None:
        """From now on, tell *watcher* of every record; None: nobody."""
        self._watcher = watcher

    def forget(self) -> None:
        """Somebody else keeps the marks from now on: nothing is an echo of what was."""
        self._echoes.clear()

    @property
    def shadow_counts(self) -> Mapping[str, int]:
        """How often each shadow rule would have spoken."""
        return dict(self._shadow)

    @property
    def rules(self) -> int:
        """How many rules judge."""
        return len(self._rules)

    def candidates(self, entry: Entry) -> tuple[Rule, ...]:
        """The rules worth asking about *entry*; all of them where its shape is unusual."""
        if entry.odd:
            return self._rules
        few = self._index.candidates(entry.core)
        if few is None:
            return ()
        split = self._index.split(few, entry.core)
        return (*split.certain, *split.over(bytes(entry.raw)))

    def judge(self, entry: Entry) -> tuple[Finding, ...]:
        """What the rules say of *entry* aloud."""
        return self.look(entry).findings

    def look(self, entry: Entry) -> Look:
        """What the rules say of *entry*, and the matches that correlations want to know of.

        A rule that raises is itself a finding.
        """
        if entry.odd:
            look = self._asked(entry, self._rules, ())
        else:
            few = self._index.candidates(entry.core)
            look = (
                _NOTHING if few is None else self._ruled(entry, self._index.split(few, entry.core))
            )
        watcher = self._watcher
        if watcher is None:
            return look
        seen = watcher.unseen(entry.core)
        if not (seen or entry.odd):
            return look
        learned = watcher.learn(Whole.of(entry), seen)
        return Look(look.findings + learned, look.hits) if learned else look

    def sweep(self, run: Run) -> Iterator[Look]:
        """`look` for each record of *run*, in order, but only where there is something to tell.

        Matches that tell correlations nothing new are left out too: for those who keep all marks.
        """
        hot = self._index.hot(run.cores)
        watcher = self._watcher
        if watcher is not None:
            yield from self._watched(run, watcher, dict(hot))
            return
        for place, few in hot:
            look = self._heard(run, place, few)
            if look is not _NOTHING:
                yield look

    def _watched(self, run: Run, watcher: Watcher, hot: Mapping[int, Few]) -> Iterator[Look]:
        fresh = dict(watcher.fresh(run.cores))
        for place in sorted(hot.keys() | fresh.keys()):
            learned: tuple[Finding, ...] = ()
            if place in fresh:
                learned = watcher.learn(_whole(run, place), fresh[place])
            look = self._heard(run, place, hot[place]) if place in hot else _NOTHING
            if learned:
                look = Look(look.findings + learned, look.hits)
            if look is not _NOTHING:
                yield look

    def _heard(self, run: Run, place: int, few: Few) -> Look:
        """What the rules say of the record at *place*; nothing where it is an echo."""
        core = run.cores[place]
        mark = 0
        if few.echo:
            mark = mark_of(core, few.number, few.echo)
            if mark in self._echoes:
                return _NOTHING
        split = self._index.split(few, core)
        if split.rest is not None and split.echo and not few.echo:
            mark = mark_of(core, split.number, split.echo)
            if mark in self._echoes:
                return self._told(run, place, split.rest)
        look = self._told(run, place, split)
        # A rule that did not match this time may match the next.
        if mark and look.hits and split.repeated.issubset([hit.rule for hit in look.hits]):
            if len(self._echoes) >= REMEMBERED:
                self._echoes.clear()
            self._echoes.add(mark)
        return look

    def _told(self, run: Run, place: int, split: Split) -> Look:
        if split.asked:
            return self._ruled(run.entry(place), split)
        if split.certain:
            return self._certain(_whole(run, place), split.certain)
        return _NOTHING

    def _ruled(self, entry: Entry, split: Split) -> Look:
        if split.asked and (asked := split.over(bytes(entry.raw))):
            return self._asked(entry, asked, split.certain)
        if split.certain:
            return self._certain(Whole.of(entry), split.certain)
        return _NOTHING

    def _certain(self, whole: Whole, rules: Sequence[Rule]) -> Look:
        self._count(rules)
        return Look((), tuple([Hit(rule.name, whole) for rule in rules if rule.watched]))

    def _asked(self, entry: Entry, asked: Sequence[Rule], certain: Sequence[Rule]) -> Look:
        """What *asked* say of the whole record, of which *certain* match anyway."""
        try:
            document = decode(entry.raw)
        except BROKEN as error:
            return Look((broken(_names([*asked, *certain]), to_record(entry), error),))
        matched = list(certain)
        raised: list[Rule] = []
        fault: Exception | None = None
        for rule in asked:
            try:
                if rule.matches(document):
                    matched.append(rule)
            except Exception as error:  # noqa: BLE001 - shown as a finding of its own
                raised.append(rule)
                fault = error
        if not matched and fault is None:
            return _NOTHING
        whole = Whole.of(entry, document)
        findings = [
            self._finding(rule, whole.record)
            for rule in matched
            if not (rule.shadow or rule.silent)
        ]
        self._count(matched)
        if fault is not None:
            findings.append(broken(_names(raised), whole.record, fault))
        hits = tuple(Hit(rule.name, whole) for rule in matched if rule.watched)
        return Look(tuple(findings), hits)

    def _count(self, matched: Sequence[Rule]) -> None:
        for rule in matched:
            if rule.shadow:
                self._shadow[rule.name] += 1

    def _finding(self, rule: Rule, record: Record) -> Finding:
        return Finding(
            rule=rule.name,
            level=rule.level.milder if is_refused(record.error_code) else rule.level,
            headline=headline(rule.headline, record, self._instances),
            why=rule.description,
            record=record,
            fold=fold_values(rule.fold_by, record),
            runbook=rule.runbook,
            tags=rule.tags,
            fold_minutes=rule.fold_minutes or 0,
        )


def _whole(run: Run, place: int) -> Whole:
    return Whole(run.cores[place], lambda: run.entry(place))


def _names(rules: Sequence[Rule]) -> list[str]:
    return [rule.name for rule in rules]


def broken(rules: Sequence[str], record: Record, error: Exception) -> Finding:
    """The rules of these names could not judge a record. Says how, never what the record held.

    One finding for all of them: a finding's id is its rule and record, so two would be one.
    """
    names = ", ".join(rules)
    rule_or_rules = "rule" if len(rules) == 1 else "rules"
    return Finding(
        rule=BROKEN_RULE,
        level=Level.HIGH,
        headline=f"The {rule_or_rules} {names} broke on a record",
        why=(
            f"{names} ended with {type(error).__name__} instead of an answer. "
            "What should be found may go unseen until that is mended."
        ),
        record=record,
        fold=(names,),
        runbook=(
            f"Run `callwarden rules test {rules[0]}` and mend the {rule_or_rules} today.",
            f"Look at record {record.id} by hand now.",
        ),
        fold_minutes=_BROKEN_FOLDS,
    )
