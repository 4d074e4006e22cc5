"""What a rule is once it is loaded: facts above, one predicate below."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from bot.detection.document import Document
from bot.errors import BadInput
from bot.model import LeftOut, Level

BROKEN_RULE = "rule_broken"
"""The name under which a rule that raised is alerted about; no file may take it."""


class RuleTest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record that stands in a rule's file, and whether the rule must match it."""

    name: str
    match: bool
    record: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One detection.

    *matches* judges a decoded record. *may_match* takes (eventSource, eventName) and is false only
    where no record with these two can match: the engine's index is built from it. *shadow* rules
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
    may_match: Callable[[str, str], bool] = field(repr=False)
    needs: tuple[str, ...] = ()
    watched: bool = False
    silent: bool = False
    overridden: bool = False
    """Its status comes from the settings."""

    @property
    def shadow(self) -> bool:
        """Recorded and counted, never posted. Of others' rules Sigma's `experimental` means that
        only where the settings say it."""
        return (self.own or self.overridden) and self.status in ("experimental", "shadow")


@dataclass(frozen=True)
class RuleSet:
    """The rules that are on, in the order of their names, ours first; *refused* are the files of
    users' folders that were left out."""

    rules: tuple[Rule, ...]
    refused: tuple[LeftOut, ...] = ()

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
