"""Records and a stage for measuring."""

from __future__ import annotations

import json
import math
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.slack import Limits
from bot.demo.stage import Stage
from bot.store import SqliteStore

ACCOUNT = "111122223333"
CHANNELS = tuple(f"bench-{number:02}" for number in range(10))


def instance_id(number: int) -> str:
    """The Connect instance of channel *number*."""
    return f"00000000-0000-4000-8000-{number:012}"


def emergency_login(actor: str, instance: str, *, ip: str = "198.51.100.7") -> dict[str, object]:
    """A record that the first rule matches; another *actor* or *instance* is another alert."""
    role = "AWSReservedSSO_Admin_0123456789abcdef"
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{actor}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{actor}",
            "accountId": ACCOUNT,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "arn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
                    "accountId": ACCOUNT,
                    "userName": role,
                }
            },
        },
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "connect.amazonaws.com",
        "eventName": "AdminGetEmergencyAccessToken",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": ip,
        "userAgent": "Mozilla/5.0",
        "requestParameters": {"InstanceId": instance},
        "responseElements": None,
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


@contextmanager
def stage(manifest: str, *, seed: int = 0, visibility_seconds: int = 120) -> Iterator[Stage]:
    """Ten instances, each with a channel of its own; the bot is not started yet."""
    with tempfile.TemporaryDirectory(prefix="callwarden-bench-") as folder:
        instances = {
            instance_id(number): (f"bench {number}", name) for number, name in enumerate(CHANNELS)
        }
        built = Stage(
            Path(folder) / "stage",
            manifest=manifest,
            instances=instances,
            seed=seed,
            limits=Limits(),
            channels=CHANNELS,
            visibility_seconds=visibility_seconds,
        )
        with built:
            yield built


def counts(store: SqliteStore, name: str) -> int:
    """A total of the running bot's store, 0 while there is none."""
    return store.counts().get(name, 0)


def average() -> float | None:
    """What else this machine does: its load average of the last minute; None where it has none."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least *share* of *values* do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(seconds: Sequence[float]) -> dict[str, float | int | None]:
    """count, median, p95, p99 and most, in milliseconds; None where nothing was measured."""
    milli = [1000.0 * one for one in seconds]
    if not milli:
        return {"count": 0} | dict.fromkeys(("median_ms", "p95_ms", "p99_ms", "most_ms"))
    return {
        "count": len(milli),
        "median_ms": round(quantile(milli, 0.5), 1),
        "p95_ms": round(quantile(milli, 0.95), 1),
        "p99_ms": round(quantile(milli, 0.99), 1),
        "most_ms": round(max(milli), 1),
    }


def missed(what: str, found: object, target: float, unit: str) -> list[str]:
    """A sentence where *found* is not under *target*; also where it could not be measured."""
    if isinstance(found, int | float) and found < target:
        return []
    return [f"{what}: {found} {unit}; the target is under {target:g} {unit}"]


def as_text(result: Mapping[str, object], form: str) -> str:
    """*result* for a terminal or a program; a terminal gets the faults as lines of their own."""
    if form == "json":
        return json.dumps(result)
    return "\n".join(f"{name}: {value}" for name, value in result.items() if name != "faults")
