"""The shapes in which CloudTrail records arrive, taken apart without decoding the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Raw, Struct

from bot.detection.document import BROKEN, loosely
from bot.detection.salvage import Gap, salvage

_LINES_TRIED = 5
_SAMPLE = 200

_WRAPPERS = (
    "Records",  # CloudTrail's own files
    "Events",  # the answer of LookupEvents
    "CloudTrailEvent",  # one event of it: the record as a string
    "detail",  # EventBridge
    "Message",  # SNS
    "message",  # log shippers
    "logEvents",  # CloudWatch Logs subscriptions
    "input",  # test files of other products, as are the two below
    "event",
    "test_events",
)
_PIECES = 1_000_000
_PIECE_BYTES = 16
"""A large text may hold so many commas, and one more for so many bytes. Records have one in 35;
each item costs some 80 bytes of memory, and `{},` is three bytes long."""

_UNCOUNTED = 4_194_304
"""Bytes of which even the smallest pieces take no more memory than a process may."""

_DIGEST = ("digestStartTime", "digestS3Object", "logFiles")


_NONE = Raw()


class _Outer(Struct, gc=False):
    """What tells a whole document apart, read in one go."""

    Records: list[Raw] | None = None
    Events: Raw = _NONE
    CloudTrailEvent: Raw = _NONE
    detail: Raw = _NONE
    eventName: Raw = _NONE  # noqa: N815 - as CloudTrail spells it
    eventSource: Raw = _NONE  # noqa: N815
    eventID: Raw = _NONE  # noqa: N815

    @property
    def bridged(self) -> Raw | None:
        """The record in EventBridge's envelope, None where this is anything else."""
        others = (self.Events, self.CloudTrailEvent, self.eventName, self.eventSource, self.eventID)
        if any(map(len, others)) or bytes(memoryview(self.detail)[:1]) != b"{":
            return None
        return self.detail


class Piece(Struct, frozen=True, gc=False):
    """Something that should be a record or hold some.

    *place* is its number, from 1, or "" where it is the only one.
    """

    place: str
    raw: Raw | bytes


class Broken(Struct, frozen=True):
    """Something that could not be read. *place* is its number, or "" for the whole."""

    place: str
    reason: str
    sample: bytes = b""


class Items(Struct, frozen=True, gc=False):
    """All pieces of one well-formed document, numbered from 1."""

    raws: list[Raw]


_outer = msgspec.json.Decoder(_Outer).decode


def bridged(body: bytes) -> Raw | None:
    """The record in *body*, where that is EventBridge's envelope and nothing else. Raises one of
    BROKEN."""
    outer = _outer(body)
    alone = (
        outer.Records is None
        and outer.Events is _NONE
        and outer.CloudTrailEvent is _NONE
        and outer.eventName is _NONE
        and outer.eventSource is _NONE
        and outer.eventID is _NONE
    )
    return outer.detail if alone and outer.detail is not _NONE else None


def split(body: bytes) -> Iterator[Piece | Broken | Items]:
    """The pieces of a whole text: a document, lines, an array, or documents strung together."""
    start = body.lstrip()[:1]
    if not start:
        yield Broken("", "it is empty")
        return
    # Counting costs as much as half the parsing; a small text cannot hold enough to matter.
    if len(body) > _UNCOUNTED and body.count(b",") > _PIECES + len(body) // _PIECE_BYTES:
        yield Broken("", "it is made of far smaller pieces than records are", body[:_SAMPLE])
        return
    try:
        items = _whole(body, start)
    except BROKEN:
        yield from _lines(body) if _has_lines(body) else _salvaged(body)
        return
    if isinstance(items, Raw):
        yield Piece("", items)
        return
    yield Items(items)


def _whole(body: bytes, start: bytes) -> list[Raw] | Raw:
    """The items of one well-formed document, or the document itself. Raises one of BROKEN."""
    if start == b"[":
        return msgspec.json.decode(body, type=list[Raw])
    if start != b"{":
        raise ValueError
    try:
        outer = _outer(body)
        if outer.Records is not None:
            return outer.Records
        bridged = outer.bridged
        return msgspec.json.decode(body, type=Raw) if bridged is None else bridged
    except msgspec.ValidationError:
        return msgspec.json.decode(body, type=Raw)


def _has_lines(body: bytes) -> bool:
    for number, line in enumerate(_each_line(body)):
        if number >= _LINES_TRIED:
            break
        if line[:1] == b"{":
            try:
                msgspec.json.decode(line, type=Raw)
            except BROKEN:
                continue
            return True
    return False


def _each_line(body: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(body):
        end = body.find(b"\n", place)
        end = len(body) if end < 0 else end
        yield body[place:end].strip()
        place = end + 1


def _lines(body: bytes) -> Iterator[Piece | Broken]:
    for number, line in enumerate(_each_line(body), 1):
        if not line:
            continue
        try:
            yield Piece(str(number), msgspec.json.decode(line, type=Raw))
        except BROKEN:
            yield from (_within(number, found) for found in _salvaged(line))


def _within(number: int, found: Piece | Broken) -> Piece | Broken:
    if isinstance(found, Piece):
        return Piece(f"{number}.{found.place}", found.raw)
    return Broken(str(number), found.reason, found.sample)


def _salvaged(body: bytes) -> Iterator[Piece | Broken]:
    for number, found in enumerate(salvage(body), 1):
        if isinstance(found, Gap):
            yield Broken(str(number), found.reason, found.sample)
        else:
            yield Piece(str(number), found)


def members(raw: Raw | bytes) -> Mapping[str, Raw | bytes]:
    """The members of the object in *raw*, each still undecoded. Raises one of BROKEN."""
    try:
        return msgspec.json.decode(raw, type=dict[str, Raw])
    except BROKEN:
        value = loosely(bytes(raw))
        if not isinstance(value, dict):
            raise
        return {key: msgspec.json.encode(item) for key, item in value.items()}


def is_digest(keys: Mapping[str, object]) -> bool:
    """CloudTrail's signed list of log files: not records, and no fault either."""
    return all(key in keys for key in _DIGEST)


def unwrap(keys: Mapping[str, Raw | bytes]) -> Iterator[Piece | Broken | Items] | None:
    """What is inside an envelope, or None where *keys* are those of no envelope we know."""
    for name in _WRAPPERS:
        raw = keys.get(name)
        if raw is None:
            continue
        start = bytes(memoryview(raw)[:1])
        if start == b'"':
            return split(str(loosely(bytes(raw))).encode("utf-8", "replace"))
        if start == b"[":
            return split(bytes(raw))
        if start == b"{":
            return iter([Piece("", raw)])
    return None
