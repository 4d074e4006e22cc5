"""Tells apart what CloudTrail's routes put on a queue. Pure, and never raises."""

from __future__ import annotations

import json
from typing import TypeAlias
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from bot.model import Unreadable
from bot.ports import Blob

SAMPLE_BYTES = 500
"""How much of something unreadable is kept for the person who looks into it."""

_DEEPEST_WRAP = 3
_TOPIC_TEST = "CloudTrail validation message."


class ObjectRef(Struct, frozen=True):
    """An S3 object that a message points to."""

    bucket: str
    key: str

    @property
    def where(self) -> str:
        """Names it for people."""
        return f"s3://{self.bucket}/{self.key}"


Part: TypeAlias = ObjectRef | Blob | Unreadable


def read_message(body: str, where: str) -> tuple[Part, ...]:
    """What is in a message: objects to fetch, records as they are, or what is not understood.

    Empty where there is nothing to read (S3's and CloudTrail's test messages, digests, deletions).
    Understood, alone or inside an SNS envelope: S3 notifications, CloudTrail's own SNS form,
    EventBridge envelopes of CloudTrail and of S3, and bare CloudTrail records.
    """
    return _read(body.encode("utf-8", "replace"), where, 0)


def _read(raw: bytes, where: str, depth: int) -> tuple[Part, ...]:
    if raw.decode().strip() == _TOPIC_TEST:
        return ()
    try:
        message = _decoded(raw)
    except (ValueError, RecursionError):
        if raw.lstrip()[:1] in (b"{", b"["):
            # Records may be in it all the same; whoever reads them names what is damaged.
            return (Blob(where=where, body=raw),)
        return (_unknown(where, "the message is not JSON", raw),)
    if isinstance(message, dict):
        return _read_object(message, raw, where, depth)
    if isinstance(message, list) and message and all(_is_record(one) for one in message):
        return (Blob(where=where, body=raw),)
    return (_unknown(where, "the message is of an unknown kind", raw),)


def _decoded(raw: bytes) -> object:
    """The JSON in *raw*; half a surrogate pair or a control character in it is no fault."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return json.loads(raw, strict=False)


def _read_object(
    message: dict[str, object], raw: bytes, where: str, depth: int
) -> tuple[Part, ...]:
    inner = message.get("Message")
    if isinstance(inner, str) and "TopicArn" in message:
        return _unwrap(message, inner, raw, where, depth)
    if message.get("Event") == "s3:TestEvent":
        return ()
    if "s3Bucket" in message and "s3ObjectKey" in message:
        return _by_cloudtrail(message, raw, where)
    if "detail-type" in message:
        return _by_eventbridge(message, raw, where)
    records = message.get("Records")
    if isinstance(records, list):
        return _by_records(records, raw, where)
    if _is_record(message):
        return (Blob(where=where, body=raw),)
    return (_unknown(where, "the message is of an unknown kind", raw),)


def _unwrap(
    message: dict[str, object], inner: str, raw: bytes, where: str, depth: int
) -> tuple[Part, ...]:
    if message.get("Type") == "SubscriptionConfirmation":
        return (_unknown(where, "an SNS subscription waits to be confirmed", raw),)
    if depth >= _DEEPEST_WRAP:
        return (_unknown(where, "the message is wrapped too often", raw),)
    return _read(inner.encode("utf-8", "replace"), where, depth + 1)


def _by_cloudtrail(message: dict[str, object], raw: bytes, where: str) -> tuple[Part, ...]:
    """`{"s3Bucket": …, "s3ObjectKey": [...]}`: keys as they are."""
    keys = message["s3ObjectKey"]
    listed = keys if isinstance(keys, list) else [keys]
    parts = [_ref(message["s3Bucket"], key, where, raw) for key in listed]
    return tuple(part for part in parts if part is not None)


def _by_eventbridge(message: dict[str, object], raw: bytes, where: str) -> tuple[Part, ...]:
    kind, detail = message["detail-type"], message.get("detail")
    if isinstance(kind, str) and isinstance(detail, dict):
        if kind.endswith("via CloudTrail"):
            return (Blob(where=where, body=raw),)
        if message.get("source") == "aws.s3":
            if kind != "Object Created":
                return ()
            bucket, key = _inner(detail, "bucket", "name"), _inner(detail, "object", "key")
            ref = _ref(bucket, key, where, raw)
            return () if ref is None else (ref,)
    return (_unknown(where, f"an event of an unknown kind: {str(kind)[:100]}", raw),)


def _by_records(records: list[object], raw: bytes, where: str) -> tuple[Part, ...]:
    if records and not any(_is_notification(one) for one in records):
        # Someone sends CloudTrail's files as messages. What is odd in them, the reader will name.
        return (Blob(where=where, body=raw),)
    parts = [_by_notification(one, where, raw) for one in records]
    return tuple(part for part in parts if part is not None)


def _is_notification(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("s3"), dict)


def _by_notification(entry: object, where: str, raw: bytes) -> Part | None:
    if not (isinstance(entry, dict) and isinstance(entry.get("s3"), dict)):
        return _unknown(where, "an entry of the S3 notification is of an unknown kind", raw)
    if "ObjectCreated" not in str(entry.get("eventName", "ObjectCreated")):
        return None
    key = _inner(entry["s3"], "object", "key")
    # S3 encodes keys in notifications, slashes and all; a plus is a space.
    plain = unquote_plus(key) if isinstance(key, str) else key
    return _ref(_inner(entry["s3"], "bucket", "name"), plain, where, raw)


def _ref(bucket: object, key: object, where: str, raw: bytes) -> Part | None:
    """The object to fetch, or None where it holds no records."""
    if not (isinstance(bucket, str) and bucket and isinstance(key, str) and key):
        return _unknown(where, "the message names no bucket or no key", raw)
    if "/CloudTrail-Digest/" in key or key.endswith("/"):
        return None
    return ObjectRef(bucket, key)


def _is_record(entry: object) -> bool:
    return isinstance(entry, dict) and "eventName" in entry and "eventSource" in entry


def _inner(outer: object, *path: str) -> object:
    for name in path:
        outer = outer.get(name) if isinstance(outer, dict) else None
    return outer


def _unknown(where: str, reason: str, raw: bytes) -> Unreadable:
    return Unreadable(where=where, reason=reason, sample=raw[:SAMPLE_BYTES])
