"""What the tests of a correlation must prove: that each of its limits is one.

A limit is proven by a near miss that the correlation would catch without it: by the same calls
over too long a time, by somebody else, in another order, or too few of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from bot.detection.rule import ChainTest, Correlation, Kind, RuleSet
from bot.detection.ruletest import chain_speaks, run_chain_tests

_ENDLESS = 400 * 86_400
"""Seconds; longer than any test lasts."""

_NUMBER = "how many it asks for"


def chain_tested(chain: Correlation, rules: RuleSet) -> Iterator[str]:
    """What is wrong with the tests of *chain*, whose base rules are among *rules*."""
    if not any(test.match for test in chain.tests):
        yield "no test matches"
    misses = [test for test in chain.tests if not test.match]
    if not misses:
        yield "no test nearly matches"
    limits = _limits(chain)
    proven = {name for test in misses for name in _proven(test, limits, rules)}
    if misses:
        yield from (f"no near miss fails by {name} alone" for name in limits if name not in proven)
    for outcome in run_chain_tests(rules, [chain]):
        if not outcome.passed:
            yield f"its test {outcome.test!r} fails: {outcome.fault}"


def _limits(chain: Correlation) -> Mapping[str, Correlation]:
    """What bounds *chain*, in words → *chain* without that."""
    limits = {"its window of time": replace(chain, timespan=_ENDLESS)}
    if chain.group_by:
        limits[f"its group ({', '.join(chain.group_by)})"] = replace(chain, group_by=())
    if chain.kind is Kind.TEMPORAL_ORDERED:
        limits["the order of its rules"] = replace(chain, kind=Kind.TEMPORAL)
    if chain.kind.counts:
        limits[_NUMBER] = replace(chain, at_least=1)
    elif chain.times:
        limits[_NUMBER] = replace(chain, times={})
    return limits


def _proven(test: ChainTest, limits: Mapping[str, Correlation], rules: RuleSet) -> list[str]:
    """The limits by which alone *test* fails. What is spread over time or people is always too few
    of one thing, so the number counts only where nothing else does."""
    caught = [
        name for name, without in limits.items() if chain_speaks(rules, without, test.records)
    ]
    return [name for name in caught if name != _NUMBER] or caught
