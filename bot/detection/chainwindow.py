"""Marks of correlations kept in memory, where no store is asked: files that are scanned, tests."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict

from bot.detection.correlate import Chains
from bot.detection.engine import Hit
from bot.model import ChainMark, Finding

_Group = tuple[str, tuple[str, ...]]


class ChainWindow:
    """Judges hits as they come, in any order, with marks in memory: at most *most* of them.

    Beyond that the groups are forgotten that were heard of longest ago.
    """

    def __init__(self, chains: Chains, most: int = 100_000) -> None:
        self._chains = chains
        self._most = most
        self._count = 0
        self._groups: OrderedDict[_Group, list[ChainMark]] = OrderedDict()

    def judge(self, hits: tuple[Hit, ...], now: str) -> tuple[Finding, ...]:
        """What *hits* of one record complete. *now* (ISO) dates a record without a time."""
        found: list[Finding] = []
        for mark in self._chains.marks(hits, now):
            if self._add(mark):
                around = self._around(mark)
                if self._chains.may_complete(mark, around):
                    found += self._chains.judge(mark, around, hits[0].record)
        return tuple(found)

    def _add(self, mark: ChainMark) -> bool:
        """False where it is known already."""
        key = (mark.correlation, mark.group)
        group = self._groups.setdefault(key, [])
        self._groups.move_to_end(key)
        place = bisect_left(group, mark.place, key=_place)
        if place < len(group) and group[place].place == mark.place:
            return False
        insort(group, mark, key=_place)
        self._count += 1
        while self._count > self._most:
            self._forget()
        return True

    def _forget(self) -> None:
        if len(self._groups) > 1:
            _, forgotten = self._groups.popitem(last=False)
            self._count -= len(forgotten)
            return
        (group,) = self._groups.values()
        half = len(group) // 2
        del group[:half]
        self._count -= half

    def _around(self, mark: ChainMark) -> list[ChainMark]:
        """As the store gives them: the nearest on either side, within the span."""
        group = self._groups[mark.correlation, mark.group]
        first = bisect_left(group, mark.time - mark.span, key=_time)
        here = bisect_left(group, mark.time, key=_time)
        last = bisect_right(group, mark.time + mark.span, key=_time)
        before = group[max(first, here - mark.most) : here]
        return [*before, *group[here : min(last, here + mark.most + 1)]]


def _place(mark: ChainMark) -> tuple[int, str, str, str]:
    return mark.place


def _time(mark: ChainMark) -> int:
    return mark.time
