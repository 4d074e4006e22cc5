"""Marks of correlations kept in memory, where no store is asked: files that are scanned, tests."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Mapping

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
        self._groups: OrderedDict[_Group, _Marks] = OrderedDict()
        self._would_be: dict[str, set[str]] = {}

    @property
    def shadow_counts(self) -> Mapping[str, int]:
        """How often each shadow correlation would have spoken."""
        return {rule: len(ids) for rule, ids in self._would_be.items()}

    def judge(self, hits: tuple[Hit, ...], now: str) -> tuple[Finding, ...]:
        """What *hits* of one record complete. *now* (ISO) dates a record without a time."""
        found: list[Finding] = []
        for mark in self._chains.marks(hits, now):
            group = self._added(mark)
            # Most groups never hold enough different marks, whenever they came.
            if group is None or len(group.kinds) < self._chains.least(mark):
                continue
            around = group.around(mark)
            if self._chains.may_complete(mark, around):
                found += self._chains.judge(mark, around, hits[0].record)
                for one in self._chains.would_be(mark, around, hits[0].record):
                    self._would_be.setdefault(one.rule, set()).add(one.id)
        return tuple(found)

    def _added(self, mark: ChainMark) -> _Marks | None:
        """Its group with *mark*; None where that was there already."""
        key = (mark.correlation, mark.group)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Marks()
        else:
            self._groups.move_to_end(key)
        if not group.add(mark):
            return None
        self._count += 1
        while self._count > self._most:
            self._forget()
        return group

    def _forget(self) -> None:
        if len(self._groups) > 1:
            _, forgotten = self._groups.popitem(last=False)
            self._count -= len(forgotten.marks)
            return
        (group,) = self._groups.values()
        self._count -= group.halve()


class _Marks:
    """The marks of a group, oldest first, beside their places: those are looked through.

    *kinds* are the different ones that were ever there.
    """

    __slots__ = ("kinds", "marks", "places")

    def __init__(self) -> None:
        self.marks: list[ChainMark] = []
        self.places: list[tuple[int, str, str, str]] = []
        self.kinds: set[str] = set()

    def add(self, mark: ChainMark) -> bool:
        """False where it is there already."""
        place = mark.place
        if not self.places or place > self.places[-1]:
            # Most records come in the order of their times.
            self.places.append(place)
            self.marks.append(mark)
        else:
            at = bisect_left(self.places, place)
            if self.places[at] == place:
                return False
            self.places.insert(at, place)
            self.marks.insert(at, mark)
        self.kinds.add(mark.kind)
        return True

    def halve(self) -> int:
        """Drop the older half; how many that were."""
        half = len(self.marks) // 2
        del self.marks[:half], self.places[:half]
        return half

    def around(self, mark: ChainMark) -> list[ChainMark]:
        """As the store gives them: the nearest on either side, within the span."""
        first, here, last = (
            bisect_left(self.places, (time, "", "", ""))
            for time in (mark.time - mark.span, mark.time, mark.time + mark.span + 1)
        )
        before = self.marks[max(first, here - mark.most) : here]
        return [*before, *self.marks[here : min(last, here + mark.most + 1)]]
