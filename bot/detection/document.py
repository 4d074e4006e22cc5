"""A record decoded in full, with CloudTrail's own key names whatever route it came by."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TypeAlias

import msgspec
from msgspec import Raw

Document: TypeAlias = dict[str, object]
"""A record as JSON has it: strings, numbers, booleans, None, lists and objects."""

BROKEN = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding bad JSON may raise (UnicodeDecodeError is a ValueError)."""

# fmt: off
_TOP = (
    "additionalEventData", "apiVersion", "awsRegion", "errorCode", "errorMessage",
    "eventCategory", "eventID", "eventName", "eventSource", "eventTime", "eventType",
    "eventVersion", "insightDetails", "managementEvent", "readOnly", "recipientAccountId",
    "requestID", "requestParameters", "resources", "responseElements", "serviceEventDetails",
    "sharedEventID", "sourceIPAddress", "tlsDetails", "userAgent", "userIdentity",
    "vpcEndpointId",
)
_IDENTITY = (
    "accessKeyId", "accountId", "arn", "attributes", "creationDate", "identityProvider",
    "invokedBy", "mfaAuthenticated", "principalId", "sessionContext", "sessionIssuer", "type",
    "userName",
)
# fmt: on
_TOP_NAMES = {name.lower(): name for name in _TOP}
_IDENTITY_NAMES = {name.lower(): name for name in _IDENTITY}
_IDENTITY_LOWER = frozenset(low for low, name in _IDENTITY_NAMES.items() if low != name)
_OBJECTS = ("requestParameters", "responseElements", "additionalEventData", "userIdentity")
_MARKS = frozenset({"eventName", "eventSource", "eventID"})
_LOWER_MARKS = frozenset(mark.lower() for mark in _MARKS)


def decode(raw: Raw | bytes) -> Document:
    """The object in *raw* with CloudTrail's key names. Raises one of BROKEN.

    Athena and its like write keys in lower case and objects as strings; some writers say "null"
    for nothing. All of that is mended here, so that a rule has one shape to match.
    """
    try:
        value = msgspec.json.decode(raw)
    except BROKEN:
        # Bad UTF-8 or half a surrogate pair must not hide a record from the rules.
        value = loosely(bytes(raw))
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one of BROKEN, as promised
    return _mended(value)


def loosely(raw: bytes) -> object:
    """*raw* as Python's forgiving reader sees it, with what is no Unicode replaced by `?`."""
    value = json.loads(raw.decode("utf-8", "replace"), strict=False)
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def real_name(key: str) -> str:
    """How CloudTrail spells the top-level key that *key* is but for its case; else *key*."""
    return _TOP_NAMES.get(key.lower(), key)


def is_record(keys: Iterable[str]) -> bool:
    """Whether an object with these keys is a CloudTrail record, in either spelling."""
    names = set(keys)
    return not (_MARKS.isdisjoint(names) and _LOWER_MARKS.isdisjoint(names))


def text(value: object) -> str:
    """A JSON value as a rule's string is compared with it: `true`, `5`, an object as its JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return msgspec.json.encode(value).decode()


def part(value: object, key: str) -> dict[str, object]:
    """The object under *key* of *value*, or an empty one."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def word(value: object, key: str) -> str:
    """The string under *key* of *value*, or ""; the text "null" counts as nothing."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found != "null" else ""


def _mended(document: Document) -> Document:
    # Where CloudTrail's own marks all stand, so do its names: what the first look saw holds.
    if not _LOWER_MARKS.isdisjoint(document) and not document.keys() >= _MARKS:
        document = _renamed(document, _TOP_NAMES)
    for key in _OBJECTS:
        value = document.get(key)
        if isinstance(value, str):
            document[key] = _opened(value)
    identity = document.get("userIdentity")
    if isinstance(identity, dict):
        document["userIdentity"] = _identity(identity, 3)
    return document


def _identity(value: dict[str, object], depth: int) -> dict[str, object]:
    mended = value
    if not _IDENTITY_LOWER.isdisjoint(value):
        mended = _renamed(value, _IDENTITY_NAMES)
    if depth:
        for key, item in mended.items():
            if isinstance(item, dict):
                mended[key] = _identity(item, depth - 1)
    return mended


def _renamed(value: dict[str, object], names: dict[str, str]) -> dict[str, object]:
    """Lower-case keys by their real name; a key that is there under its real name wins."""
    renamed = {names.get(key, key): item for key, item in value.items()}
    renamed.update({key: item for key, item in value.items() if key not in names})
    return renamed


def _opened(value: str) -> object:
    """An object or null that arrived as a string; any other string as it is."""
    if value == "null":
        return None
    if value[:1] == "{":
        try:
            found = msgspec.json.decode(value)
        except BROKEN:
            return value
        return found if isinstance(found, dict) else value
    return value
