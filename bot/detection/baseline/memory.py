"""Rows of evidence in memory, a scope at a time; the store is asked only for scopes not here."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Protocol

from bot.model.evidence import Row, Rows


class Shelf(Protocol):
    """Where evidence lies when it is not in memory."""

    def evidence_of(self, scope: int) -> Iterable[tuple[int, Row]]:
        """(feature, row) of everything known in a scope."""
        ...

    def baseline_state(self) -> bytes:
        """The alert budget's state, empty where there is none yet."""
        ...


class Memory(Rows):
    """At most about *most* rows, those of the scopes that were asked for last."""

    live = True

    def __init__(self, shelf: Shelf | None, most: int) -> None:
        self._shelf = shelf
        # Without a store nothing could come back: then nothing is let go.
        self._most = most if shelf is not None else 0
        self._scopes: OrderedDict[int, dict[int, Row]] = OrderedDict()
        self.rows = 0
        self.asked = 0

    def scope(self, scope: int) -> dict[int, Row]:
        """Everything known in *scope*. Not to be kept across calls: others may be let go."""
        found = self._scopes.get(scope)
        if found is None:
            found = dict(self._shelf.evidence_of(scope)) if self._shelf is not None else {}
            self.asked += 1
            self.rows += len(found)
            self._scopes[scope] = found
        elif self._most:
            self._scopes.move_to_end(scope)
        return found

    def shrink(self) -> None:
        """Let go of what was not asked for lately. Between records, so that no row is in use."""
        while self._most and self.rows > self._most and len(self._scopes) > 1:
            _, gone = self._scopes.popitem(last=False)
            self.rows -= len(gone)

    def clear(self) -> None:
        """Let go of everything."""
        self._scopes.clear()
        self.rows = 0

    def get(self, scope: int, feature: int) -> Row | None:
        """The row, None where there is none."""
        rows = self._scopes.get(scope)
        return (self.scope(scope) if rows is None else rows).get(feature)

    def put(self, scope: int, feature: int, row: Row) -> None:
        """Keep *row*, new or changed."""
        rows = self._scopes.get(scope)
        if rows is None:
            rows = self.scope(scope)
        if feature not in rows:
            self.rows += 1
        rows[feature] = row
