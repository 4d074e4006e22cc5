"""Made-up records and texts for the tests of detection."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from zlib import crc32

import msgspec

from bot.detection.record import Entry, Limits, read
from bot.model import Record, Unreadable

INSTANCE = "4f1c9a52-7d3e-4b8a-9c61-2f0e8d5b7a13"
LIMITS = Limits()
SHARED = Path(__file__).parents[2].parent / "shared" / "data"
"""Records made by others; they lie beside a developer's checkout and are not part of it."""


class Text(msgspec.Struct, frozen=True):
    """Named bytes."""

    body: bytes
    where: str = "file.json"


def record(name: str = "DeleteInstance", **fields: object) -> dict[str, object]:
    """A whole Connect record by an IAM user; *fields* replace or add."""
    made: dict[str, object] = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": "arn:aws:iam::111122223333:user/mallory",
            "accountId": "111122223333",
            "userName": "mallory",
        },
        "eventTime": "2026-11-22T10:03:11Z",
        "eventSource": "connect.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.10",
        "userAgent": "aws-cli/2.31.4",
        "requestParameters": {"InstanceId": INSTANCE},
        "responseElements": None,
        "eventID": f"00000000-0000-4000-8000-{crc32(name.encode()):012d}",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    }
    return {**made, **fields}


def body(*records: object) -> bytes:
    """The records as CloudTrail writes a file."""
    return json.dumps({"Records": list(records)}).encode()


def zipped(text: bytes) -> bytes:
    """The text as one gzip member."""
    return gzip.compress(text, mtime=0)


def read_all(text: bytes, limits: Limits = LIMITS) -> tuple[list[Entry], list[Unreadable]]:
    """What can be read of a file with this text, and what cannot."""
    found = list(read(Text(text), limits))
    return (
        [one for one in found if isinstance(one, Entry)],
        [one for one in found if isinstance(one, Unreadable)],
    )


def names(text: bytes, limits: Limits = LIMITS) -> list[str]:
    """The eventNames that can be read of a file with this text."""
    return [entry.core.name for entry in read_all(text, limits)[0]]


def entry(made: dict[str, object]) -> Entry:
    """The record as `read` gives it."""
    (found,), unreadable = read_all(json.dumps(made).encode())
    assert not unreadable
    return found


def seen(made: dict[str, object]) -> Record:
    """The record as findings hold it."""
    from bot.detection.record import to_record

    return to_record(entry(made))
