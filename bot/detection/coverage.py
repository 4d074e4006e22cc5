"""Which techniques and which calls of Amazon Connect the rules look at, and why not the others."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, convert

from bot.detection.attack import Technique, techniques, techniques_of
from bot.detection.rule import Correlation, Rule, RuleSet

SOURCE = "connect.amazonaws.com"
REVIEWED = Path(__file__).parents[1] / "rules" / "calls.toml"

_READING = (
    *("Get", "List", "Describe", "Search", "BatchGet", "BatchDescribe", "Evaluate", "Preview"),
    *("Lookup", "Head", "Query", "Scan", "Select"),
)
"""How the names of calls that only read begin; EvaluateDataTableValues looks values up."""

_NO_SUCH = "NoSuchCall"


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Calls that no rule looks at, for one reason."""

    reason: str
    operations: tuple[str, ...]


class Calls(Struct, frozen=True, forbid_unknown_fields=True):
    """`calls.toml`: Connect's *operations* that change something, as the botocore of the version
    *reviewed* knows them, and groups of those that no rule looks at."""

    reviewed: str
    operations: tuple[str, ...]
    group: tuple[Group, ...]

    def of(self, operation: str) -> str:
        """Why no rule looks at *operation*; "" where nobody has said."""
        return next((one.reason for one in self.group if operation in one.operations), "")


class Technical(Struct, frozen=True):
    """A technique, and the names of the rules that look for it."""

    technique: Technique
    rules: tuple[str, ...]


class Call(Struct, frozen=True):
    """A call of Connect that changes something, the rules that look at it, or why none does."""

    name: str
    rules: tuple[str, ...]
    reason: str = ""


class Coverage(Struct, frozen=True):
    """*calls* are of Connect's model; *other_calls* are those that rules name and no model has.

    *everywhere* are rules about any call of Connect. *unexplained* have neither rule nor reason,
    *outlived* have a reason and a rule.
    """

    techniques: tuple[Technical, ...]
    calls: tuple[Call, ...]
    everywhere: tuple[str, ...]
    unexplained: tuple[str, ...]
    outlived: tuple[str, ...]

    @property
    def covered(self) -> int:
        """Calls that a rule of their own looks at."""
        return sum(bool(call.rules) for call in self.calls)


class Blind(Struct, frozen=True):
    """A rule that a feed may show nothing to. *why* is a sentence."""

    rule: str
    needs: tuple[str, ...]
    why: str


def reviewed(file: Path = REVIEWED) -> Calls:
    """What `calls.toml` says."""
    return convert(tomllib.loads(file.read_text("utf-8")), Calls)


def changing(operations: Iterable[str]) -> list[str]:
    """Those of *operations* that change something, by their names, sorted."""
    return sorted(name for name in operations if not reads(name))


def reads(name: str) -> bool:
    """Whether a call of this *name* only reads, as far as a name tells."""
    return name.startswith(_READING)


def is_data(record: Mapping[str, object]) -> bool:
    """Whether *record* is a data event, which a trail carries only where it is told to."""
    return record.get("eventCategory") == "Data" or record.get("managementEvent") in (
        False,
        "false",
    )


def only_reads(record: Mapping[str, object]) -> bool:
    """Whether *record* is of a call that only reads, as CloudTrail itself says."""
    return record.get("readOnly") in (True, "true")


def coverage(found: RuleSet, operations: Iterable[str], why: Calls) -> Coverage:
    """What the rules look at, of *operations* (names of Connect's API) and of ATT&CK.

    Correlations count for their techniques. A call has a rule only where one speaks of it alone.
    """
    rules = tuple(found)
    everywhere = [rule.name for rule in rules if rule.may_see(SOURCE, _NO_SUCH)]
    named = [rule for rule in rules if rule.name not in everywhere]
    calls = []
    for name in changing(operations):
        seeing = tuple(rule.name for rule in named if rule.may_see(SOURCE, name))
        calls.append(Call(name, seeing, "" if seeing else why.of(name)))
    explained = {name for group in why.group for name in group.operations}
    return Coverage(
        techniques=tuple(_by_technique([*rules, *found.correlations])),
        calls=tuple(calls),
        everywhere=tuple(everywhere),
        unexplained=tuple(call.name for call in calls if not call.rules and not call.reason),
        outlived=tuple(call.name for call in calls if call.rules and call.name in explained),
    )


def _by_technique(rules: Sequence[Rule | Correlation]) -> list[Technical]:
    found: dict[str, list[str]] = {}
    for rule in rules:
        for name in techniques_of(rule.tags):
            found.setdefault(name, []).append(rule.name)
    unknown = Technique("", "not in the table", ())
    return [
        Technical(
            techniques().get(name) or Technique(name, unknown.name, unknown.tactics), tuple(names)
        )
        for name, names in sorted(found.items())
    ]


def blind(found: RuleSet, seen: Iterable[tuple[str, str]]) -> list[Blind]:
    """The rules and correlations that need more than management events that write, and of which the
    records kept prove nothing. *seen* are (eventSource, eventName) of every kind of record that
    ever came."""
    pairs = list(seen)
    has_reads = any(reads(name) for _, name in pairs)
    dark = []
    every: list[Rule | Correlation] = [*found, *found.correlations]
    for one in every:
        looking = [one] if isinstance(one, Rule) else _needing(one, found.rules)
        if not one.needs or any(rule.may_see(*pair) for rule in looking for pair in pairs):
            continue
        if one.needs == ("read_events",) and has_reads:
            continue
        dark.append(Blind(one.name, one.needs, _why(one.needs, has_reads=has_reads)))
    return dark


def _needing(chain: Correlation, rules: Iterable[Rule]) -> list[Rule]:
    """The base rules of *chain* that look at what it needs, by the records of its own tests."""
    calls = {
        (str(record.get("eventSource")), str(record.get("eventName")))
        for test in chain.tests
        if test.match
        for record in test.records
        if is_data(record) or only_reads(record)
    }
    base = [rule for rule in rules if rule.name in chain.rules]
    return [rule for rule in base if any(rule.may_see(*call) for call in calls)]


def _why(needs: Sequence[str], *, has_reads: bool) -> str:
    said: Mapping[str, str] = {
        "data_events": "none of the data events that it looks at has come yet",
        "read_events": "no call that only reads has come yet",
    }
    missing = [said[need] for need in needs if need != "read_events" or not has_reads]
    return f"Not proven: {', and '.join(missing)}."
