"""A record of which the first look is often enough: the rest is decoded when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from bot.detection.actor import actor_of, is_replay
from bot.detection.core import Core, Placed
from bot.detection.document import Document, text
from bot.detection.headline import FIELDS, fold_values
from bot.detection.match import reader
from bot.detection.record import Entry, build, open_or_known
from bot.model import Record

_REMEMBERED = 20_000

TOLD: Mapping[str, Callable[[Core], str | None]] = {
    "event_name": attrgetter("name"),
    "event_source": attrgetter("source"),
    "region": attrgetter("region"),
    "source_ip": attrgetter("address"),
    "user_agent": attrgetter("agent"),
    "error_code": attrgetter("error"),
    "eventName": attrgetter("name"),
    "eventSource": attrgetter("source"),
    "errorCode": attrgetter("error"),
    "userIdentity.arn": lambda core: core.who.arn if core.who else None,
    "userIdentity.accessKeyId": lambda core: core.who.key if core.who else None,
}
"""Fields of correlations whose value `Core` tells, where it has one."""

_actors: dict[tuple[object, ...], tuple[str, bool]] = {}
"""Who and from where → the actor's principal, and whether Global Resiliency repeats a change.
Callers are few, and a full decode costs more than all else that a correlation asks."""


class Whole:
    """A record, decoded in full at the first question that *core* cannot answer, and once only.

    *entry* gives it with its text; it is called when that is needed. Of an *odd* one *core* tells
    too little.
    """

    __slots__ = ("_caller", "_document", "_entry", "_record", "core", "odd")

    def __init__(
        self,
        core: Core,
        entry: Callable[[], Entry],
        document: Document | None = None,
        odd: bool = False,
    ) -> None:
        self.core = core
        self.odd = odd
        self._entry = entry
        self._document = document
        self._record: Record | None = None
        self._caller: tuple[str, bool] | None = None

    @classmethod
    def of(cls, entry: Entry, document: Document | None = None) -> Whole:
        """The record in *entry*, of which *document* may be known."""
        return cls(entry.core, lambda: entry, document, entry.odd)

    @property
    def raw(self) -> bytes:
        """Its text."""
        return bytes(self._entry().raw)

    @property
    def document(self) -> Document:
        """The record as JSON has it; no more than `Core` where it cannot be decoded."""
        if self._document is None:
            self._document = open_or_known(self._entry())
        return self._document

    @property
    def record(self) -> Record:
        """What findings and cards need of it."""
        if self._record is None:
            self._record = build(self._entry(), self.document)
        return self._record

    @property
    def time(self) -> str:
        """eventTime as it came."""
        return self.core.time

    @property
    def name(self) -> str:
        """eventName."""
        return self.core.name

    @property
    def failed(self) -> bool:
        """As `Record.failed`."""
        return self.record.failed if self.odd else _is_told(self.core.error)

    @property
    def replay(self) -> bool:
        """As `Record.replay`."""
        return self._actor()[1]

    @property
    def key(self) -> str:
        """As `Record.key`."""
        core = self.core
        if self.odd or core.shared is not None or not _is_told(core.id):
            return self.record.key
        return core.id

    def texts(self, field: str) -> list[str]:
        """What *field* holds, of `headline.FIELDS` or dotted: once each, in lower case, for names
        that differ in case only are mostly one thing."""
        told: str | None = None
        if field == "actor":
            told = self._actor()[0]
        elif not self.odd and (ask := TOLD.get(field)) is not None:
            told = ask(self.core)
        if told and told != "null":
            return [told.lower()]
        if field in FIELDS:
            found = list(fold_values((field,), self.record))
        else:
            found = [text(value) for value in _reader(field)(self.document)]
        return list(dict.fromkeys(one.lower() for one in found if one))

    def _actor(self) -> tuple[str, bool]:
        if self._caller is None:
            self._caller = self._called()
        return self._caller

    def _called(self) -> tuple[str, bool]:
        who = self.core.who
        if self.odd or who is None:
            return self.record.actor.principal, self.record.replay
        caller = (who.kind, who.arn or who.owner, who.service, self.core.address)
        found = _actors.get(caller)
        if found is None:
            # It depends on nothing else than the caller: whoever is remembered has passed.
            if not who.tells_actor:
                return self.record.actor.principal, self.record.replay
            if len(_actors) >= _REMEMBERED:
                _actors.clear()
            found = (actor_of(self.document).principal, is_replay(self.document))
            _actors[caller] = found
        return found

    def __reduce__(self) -> tuple[object, ...]:
        entry = self._entry()
        core = entry.core.plain if isinstance(entry.core, Placed) else entry.core
        plain = Entry(entry.blob, entry.place, bytes(entry.raw), core, entry.odd)
        return _again, (plain,)


def _again(entry: Entry) -> Whole:
    """A `Whole` that came from another process."""
    return Whole.of(entry)


@lru_cache(maxsize=256)
def _reader(field: str) -> Callable[[Document], Sequence[object]]:
    return reader(field.split("."))


def _is_told(value: str | None) -> bool:
    """Some writers say "null" for nothing."""
    return value is not None and value not in ("", "null")
