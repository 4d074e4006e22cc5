"""How large a million pairs of evidence are, and how soon a restart judges its first record."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bot.bench.start import resident
from bot.detection.baseline import Baseline, Tuning
from bot.detection.baseline.features import caller, feature
from bot.detection.record import Core, Entry, Who
from bot.model import Actor
from bot.model.evidence import Evidence, Touch
from bot.store import SqliteStore
from bot.store.baseline import keep
from bot.store.gate import Turn

_EACH = 50
_ACCOUNT = "111122223333"
_DISK_MB = 120.0
_RESTART_S = 2.0
_HOUR = 490_000
_DIMENSIONS = ("operation", "network", "agent", "hour", "region")
_VALUES = {"operation": 600, "network": 3_000, "agent": 60, "hour": 168, "region": 18}


def measure(*, pairs: int) -> Mapping[str, object]:
    """Write *pairs* (principal, feature), open the file anew, judge one record.

    *disk_mb* is the whole store's file; *pair_us* the time to store one pair.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "callwarden.db"
        began = time.perf_counter()
        rows = _write(path, pairs)
        wrote = time.perf_counter() - began
        disk = path.stat().st_size / 1e6
        before = resident(os.getpid()) or 0.0
        began = time.perf_counter()
        store = SqliteStore(path)
        baseline = Baseline(Tuning(), store)
        baseline.learn(_entry(1))
        restart = time.perf_counter() - began
        began = time.perf_counter()
        judged = min(20_000, pairs // _EACH)
        for number in range(judged):
            one = _entry(number)
            if seen := baseline.unseen(one.core):
                baseline.learn(one, seen)
        took = time.perf_counter() - began
        memory = (resident(os.getpid()) or 0.0) - before
        held = baseline.rows
        store.close()
    faults = []
    if disk > _DISK_MB * max(1.0, pairs / 1e6):
        faults.append(f"{disk:.0f} MB on disk, more than {_DISK_MB:.0f}")
    if restart > _RESTART_S:
        faults.append(f"{restart:.2f} s to the first record, more than {_RESTART_S:.0f}")
    return {
        "pairs": rows,
        "disk_mb": round(disk, 1),
        "pair_us": round(1e6 * wrote / max(1, rows), 1),
        "restart_s": round(restart, 3),
        "miss_us": round(1e6 * took / max(1, judged), 1),
        "rows_in_memory": held,
        "memory_mb": round(memory, 1),
        "faults": faults,
    }


def _write(path: Path, pairs: int) -> int:
    store = SqliteStore(path)
    for first in range(0, pairs // _EACH, 200):
        with store.writing(Turn.INTAKE) as db:
            for number in range(first, min(first + 200, pairs // _EACH)):
                keep(db, f"record-{number}", _evidence(number))
        store.tidy()
    rows: int = store.reader.execute(
        "SELECT count(*) FROM baseline b JOIN baseline_texts t ON t.key = b.feature"
    ).fetchone()[0]
    store.reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    store.close()
    return rows


def _actor(number: int) -> Actor:
    arn = f"arn:aws:iam::{_ACCOUNT}:user/person-{number:06}"
    return Actor(principal=arn, name=f"person-{number:06}", kind="IAMUser")


def _evidence(number: int) -> Evidence:
    who = caller(_actor(number), _ACCOUNT, service=False)
    touches = []
    for place in range(_EACH):
        dimension = _DIMENSIONS[place % len(_DIMENSIONS)]
        value = (number * 31 + place * place * 7 + place) % _VALUES[dimension]
        one = feature(dimension, f"{dimension}-{place}-{value}")
        text = f"{dimension} {one.value}"
        # The peers' rows are few; only the principal's own are what is counted here.
        touches.append(Touch(who.scopes[:1], one.total, one.feature, _HOUR + place, text))
    names = ((who.scopes[0], f"principal {_ACCOUNT} {who.actor.principal}"),)
    return Evidence(half_life=720.0, touches=tuple(touches), names=names)


def _entry(number: int) -> Entry:
    arn = _actor(number).principal
    body = {
        "eventID": f"bench-{number}",
        "eventTime": "2026-01-05T10:00:00Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": "ListUsers",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2",
        "recipientAccountId": _ACCOUNT,
        "userIdentity": {"type": "IAMUser", "arn": arn, "userName": f"person-{number:06}"},
    }
    raw = msgspec.json.encode(body)
    core = msgspec.json.decode(raw, type=Core)
    assert isinstance(core.who, Who)
    return Entry("bench", str(number), raw, core)
