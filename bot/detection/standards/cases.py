"""What the tests of a rule must prove: that it speaks, and that it tells apart what matters."""

from __future__ import annotations

from collections.abc import Iterator

from bot.detection.rule import Rule, RuleTest
from bot.detection.ruletest import run_tests


def tested(rule: Rule) -> Iterator[str]:
    """What is wrong with the tests of *rule*."""
    hits = [test for test in rule.tests if test.match]
    misses = [test for test in rule.tests if not test.match]
    if not hits:
        yield "no test matches"
    if not misses:
        yield "no test nearly matches"
    names = {str(test.record.get("eventName")) for test in hits}
    if misses and not any(str(test.record.get("eventName")) in names for test in misses):
        yield "no near miss keeps the eventName of a hit and differs in what matters"
    for outcome in run_tests([rule]):
        if not outcome.passed:
            yield f"its test {outcome.test!r} fails: {outcome.fault}"


def looks_deeper(rule: Rule) -> bool:
    """Whether *rule* tells apart two records of the same call: by its parameters, who made it or
    how it ended. Its own tests are the proof."""
    hits = {_call(test) for test in rule.tests if test.match}
    return any(_call(test) in hits for test in rule.tests if not test.match)


def _call(test: RuleTest) -> tuple[str, str]:
    return str(test.record.get("eventSource")), str(test.record.get("eventName"))
