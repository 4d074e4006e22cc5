"""Bytes in, records out: everything is read, nothing raises, and what cannot be read is named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from bot.detection.accounts import own_account
from bot.detection.actor import actor_of, is_replay
from bot.detection.core import Core as Core
from bot.detection.core import Entry as Entry
from bot.detection.core import Placed, at, within
from bot.detection.core import Run as Run
from bot.detection.core import Who as Who
from bot.detection.document import BROKEN, Document, decode, is_record, word
from bot.detection.places import Places
from bot.detection.resources import instance_of, target_of
from bot.detection.shapes import Broken, Items, Piece, bridged, is_digest, members, split, unwrap
from bot.detection.unpack import unpack
from bot.model import Record, Unreadable

_SAMPLE = 200
_RUN = 200
"""Records that are decoded together: few enough to stay in the processor's cache."""

_USUAL = b'{"Records":[{"eventVersion":'
_AT_ONCE = 16_777_216
"""Bytes of a file whose records may all be decoded together."""

_ENVELOPE = b'"detail-type"'
_EARLY = 200
"""Bytes of EventBridge's envelope within which it says what it is."""

_DEPTH = 6
"""Envelopes within envelopes: S3 in SNS in SQS in a test file is four."""


class Limits(Struct, frozen=True, kw_only=True):
    """What is too large to read, in bytes after decompression, and too broken to go on with."""

    record_bytes: int = 1_048_576
    object_bytes: int = 67_108_864
    unreadable: int = 10_000
    """Pieces of one file that are named one by one; after these the rest of it is given up."""


class Readable(Protocol):
    """Named bytes, such as `ports.Blob` (which this package may not import)."""

    @property
    def where(self) -> str:
        """Names the bytes for people."""
        ...

    @property
    def body(self) -> bytes:
        """The bytes, plain or gzipped."""
        ...


class _File(Struct, gc=False):
    """A file as CloudTrail writes it, all of its records in their usual shape."""

    Records: list[Placed]


_core = msgspec.json.Decoder(Core).decode
_file = msgspec.json.Decoder(_File).decode


def read(blob: Readable, limits: Limits) -> Iterator[Entry | Unreadable]:
    """The records in *blob*, in order, and what could not be read; digests are passed over.

    Never raises for bad bytes: a broken record is one Unreadable, and the next is read.
    """
    if found := _alone(blob, limits):
        yield found
        return
    for one in gather(blob, limits):
        if isinstance(one, Run):
            yield from map(one.entry, range(len(one.cores)))
        else:
            yield one


def _alone(blob: Readable, limits: Limits) -> Entry | None:
    """The record that EventBridge delivers by itself; None for anything that needs more care."""
    body = blob.body
    if _ENVELOPE not in body[:_EARLY] or len(body) > limits.record_bytes:
        return None
    try:
        raw = bridged(body)
        return None if raw is None else Entry(blob.where, "", raw, _core(raw))
    except BROKEN:
        return None


def gather(blob: Readable, limits: Limits) -> Iterator[Run | Entry | Unreadable]:
    """`read`, with records of usual shape in runs: nothing is made of those nobody wants."""
    unpacked = unpack(blob.body, limits.object_bytes)
    if runs := _at_once(blob.where, unpacked.body, limits):
        yield from runs
    elif unpacked.body or not unpacked.fault:
        found = _pieces(blob.where, "", split(unpacked.body), limits, _DEPTH)
        yield from _patient(blob.where, found, limits.unreadable)
    if unpacked.fault:
        yield Unreadable(where=blob.where, reason=unpacked.fault, sample=blob.body[:_SAMPLE])


def _at_once(blob: str, body: bytes, limits: Limits) -> list[Run]:
    """All records of a file of CloudTrail's, parsed in one go; none where that is not certain."""
    if not body.startswith(_USUAL) or len(body) > _AT_ONCE:
        return []
    try:
        cores = _file(body).Records
        places = Places(body, cores)
        longest = places.longest
    except BROKEN:
        return []
    if longest > limits.record_bytes:
        return []
    return [
        Run(blob, "", start + 1, places, cores[start : start + _RUN], start)
        for start in range(0, len(cores), _RUN)
    ]


def _patient(
    blob: str, found: Iterator[Run | Entry | Unreadable], most: int
) -> Iterator[Run | Entry | Unreadable]:
    """*found* until *most* of it could not be read: a file of rubbish must not stop the rest."""
    unreadable = 0
    for one in found:
        yield one
        unreadable += isinstance(one, Unreadable)
        if unreadable >= most:
            reason = f"{unreadable:,} pieces of it could not be read: the rest was given up"
            yield Unreadable(where=blob, reason=reason)
            return


def to_record(entry: Entry) -> Record:
    """Everything that findings and cards need of *entry*. Never raises for bad data."""
    return build(entry, open_or_known(entry))


def open_or_known(entry: Entry) -> Document:
    """*entry* decoded in full; what its `Core` knows where that cannot be done."""
    try:
        return decode(entry.raw)
    except BROKEN:
        return _known(entry.core)


def build(entry: Entry, document: Document) -> Record:
    """`to_record` for one that has decoded *entry* already."""
    raw = bytes(entry.raw)
    event_id = word(document, "eventID") or f"sha256:{hashlib.sha256(raw).hexdigest()}"
    # The start and the end of an Insight share one id, yet are two records.
    insight = word(document, "eventType") == "AwsCloudTrailInsight"
    shared = "" if insight else word(document, "sharedEventID")
    instance = instance_of(document, raw)
    return Record(
        id=event_id,
        key=shared or event_id,
        raw=raw,
        time=word(document, "eventTime"),
        source=word(document, "eventSource"),
        name=word(document, "eventName"),
        region=word(document, "awsRegion"),
        account=own_account(document),
        actor=actor_of(document),
        source_ip=word(document, "sourceIPAddress"),
        user_agent=word(document, "userAgent"),
        error_code=word(document, "errorCode"),
        error_message=word(document, "errorMessage"),
        instance=instance,
        target=target_of(document) or instance,
        replay=is_replay(document),
    )


def _pieces(
    blob: str, above: str, pieces: Iterator[Piece | Broken | Items], limits: Limits, depth: int
) -> Iterator[Run | Entry | Unreadable]:
    for piece in pieces:
        if isinstance(piece, Items):
            yield from _items(blob, above, piece.raws, limits, depth)
            continue
        place = within(above, piece.place)
        if isinstance(piece, Broken):
            yield Unreadable(where=at(blob, place), reason=piece.reason, sample=piece.sample)
        else:
            yield from _piece(blob, place, piece.raw, limits, depth)


def _items(
    blob: str, above: str, raws: list[Raw], limits: Limits, depth: int
) -> Iterator[Run | Entry | Unreadable]:
    for start in range(0, len(raws), _RUN):
        some = raws[start : start + _RUN]
        try:
            cores = list(map(_core, some)) if max(map(len, some)) <= limits.record_bytes else []
        except BROKEN:
            cores = []
        if cores:
            yield Run(blob, above, start + 1, some, cores)
            continue
        for number, raw in enumerate(some, start + 1):
            yield from _piece(blob, within(above, str(number)), raw, limits, depth)


def _piece(
    blob: str, place: str, raw: Raw | bytes, limits: Limits, depth: int
) -> Iterator[Run | Entry | Unreadable]:
    size = len(raw)
    if size > limits.record_bytes and not _is_envelope(raw):
        reason = f"the record is {size:,} bytes, over the limit of {limits.record_bytes:,}"
        yield Unreadable(where=at(blob, place), reason=reason, sample=_sample(raw))
        return
    try:
        core = _core(raw)
    except BROKEN:
        yield from _odd(blob, place, raw, limits, depth)
    else:
        yield Entry(blob, place, raw, core)


def _is_envelope(raw: Raw | bytes) -> bool:
    """Whether something large is large because it holds many records."""
    try:
        return not is_record(members(raw))
    except BROKEN:
        return False


def _odd(
    blob: str, place: str, raw: Raw | bytes, limits: Limits, depth: int
) -> Iterator[Run | Entry | Unreadable]:
    """An envelope, a digest, a record in an unusual shape, or no record at all."""
    where = at(blob, place)
    try:
        keys = members(raw)
        if is_record(keys):
            yield Entry(blob, place, raw, _core_of(decode(raw)), odd=True)
            return
    except RecursionError:
        yield Unreadable(where=where, reason="it is nested too deeply", sample=_sample(raw))
        return
    except BROKEN:
        yield Unreadable(where=where, reason=_no_object(raw), sample=_sample(raw))
        return
    if is_digest(keys):
        return
    inside = unwrap(keys) if depth else None
    if inside is None:
        reason = "it is no CloudTrail record" if depth else "it is wrapped too deeply"
        yield Unreadable(where=where, reason=reason, sample=_sample(raw))
        return
    yield from _pieces(blob, place, inside, limits, depth - 1)


def _no_object(raw: Raw | bytes) -> str:
    return "its JSON is damaged" if bytes(memoryview(raw)[:1]) == b"{" else "it is no JSON object"


def _core_of(document: Document) -> Core:
    return Core(
        word(document, "eventSource"),
        word(document, "eventName"),
        word(document, "eventTime"),
        word(document, "eventID"),
    )


def _known(core: Core) -> Document:
    """What is left of a record that cannot be decoded in full."""
    return {
        "eventSource": core.source,
        "eventName": core.name,
        "eventTime": core.time,
        "eventID": core.id,
    }


def _sample(raw: Raw | bytes) -> bytes:
    return bytes(memoryview(raw)[:_SAMPLE])
