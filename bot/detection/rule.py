"""What a rule is once it is loaded: facts above, one predicate below."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from bot.detection.document import Document
from bot.errors import BadInput
from bot.model import Level

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

    *matches* judges a decoded record. *may_match* takes what is known of one and is false only
    where no record of which that is true can match: the index is built from it. *shadow* rules
    are counted and never heard of. *own* rules come with the program. While an alert of a rule is
    open, those of the rules that it *stands_for* make no card. A *watched* rule's matches are
    kept for correlations; a *silent* one speaks through these only. *needs* names what a feed must
    carry beyond management events that write: `data_events`, `read_events`.
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
    may_match: Callable[[Known], bool] = field(repr=False)
    needs: tuple[str, ...] = ()
    watched: bool = False
    silent: bool = False

    @property
    def shadow(self) -> bool:
        """Recorded and counted, never posted. Only in our own pack does Sigma's word mean that."""
        return self.own and self.status == "experimental"


@dataclass(frozen=True)
class RuleSet:
    """The rules that are on, in the order of their names, ours first."""

    rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def relations(self) -> Mapping[str, tuple[str, ...]]:
        """Rule → the rules whose alerts its own stand for, of those that stand for any."""
        return {rule.name: rule.stands_for for rule in self.rules if rule.stands_for}

    def named(self, name: str) -> Rule:
        """The rule called *name*. Raises BadInput with the nearest name where there is none."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        near = difflib.get_close_matches(name, [rule.name for rule in self.rules], n=1)
        hint = f"Did you mean {near[0]}?" if near else "`callwarden rules list` shows them all."
        raise BadInput(f"There is no rule called {name!r}. {hint}", where="NAME")
