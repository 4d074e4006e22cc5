"""Whether a rule can be talked out of speaking by what a client writes of itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

WRITTEN_BY_CLIENTS = frozenset({"userAgent"})
"""Fields of a record that say what the caller chose to send: CloudTrail notes them as they came."""

FORGEABLE = "its filter by {} alone is a way around it: a client writes that itself"


def forgeable(rule: SigmaRule) -> str:
    """What is wrong where *rule* leaves out whoever sends the right words; "" where it does not."""
    fields = {field for condition in _parsed(rule) for field in _ways_around(condition)}
    return FORGEABLE.format(" and ".join(sorted(fields))) if fields else ""


def _parsed(rule: SigmaRule) -> list[object]:
    return [condition.parsed for condition in rule.detection.parsed_condition]


def _ways_around(condition: object) -> Iterator[str]:
    for negated in _negated(condition):
        yield from _forged(negated, wanted=True)


def _negated(condition: object) -> Iterator[object]:
    """What stands under a `not`, wherever that is."""
    from sigma.conditions import ConditionItem, ConditionNOT

    if isinstance(condition, ConditionNOT):
        yield condition.args[0]
    elif isinstance(condition, ConditionItem):
        for one in condition.args:
            yield from _negated(one)


def _forged(condition: object, *, wanted: bool) -> frozenset[str]:
    """The fields by whose choice alone a client makes *condition* as *wanted*; none where it
    cannot."""
    from sigma import conditions

    if isinstance(condition, conditions.ConditionNOT):
        return _forged(condition.args[0], wanted=not wanted)
    if isinstance(condition, conditions.ConditionAND | conditions.ConditionOR):
        each = [_forged(one, wanted=wanted) for one in condition.args]
        # One part of an `or` is enough to make it true, one of an `and` to make it false.
        enough = isinstance(condition, conditions.ConditionOR) is wanted
        if not enough and not all(each):
            return frozenset()
        return frozenset[str]().union(*each)
    if isinstance(condition, conditions.ConditionFieldEqualsValueExpression):
        return frozenset({condition.field}) & WRITTEN_BY_CLIENTS
    return frozenset()
