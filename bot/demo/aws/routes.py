"""The shapes in which CloudTrail's records travel: files, notifications, envelopes."""

from __future__ import annotations

import gzip
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote_plus

TOPIC_ACCOUNT = "111122223333"


def trail_file(records: Sequence[object]) -> bytes:
    """The bytes of a CloudTrail object; the same records give the same bytes."""
    return gzip.compress(json.dumps({"Records": list(records)}).encode(), mtime=0)


def trail_key(account: str, region: str, at: datetime, mark: str, kind: str = "CloudTrail") -> str:
    """Where CloudTrail puts a file. *mark* is what it writes at random."""
    return (
        f"AWSLogs/{account}/{kind}/{region}/{at:%Y/%m/%d}/"
        f"{account}_{kind}_{region}_{at:%Y%m%dT%H%MZ}_{mark}.json.gz"
    )


def mark(body: bytes, turn: int) -> str:
    """Sixteen characters that differ for each file."""
    return hashlib.sha256(body + str(turn).encode()).hexdigest()[:16]


def envelope(detail: object) -> dict[str, object]:
    """EventBridge's envelope around the record *detail*."""
    record = detail if isinstance(detail, dict) else {}
    source = str(record.get("eventSource", ""))
    sign_in = record.get("eventType") == "AwsConsoleSignIn"
    kind = "AWS Console Sign In via CloudTrail" if sign_in else "AWS API Call via CloudTrail"
    return {
        "version": "0",
        "id": _derived_id("envelope", str(record.get("eventID"))),
        "detail-type": kind,
        "source": f"aws.{source.removesuffix('.amazonaws.com')}",
        "account": record.get("recipientAccountId"),
        "time": record.get("eventTime"),
        "region": record.get("awsRegion"),
        "resources": [],
        "detail": detail,
    }


def notification(bucket: str, key: str, size: int, region: str, at: datetime) -> dict[str, object]:
    """What S3 says of a new object; the key is encoded, slashes and all."""
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": region,
                "eventTime": f"{at:%Y-%m-%dT%H:%M:%S.000Z}",
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "trail",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {"key": quote_plus(key), "size": size},
                },
            }
        ]
    }


def topic_message(inner: Mapping[str, object], region: str, at: datetime) -> dict[str, object]:
    """SNS's envelope around *inner*, as a queue gets it without raw delivery."""
    text = json.dumps(inner)
    return {
        "Type": "Notification",
        "MessageId": _derived_id("topic", text),
        "TopicArn": f"arn:aws:sns:{region}:{TOPIC_ACCOUNT}:cloudtrail-objects",
        "Subject": "Amazon S3 Notification",
        "Message": text,
        "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S.000Z}",
        "SignatureVersion": "1",
    }


def _derived_id(kind: str, seed: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind}\n{seed}"))
