"""The tests that stand in a rule's file are run as real records are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from bot.detection.document import BROKEN
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read
from bot.detection.rule import BROKEN_RULE, Rule, RuleSet, RuleTest


class _Text(msgspec.Struct, frozen=True):
    where: str
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """How one test of one rule went. *fault* is "" where it passed."""

    rule: str
    test: str
    expected: bool
    fault: str

    @property
    def passed(self) -> bool:
        """The rule said what its author expects."""
        return not self.fault


def run_tests(rules: Iterable[Rule]) -> list[Outcome]:
    """Every test of *rules*, through the same reading, index and judging as real records."""
    return [
        Outcome(rule.name, test.name, test.match, _fault(rule, test))
        for rule in rules
        for test in rule.tests
    ]


def _fault(rule: Rule, test: RuleTest) -> str:
    try:
        body = msgspec.json.encode(test.record)
    except (*BROKEN, TypeError) as error:
        return f"its record is no JSON: {error}"
    found = list(read(_Text(test.name, body), Limits()))
    if len(found) != 1 or not isinstance(found[0], Entry):
        return "its record is no CloudTrail record"
    # A shadow rule says nothing; its tests must hold all the same.
    engine = Engine(RuleSet((replace(rule, status="test"),)))
    names = [finding.rule for finding in engine.judge(found[0])]
    if BROKEN_RULE in names:
        return "the rule broke on it"
    if (rule.name in names) is test.match:
        return ""
    return "it should match and does not" if test.match else "it matches and should not"
