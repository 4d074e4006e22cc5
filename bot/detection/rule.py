"""What a rule is once it is loaded: facts above, one predicate below."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from bot.detection.document import Document
from bot.errors import BadInput
from bot.model import LeftOut, Level

BROKEN_RULE = "rule_broken"
"""The name under which a rule that raised is alerted about; no file may take it."""

Known: TypeAlias = Mapping[str, Sequence[object]]
"""Dotted field → all its values in a record, () where it is not there. Others may be anything."""


class RuleTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record that stands in a rule's file, and whether the rule must match it."""

    name: str
    match: bool
    record: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One detection.

    *matches* judges a decoded record. *guess* judges all records of which something is known: True
    and False where every one of them does or does not match, None where that depends on more; the
    index is built from it. *shadow* rules are counted and never heard of. *own* rules come with the
    program. While an alert of a rule is open, those of the rules that it *stands_for* make no card.
    A *watched* rule's matches are kept for correlations; a *silent* one speaks through these only.
    *needs* names what a feed must carry beyond management events that write: `data_events`,
    `read_events`.
    """

    name: str
    id: str
    title: str
    status: str
    level: Level
    description: str
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    headline: str
    fold_by: tuple[str, ...]
    runbook: tuple[str, ...]
    fold_minutes: int | None
    stands_for: tuple[str, ...]
    tests: tuple[RuleTest, ...]
    file: Path
    own: bool
    matches: Callable[[Document], bool] = field(repr=False)
    guess: Callable[[Known], bool | None] = field(repr=False)
    reads: frozenset[str] | None = None
    """The fields that *guess* asks for; None where that is not known."""
    needs: tuple[str, ...] = ()
    watched: bool = False
    silent: bool = False
    overridden: bool = False
    """Its status comes from the settings."""

    def may_match(self, known: Known) -> bool:
        """Whether any record of which *known* is true can match."""
        return self.guess(known) is not False

    def may_see(self, source: str, name: str) -> bool:
        """Whether any record of this eventSource and eventName can match."""
        return self.may_match({"eventSource": (source,), "eventName": (name,)})

    @cached_property
    def shadow(self) -> bool:
        """Recorded and counted, never posted. Of others' rules Sigma's `experimental` means that
        only where the settings say it."""
        return (self.own or self.overridden) and self.status in ("experimental", "shadow")


class Kind(StrEnum):
    """How a correlation puts matches together, in Sigma's words."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"

    @property
    def counts(self) -> bool:
        """Its base rules are counted together; else each of them is a step."""
        return self in (Kind.EVENT_COUNT, Kind.VALUE_COUNT)


class ChainTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Records that stand in a correlation's file, and whether they must make it speak."""

    name: str
    match: bool
    records: tuple[dict[str, object], ...]


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Matches of base *rules* that mean more together, where their *group_by* values are the same.

    Within *timespan* (seconds): as many as *at_least* records (event_count), different values of
    *value_field* (value_count) or different base rules (temporal; temporal_ordered: all of them, in
    their order), each as many *times* as stands there, else once. Fields are dotted ones of the
    record or those of `headline.FIELDS`; *aliases* are name → base rule → field. With *succeeded*,
    calls that were refused or failed do not count. *fold_by* () folds by the group. The rest is as
    for a `Rule`.
    """

    name: str
    id: str
    title: str
    status: str
    level: Level
    description: str
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    headline: str
    fold_by: tuple[str, ...]
    runbook: tuple[str, ...]
    fold_minutes: int | None
    stands_for: tuple[str, ...]
    tests: tuple[ChainTest, ...]
    file: Path
    own: bool
    kind: Kind
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: int
    at_least: int
    value_field: str = ""
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    generate: bool = False
    succeeded: bool = False
    times: Mapping[str, int] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    overridden: bool = False

    @property
    def shadow(self) -> bool:
        """As for a rule."""
        return (self.own or self.overridden) and self.status in ("experimental", "shadow")


@dataclass(frozen=True)
class RuleSet:
    """The rules that are on, in the order of their names, ours first.

    Iterating gives those that speak for themselves; *rules* has the silent ones too, whose matches
    only the *correlations* want to know of. *refused* are the files of users' folders that were
    left out.
    """

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...] = ()
    refused: tuple[LeftOut, ...] = ()

    def __iter__(self) -> Iterator[Rule]:
        return (rule for rule in self.rules if not rule.silent)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the rules and correlations stand in, each once, sorted."""
        every: list[Rule | Correlation] = [*self.rules, *self.correlations]
        return tuple(sorted({one.file for one in every}))

    def relations(self) -> Mapping[str, tuple[str, ...]]:
        """Rule → the rules whose alerts its own stand for, of those that stand for any."""
        every: list[Rule | Correlation] = [*self.rules, *self.correlations]
        return {rule.name: rule.stands_for for rule in every if rule.stands_for}

    def correlation(self, name: str) -> Correlation | None:
        """The correlation called *name*, None where no correlation is."""
        return next((one for one in self.correlations if one.name == name), None)

    def named(self, name: str) -> Rule:
        """The rule called *name*. Raises BadInput with the nearest name where there is none."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        known = [rule.name for rule in self.rules]
        known += [one.name for one in self.correlations]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "`callwarden rules list` shows them all."
        raise BadInput(f"There is no rule called {name!r}. {hint}", where="NAME")
