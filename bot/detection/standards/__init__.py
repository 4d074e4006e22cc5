"""What a rule must have before it is shipped. Pure: loaded rules in, sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from bot.detection.rule import Correlation, Rule, RuleSet
from bot.detection.standards.cases import looks_deeper, tested
from bot.detection.standards.chains import chain_tested
from bot.detection.standards.feeds import fed
from bot.detection.standards.words import described, guided

_SHARE = 0.5
"""Of the pack's rules, how many must look at more than the call's name."""


class Fault(Struct, frozen=True):
    """One thing to mend. *where* is a rule's name, or "" for the pack as a whole."""

    where: str
    what: str


def faults_of(rules: RuleSet) -> list[Fault]:
    """Everything in which *rules* and their correlations fall short, one by one, then as a pack."""
    found = [Fault(rule.name, what) for rule in rules for what in _rule_faults(rule)]
    found += [
        Fault(chain.name, what)
        for chain in rules.correlations
        for what in _chain_faults(chain, rules)
    ]
    return [*found, *_pack_faults(tuple(rules))]


def lines(faults: Iterable[Fault]) -> list[str]:
    """One line a fault, for people."""
    return [f"{one.where or 'the pack'}: {one.what}." for one in faults]


def _rule_faults(rule: Rule) -> Iterator[str]:
    yield from described(rule)
    if not rule.fold_by:
        yield "it has no fold_by"
    yield from guided(rule)
    yield from tested(rule)
    yield from fed(rule.needs, [test.record for test in rule.tests if test.match])


def _chain_faults(chain: Correlation, rules: RuleSet) -> Iterator[str]:
    yield from described(chain)
    yield from guided(chain)
    yield from chain_tested(chain, rules)
    hits = [record for test in chain.tests if test.match for record in test.records]
    yield from fed(chain.needs, hits)


def _pack_faults(rules: Sequence[Rule]) -> Iterator[Fault]:
    names = [rule.name for rule in rules if not looks_deeper(rule)]
    if len(names) > len(rules) * (1 - _SHARE):
        yield Fault(
            "",
            f"{len(names)} of {len(rules)} rules look at nothing but the call's name; at most "
            f"half may: {', '.join(names)}",
        )


__all__ = ["Fault", "faults_of", "lines", "looks_deeper"]
