"""Evidence of baselines that has faded, and the words that nothing uses any more, are let go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any, TypeAlias

from msgspec import Struct

from bot.model import moment
from bot.model.evidence import FAINT
from bot.store.baseline import changed
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_ROWS = 100
"""Rows a transaction, so that a prune never holds a click back."""

_HALF_LIVES = 4
"""Of a single hour about FAINT is left after so many."""

_Given: TypeAlias = Mapping[str, object]


class _Part(Struct, frozen=True):
    """Rows of a table that may go. *keys* are its primary key, *where* is asked of each row."""

    table: str
    keys: tuple[str, ...]
    where: str
    first: tuple[object, ...]
    """Less than every key."""


# A whole number of half-lives, rounded down: what is let go has faded at least so far.
_FADED = _Part(
    "baseline",
    ("scope", "feature"),
    f"last < :hour - {_HALF_LIVES} * :half_life"
    f" AND weight < {FAINT} * (1 << min(40, (:hour - last) / :half_life))",
    (-(2**63), -(2**63)),
)
# Whatever somebody showed stands in their account's scope, and there the longest.
_UNUSED = _Part(
    "baseline_texts",
    ("key",),
    "NOT EXISTS (SELECT 1 FROM baseline b WHERE b.scope = key)"
    " AND NOT EXISTS (SELECT 1 FROM json_each(:accounts) a JOIN baseline b"
    " ON b.scope = a.value AND b.feature = baseline_texts.key)",
    (-(2**63),),
)
_TRACES = _Part(
    "baseline_traces",
    ("record", "scope", "feature"),
    "hour < :before",
    ("", 0, 0),
)


class FadingRows(Sqlite):
    """The store's verb about evidence that has faded."""

    def fade(self, *, at: str, half_life_days: float, traces_before: str) -> Mapping[str, int]:
        """Drop rows of which less is left at *at* than counts as any, then their words, and what
        could be taken back of records before *traces_before* (ISO times). What is held in memory
        is out of date after it. Answers how many: `rows`, `words`, `traces`."""
        given: dict[str, object] = {
            # By the records' own time: where none came for long, nothing fades.
            "hour": min(_hour(at), self._newest()),
            "half_life": max(1, ceil(half_life_days * 24)),
            "before": _hour(traces_before),
        }
        gone = 0
        try:
            for rows in self._pages(_FADED, given):
                gone += self._drop_page(_FADED, rows, given)
        finally:
            # Also where the disk took no more: memory must not hold what the file lost.
            if gone:
                with self.writing(Turn.INTAKE) as db:
                    changed(db)
        given["accounts"] = json.dumps(self._accounts())
        words = sum(self._drop_page(_UNUSED, rows, given) for rows in self._pages(_UNUSED, given))
        traces = sum(self._drop_page(_TRACES, rows, given) for rows in self._pages(_TRACES, given))
        return {"rows": gone, "words": words, "traces": traces}

    def _newest(self) -> int:
        row = self.reader.execute("SELECT max(last) FROM baseline").fetchone()
        return row[0] or 0

    def _accounts(self) -> list[int]:
        found = self.reader.execute("SELECT key FROM baseline_texts WHERE text LIKE 'account %'")
        return [key for (key,) in found]

    def _pages(self, part: _Part, given: _Given) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Keys of what may go, some at a time. Asked outside any transaction: a whole table is
        looked through, and nobody waits for that."""
        keys, after = ", ".join(part.keys), part.first
        names = ", ".join(f":k{place}" for place in range(len(part.keys)))
        while True:
            rows = self.reader.execute(
                f"SELECT {keys} FROM {part.table} WHERE ({keys}) > ({names})"  # noqa: S608 - ours
                f" AND {part.where} ORDER BY {keys} LIMIT {_ROWS}",
                _bound(given, after),
            ).fetchall()
            if rows:
                yield rows
            if len(rows) < _ROWS:
                return
            after = rows[-1]

    def _drop_page(self, part: _Part, rows: Sequence[tuple[Any, ...]], given: _Given) -> int:
        """Drop those of *rows* of which it is still true that they may go."""
        same = " AND ".join(f"{key} = :k{place}" for place, key in enumerate(part.keys))
        with self.writing(Turn.INTAKE) as db:
            return db.executemany(
                f"DELETE FROM {part.table} WHERE {same} AND {part.where}",  # noqa: S608 - ours
                [_bound(given, row) for row in rows],
            ).rowcount


def _bound(given: _Given, keys: Sequence[object]) -> Mapping[str, object]:
    return {**given, **{f"k{place}": value for place, value in enumerate(keys)}}


def _hour(time: str) -> int:
    """Hours since 1970 of an ISO time, 0 where it is none."""
    when = moment(time)
    return int(when.timestamp()) // 3600 if when else 0
