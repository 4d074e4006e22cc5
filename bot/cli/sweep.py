"""Files of records are judged one after the other, or by several processes that share them."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import Fault
from bot.model import Unreadable, moment

if TYPE_CHECKING:
    from bot.detection.engine import Engine, Look
    from bot.detection.record import Core, Limits, Run
    from bot.ports import Blob

_PLACE = re.compile(r"#[\d.]+\Z")
_AT_ONCE = 4
"""Files handed to a process together."""


@dataclass(frozen=True)
class Window:
    """The span of event times asked for: from *since*, to before *until*. None is open."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Everything is asked for."""
        return self.since is None and self.until is None

    def admits(self, when: datetime) -> bool:
        """Whether *when* lies in the span."""
        return (self.since is None or when >= self.since) and (
            self.until is None or when < self.until
        )


@dataclass
class Tally:
    """What was seen so far. Grows with files and findings, not with records.

    *faults* are (file, reason) → (where it first was, how often).
    """

    records: int = 0
    files: int = 0
    findings: int = 0
    repeated: int = 0
    without_time: int = 0
    unreadable: int = 0
    faults: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    shadow: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def note(self, fault: Unreadable) -> None:
        """Count something unreadable under its file and reason, with the first place."""
        key = (_PLACE.sub("", fault.where), fault.reason)
        self.unreadable += 1
        first, count = self.faults.get(key, (fault.where, 0))
        self.faults[key] = (first, count + 1)

    def add(self, other: Tally) -> None:
        """Count what another process saw."""
        self.records += other.records
        self.files += other.files
        self.without_time += other.without_time
        self.unreadable += other.unreadable
        self.shadow.update(other.shadow)
        for key, (place, more) in other.faults.items():
            first, count = self.faults.get(key, (place, 0))
            self.faults[key] = (first, count + more)

    def summary(self) -> dict[str, object]:
        """The numbers, for people and for programs."""
        return {
            "files": self.files,
            "records": self.records,
            "findings": self.findings,
            "repeated": self.repeated,
            "without_usable_time": self.without_time,
            "shadow": dict(self.shadow),
            "unreadable": self.unreadable,
            "unreadable_in": [
                {"where": first, "reason": reason, "count": count}
                for (_, reason), (first, count) in self.faults.items()
            ],
        }


class Sweep:
    """Judges whole files of records whose event time lies in *window*."""

    def __init__(self, make: Callable[[], Engine], window: Window) -> None:
        from bot.detection.record import Limits

        self._make = make
        self.engine = make()
        self._window = window
        # Somebody who points at a mixed log wants all that is in it, however long that takes.
        self._limits = Limits(unreadable=sys.maxsize)

    @classmethod
    def of(cls, folders: Sequence[Path], window: Window) -> Sweep:
        """By our rules and those of *folders*. Raises BadInput where they cannot be loaded."""
        return cls(partial(_engine, folders), window)

    @property
    def rules(self) -> int:
        """How many rules judge."""
        return self.engine.rules

    def over(
        self,
        files: Iterable[Path | Unreadable],
        tally: Tally,
        *,
        jobs: int = 1,
        advance: Callable[[], None] = lambda: None,
    ) -> Iterator[Look]:
        """What there is to tell of *files*, in their order whatever the number of *jobs*.

        Raises Fault where one of the processes died.
        """
        if jobs > 1:
            yield from self._shared(list(files), tally, jobs, advance)
            return
        for file in files:
            advance()
            yield from self.file(file, tally)
        tally.shadow.update(self.engine.shadow_counts)

    def file(self, file: Path | Unreadable, tally: Tally) -> Iterator[Look]:
        """What there is to tell of one *file*."""
        from bot.aws import files

        for blob in files.blobs([file], self._limits.object_bytes):
            if isinstance(blob, Unreadable):
                tally.note(blob)
            else:
                tally.files += 1
                yield from looks(blob, self.engine, self._limits, self._window, tally)

    def alone(self, file: Path | Unreadable) -> tuple[list[Look], Tally]:
        """`file` for a process that hands both back."""
        tally, before = Tally(), Counter(self.engine.shadow_counts)
        found = list(self.file(file, tally))
        tally.shadow = Counter(self.engine.shadow_counts) - before
        return found, tally

    def _shared(
        self,
        files: list[Path | Unreadable],
        tally: Tally,
        jobs: int,
        advance: Callable[[], None],
    ) -> Iterator[Look]:
        # A forked process has the rules already; elsewhere each loads them again.
        context = get_context("fork" if sys.platform == "linux" else "spawn")
        mine = (
            (lambda: self) if sys.platform == "linux" else partial(Sweep, self._make, self._window)
        )
        with ProcessPoolExecutor(jobs, context, _begin, (mine,)) as pool:
            try:
                for found, seen in pool.map(_work, files, chunksize=_AT_ONCE):
                    advance()
                    tally.add(seen)
                    yield from found
            except BrokenProcessPool as error:
                raise Fault(
                    "One of the processes that read files died; perhaps memory ran out. "
                    "Try fewer --jobs."
                ) from error


def looks(
    blob: Blob, engine: Engine, limits: Limits, window: Window, tally: Tally
) -> Iterator[Look]:
    """What *engine* has to tell of the records in *blob* that lie in *window*.

    Nothing of a file is kept when it is done: the next one finds its memory free.
    """
    from bot.detection.record import Run, gather

    for one in gather(blob, limits):
        if isinstance(one, Unreadable):
            tally.note(one)
        elif not isinstance(one, Run):
            if _wanted(one.core, window, tally):
                yield engine.look(one)
        elif window.is_open:
            tally.records += len(one.cores)
            yield from engine.sweep(one)
        else:
            yield from _some(one, engine, window, tally)


def _some(run: Run, engine: Engine, window: Window, tally: Tally) -> Iterator[Look]:
    for place, core in enumerate(run.cores):
        if _wanted(core, window, tally):
            yield engine.look(run.entry(place))


def _wanted(core: Core, window: Window, tally: Tally) -> bool:
    tally.records += 1
    if window.is_open:
        return True
    when = moment(core.time)
    if when is None:
        # Dropping it could hide just the record that somebody tampered with.
        tally.without_time += 1
        return True
    return window.admits(when)


def _engine(folders: Sequence[Path]) -> Engine:
    from bot.detection import heap, sigma
    from bot.detection.engine import Engine

    engine = Engine(sigma.load(folders))
    heap.keep()
    return engine


_worker: list[Sweep] = []


def _begin(make: Callable[[], Sweep]) -> None:
    _worker[:] = [make()]


def _work(file: Path | Unreadable) -> tuple[list[Look], Tally]:
    return _worker[0].alone(file)
