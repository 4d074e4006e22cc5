"""The tests that stand in a rule's file are run as real records are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec

from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.document import BROKEN
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read
from bot.detection.rule import BROKEN_RULE, ChainTest, Correlation, Rule, RuleSet, RuleTest


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


def run_chain_tests(rules: RuleSet, chains: Iterable[Correlation]) -> list[Outcome]:
    """Every test of *chains*, with their base rules from *rules*: in the order written, and
    backwards."""
    return [
        Outcome(chain.name, test.name, test.match, _chain_fault(rules, chain, test))
        for chain in chains
        for test in chain.tests
    ]


def speaks(rule: Rule, record: Mapping[str, object]) -> bool:
    """Whether *rule* alone, in the shadow or not, speaks of *record*. Raises ValueError for what
    is no record."""
    return rule.name in _heard(rule, _entry(rule.name, record))


def chain_speaks(
    rules: RuleSet, chain: Correlation, records: Iterable[Mapping[str, object]]
) -> bool:
    """Whether *chain* speaks of *records*, its base rules being among *rules*. Raises ValueError
    for what is no record."""
    entries = [_entry(chain.name, record) for record in records]
    return chain.name in _said(_alone(rules, chain), entries)


def _alone(rules: RuleSet, chain: Correlation) -> RuleSet:
    base = tuple(rule for rule in rules.rules if rule.name in chain.rules)
    # A shadow correlation says nothing; its tests must hold all the same.
    return RuleSet(base, (replace(chain, status="test"),))


def _chain_fault(rules: RuleSet, chain: Correlation, test: ChainTest) -> str:
    try:
        entries = [_entry(test.name, record) for record in test.records]
    except ValueError as error:
        return str(error)
    chosen = _alone(rules, chain)
    forth, back = (_said(chosen, order) for order in (entries, entries[::-1]))
    if BROKEN_RULE in (*forth, *back):
        return "the correlation broke on it"
    if forth != back:
        return "it depends on the order in which the records come"
    if (chain.name in forth) is test.match:
        return ""
    return "it should match and does not" if test.match else "it matches and should not"


def _said(rules: RuleSet, entries: Iterable[Entry]) -> dict[str, set[str]]:
    """Correlation → the ids of its findings, for records that come in this order."""
    engine, window = Engine(rules), ChainWindow(Chains(rules))
    said: dict[str, set[str]] = {}
    for entry in entries:
        for finding in window.judge(engine.look(entry).hits, ""):
            said.setdefault(finding.rule, set()).add(finding.id)
    return said


def _entry(where: str, record: Mapping[str, object]) -> Entry:
    """The record as `read` gives it. Raises ValueError where it is none."""
    try:
        body = msgspec.json.encode(record)
    except (*BROKEN, TypeError) as error:
        raise ValueError(f"its record is no JSON: {error}") from error
    found = list(read(_Text(where, body), Limits()))
    if len(found) != 1 or not isinstance(found[0], Entry):
        raise ValueError("its record is no CloudTrail record")
    return found[0]


def _fault(rule: Rule, test: RuleTest) -> str:
    try:
        entry = _entry(test.name, test.record)
    except ValueError as error:
        return str(error)
    names = _heard(rule, entry)
    if BROKEN_RULE in names:
        return "the rule broke on it"
    if (rule.name in names) is test.match:
        return ""
    return "it should match and does not" if test.match else "it matches and should not"


def _heard(rule: Rule, entry: Entry) -> list[str]:
    # A shadow rule says nothing, nor does a silent one; their tests must hold all the same.
    engine = Engine(RuleSet((replace(rule, status="test", silent=False),)))
    return [finding.rule for finding in engine.judge(entry)]
