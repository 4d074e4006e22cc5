"""What the rules find of labelled records, and how much they say of the harmless ones."""

from __future__ import annotations

import gzip
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct

from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read
from bot.detection.rule import RuleSet
from bot.errors import BadInput
from bot.model import Alert, Finding, Level
from bot.ports import Blob
from bot.settings.tables import RulesSettings
from bot.triage import Triage

ATTACK = "attack"
UNLABELLED = "unlabelled"
_LEAST = Level.MEDIUM
"""A finding below this level is noted, and wakes nobody: it counts for no technique."""

_NAMES = ("technique", "stratus_technique", "mitre")
"""Where a line of labels names its technique, the finest first."""

_LATE = "9999-12-31T00:00:00.000Z"

Judge = Callable[[Entry], Iterable[Finding]]
"""What is said of one record; records come in the order of their file. Correlations belong behind
this: one that keeps its marks may give findings about what came before, with this record."""


def judge_of(rules: RuleSet) -> Judge:
    """By *rules* and their correlations, whose marks stay in memory."""
    engine, chains = Engine(rules), ChainWindow(Chains(rules))

    def judge(entry: Entry) -> Iterator[Finding]:
        look = engine.look(entry)
        yield from look.findings
        if look.hits:
            yield from chains.judge(look.hits, _LATE)

    return judge


class Label(Struct, frozen=True):
    """What a record is. *line* counts from 1; *techniques* are those it is a step of."""

    line: int
    label: str
    techniques: tuple[str, ...] = ()


@dataclass
class Folds:
    """Alerts of findings, folded by the rules that the running bot folds by."""

    window: timedelta
    alerts: dict[str, Alert] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _keyed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self._triage = Triage(window=self.window, channel_of=lambda finding: "")

    def add(self, finding: Finding) -> bool:
        """Fold *finding* in. False where it is known already, which changes nothing: a correlation
        says the same again with each record that adds to it, and a trail may deliver one twice."""
        if finding.id in self._seen:
            return False
        self._seen.add(finding.id)
        ids = {one for key in self._triage.keys(finding) if key for one in self._keyed[key]}
        near = sorted((self.alerts[one] for one in ids), key=lambda alert: alert.id)
        near.sort(key=lambda alert: alert.anchor, reverse=True)
        new_id = partial(str, f"A-{len(self._seen):09}")
        alert = self._triage.fold(finding, near, new_id, _LATE).alert
        self.alerts[alert.id] = alert
        for key in {alert.fold_key, alert.target_key} - {""}:
            if alert.id not in self._keyed[key]:
                self._keyed[key].append(alert.id)
        return True

    def of_note(self) -> list[Alert]:
        """The alerts of level medium or more."""
        return [alert for alert in self.alerts.values() if _counts(alert.level)]


@dataclass
class _Group:
    """The records of one label."""

    folds: Folds
    records: int = 0
    findings: int = 0
    rules: Counter[str] = field(default_factory=Counter)

    def add(self, found: Sequence[Finding]) -> None:
        self.records += 1
        for finding in found:
            if self.folds.add(finding):
                self.findings += 1
                self.rules[finding.rule] += 1

    def figures(self) -> dict[str, object]:
        noted, total = len(self.folds.of_note()), len(self.folds.alerts)
        return {
            "records": self.records,
            "findings": self.findings,
            "alerts": total,
            "alerts_medium": noted,
            "findings_per_1000": _per_1000(self.findings, self.records),
            "alerts_per_1000": _per_1000(total, self.records),
            "alerts_medium_per_1000": _per_1000(noted, self.records),
            "rules": dict(self.rules.most_common()),
        }


def measure(path: Path, labels: Path, judge: Judge, window: timedelta | None = None) -> Result:
    """What *judge* says of the records in *path*, one a line, told apart by *labels*.

    *window* is that of folding, and the settings' own where none is given. Raises BadInput where a
    file cannot be read.
    """
    span = timedelta(minutes=RulesSettings().fold_minutes) if window is None else window
    known = _labels(labels)
    groups: dict[str, _Group] = defaultdict(lambda: _Group(Folds(span)))
    whole = _Group(Folds(span))
    techniques = {name: Counter[str]() for one in known.values() for name in one.techniques}
    unreadable = 0
    for number, line in enumerate(_lines(path), 1):
        for entry in read(Blob(where=f"{path.name}:{number}", body=line), Limits()):
            if not isinstance(entry, Entry):
                unreadable += 1
                continue
            found = tuple(judge(entry))
            label = known.get(number, Label(number, UNLABELLED))
            whole.add(found)
            groups[label.label].add(found)
            for name in label.techniques:
                techniques[name].update(one.rule for one in found if _counts(one.level))
    return Result(
        records=whole.records,
        unreadable=unreadable,
        techniques={name: sorted(rules) for name, rules in sorted(techniques.items())},
        all=whole.figures(),
        labels={name: group.figures() for name, group in sorted(groups.items())},
    )


class Result(Struct, frozen=True):
    """*techniques*: technique → rules of level medium or more that found a step of it; *all* and
    *labels* are figures of every record, and of those of each label."""

    records: int
    unreadable: int
    techniques: dict[str, list[str]]
    all: dict[str, object]
    labels: dict[str, dict[str, object]]

    @property
    def missed(self) -> list[str]:
        """The techniques of which nothing was found."""
        return [name for name, rules in self.techniques.items() if not rules]

    def as_tree(self) -> dict[str, object]:
        """The result for programs."""
        tree: dict[str, object] = msgspec.to_builtins(self)
        found = len(self.techniques) - len(self.missed)
        return tree | {"found": found, "of": len(self.techniques), "missed": self.missed}

    def as_text(self) -> str:
        """The result for people."""
        found = len(self.techniques) - len(self.missed)
        lines = [f"{self.records:,} records, {self.unreadable:,} unreadable"]
        lines.append(f"techniques found at medium or above: {found} of {len(self.techniques)}")
        for name, rules in self.techniques.items():
            lines.append(f"  {name}: {', '.join(rules) or 'MISSED'}")
        for name, figures in {"all": self.all, **self.labels}.items():
            lines.append(
                f"{name}: {figures['records']} records, {figures['findings']} findings "
                f"({figures['findings_per_1000']} per 1,000), {figures['alerts']} alerts "
                f"({figures['alerts_per_1000']}), {figures['alerts_medium']} of medium or above "
                f"({figures['alerts_medium_per_1000']})"
            )
            spoke = figures["rules"]
            assert isinstance(spoke, Mapping)
            lines += [f"  {rule}: {count}" for rule, count in spoke.items()]
        return "\n".join(lines)


def _labels(path: Path) -> dict[int, Label]:
    found = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            row = msgspec.json.decode(line, type=dict[str, object])
            one = Label(
                line=msgspec.convert(row["line"], int),
                label=msgspec.convert(row["label"], str),
                techniques=_techniques(row),
            )
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise BadInput(
                f"{path}:{number} is no label: it needs a line (from 1) and a label.",
                where="--labels",
            ) from error
        found[one.line] = one
    return found


def _techniques(row: Mapping[str, object]) -> tuple[str, ...]:
    """Techniques of an attack's line; a line of any other label has none."""
    if row["label"] != ATTACK:
        return ()
    named = next((row[name] for name in _NAMES if row.get(name)), None)
    values = named if isinstance(named, list) else [named]
    return tuple(str(value) for value in values if value)


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of *path* that hold something, unzipped where it is zipped."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if zipped else path.open("rb") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path} cannot be read: {error}", where="PATH") from error


def _counts(level: Level) -> bool:
    return level.rank >= _LEAST.rank


def _per_1000(count: int, records: int) -> float:
    return round(1000 * count / records, 2) if records else 0.0
