"""What a match counts towards: the marks that it leaves for a correlation."""

from __future__ import annotations

from itertools import islice, product

from bot.detection.echo import SLOTS
from bot.detection.rule import Correlation, Kind
from bot.detection.whole import Whole
from bot.model import ChainMark, milliseconds

MOST = 200
"""Marks looked at on either side of a new one, where kinds or values of them are told apart. What
does more than that within a timespan is judged by the nearest."""

_GROUPS = 20
"""Groups that one record can count in: fields may hold lists."""


class Watch:
    """How matches of a *rule* count towards a *correlation*."""

    def __init__(self, correlation: Correlation, rule: str) -> None:
        self._name = correlation.name
        self._rule = "" if correlation.kind.counts else rule
        self._group = len(correlation.group_by)
        self._counted = bool(correlation.value_field)
        asked = [correlation.aliases.get(name, {}).get(rule, name) for name in correlation.group_by]
        self._fields = (*asked, correlation.value_field) if self._counted else tuple(asked)
        self._span = correlation.timespan * 1000
        # Of a value only its rough time counts: a program that repeats itself leaves few marks.
        self._slot = self._span // SLOTS if self._counted else 1
        self._most = _most(correlation)
        self._succeeded = correlation.succeeded

    def marks(self, whole: Whole, now: str) -> list[ChainMark]:
        """What a record counts; nothing where a field of the group is missing. *now* (ISO) dates
        one without a time."""
        time = milliseconds(whole.core.time)
        if time is None:
            time = milliseconds(now)
        if time is None or (self._succeeded and whole.failed) or whole.replay:
            return []
        found = [whole.texts(field) for field in self._fields]
        time -= time % self._slot
        key = "" if self._counted else whole.key
        return [
            ChainMark(
                correlation=self._name,
                group=row[: self._group],
                time=time,
                key=key,
                rule=self._rule,
                value=row[-1] if self._counted else "",
                name=whole.core.name,
                span=self._span,
                most=self._most,
            )
            for row in islice(product(*found), _GROUPS)
        ]


def _most(correlation: Correlation) -> int:
    """As many as it takes settle a plain count, however many there are; and nearly so for values,
    of which each leaves a mark a slot at most."""
    if correlation.kind is Kind.EVENT_COUNT:
        return correlation.at_least
    if correlation.kind is Kind.VALUE_COUNT:
        return min((SLOTS + 1) * correlation.at_least, max(600, 4 * correlation.at_least))
    return MOST
