"""A pack with one correlation, made up for a test, and records that may complete it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import yaml

from bot.detection import sigma
from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.engine import Engine
from bot.detection.rule import RuleSet
from bot.model import Finding
from tests.detection.made import entry, record

LOGSOURCE = {"product": "aws", "service": "cloudtrail"}


def base(name: str, event: str, **more: object) -> dict[str, object]:
    """A base rule that matches records of this eventName."""
    detection = {"one": {"eventName": event}, "condition": "one"}
    return {
        "title": name,
        "name": name,
        "level": "low",
        "logsource": LOGSOURCE,
        "detection": detection,
        **more,
    }


def chain(kind: str = "temporal_ordered", **more: object) -> dict[str, object]:
    """A correlation over the rules `first` and `second`, by actor, within an hour."""
    correlation: dict[str, object] = {
        "type": kind,
        "rules": ["first", "second"],
        "group-by": ["actor"],
        "timespan": "1h",
    }
    correlation |= more
    correlation = {key: value for key, value in correlation.items() if value is not None}
    return {"title": "Both by {one}", "name": "both", "level": "high", "correlation": correlation}


def written(folder: Path, *documents: object, name: str = "both") -> Path:
    """*documents* in one file of *folder*."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
    return folder


def rules(tmp_path: Path, kind: str = "temporal_ordered", **more: object) -> RuleSet:
    """The rules of a user's file with `chain` and its two base rules, and no pack of ours."""
    (tmp_path / "pack").mkdir(exist_ok=True)
    theirs = written(
        tmp_path / "theirs", base("first", "A"), base("second", "B"), chain(kind, **more)
    )
    return sigma.load([theirs], pack=tmp_path / "pack")


def call(name: str, minute: float, number: int = 0, **fields: object) -> dict[str, object]:
    """A record of eventName *name* at so many minutes past ten."""
    hour, left = divmod(round(minute * 60), 3600)
    at = f"2026-11-22T{10 + hour:02d}:{left // 60:02d}:{left % 60:02d}Z"
    key = f"{name} {minute} {number} {msgspec.json.encode(fields).decode()}"
    return record(name, **{"eventTime": at, "eventID": key, **fields})


def said(
    found: RuleSet, records: Iterable[dict[str, object]], now: str = "2026-11-22T12:00:00.000Z"
) -> list[Finding]:
    """What the correlations say of *records* that come in this order, each finding once."""
    engine, window = Engine(found), ChainWindow(Chains(found))
    findings: dict[str, Finding] = {}
    for one in records:
        for finding in window.judge(engine.look(entry(one)).hits, now):
            findings.setdefault(finding.id, finding)
    return list(findings.values())
