"""A flood of records about many rules, actors and instances, with a few critical ones in it."""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bot.bench import load
from bot.demo.stage import Stage
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read
from bot.ports import Blob
from bot.settings import RulesSettings
from bot.wiring import read_rules

EVENTS = (
    *("AssociateLambdaFunction", "AssociateLexBot", "AssociateQueueQuickConnects"),
    *("ClaimPhoneNumber", "CreateAgentStatus", "CreateContactFlow", "CreateHoursOfOperation"),
    *("CreatePrompt", "CreateQueue", "CreateQuickConnect", "CreateRoutingProfile", "CreateUser"),
    *("DeleteContactFlow", "DeleteUser", "UpdateContactFlowContent", "UpdateQueueStatus"),
    *("UpdateUserHierarchy", "UpdateUserIdentityInfo", "UpdateUserPhoneConfig"),
    "UpdateUserRoutingProfile",
)
"""Calls of many sorts; the bench has a rule for each, and ours that speak of them are off."""

LEVELS = ("high", "medium", "low")
ACTORS = 300
PIECE = 0.5
"""Seconds between two files: CloudTrail too delivers in pieces."""

_RULE = """\
title: {event} by somebody
name: bench_{number:02}
id: {id}
status: test
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection:
    eventSource: connect.amazonaws.com
    eventName: {event}
  condition: selection
level: {level}
callwarden:
  headline: "{{actor}} used {event}"
  fold_by: [actor, instance]
"""


class Flood(Struct, frozen=True, kw_only=True):
    """What was sent: *criticals* are actor → when (steady clock); *ended* is when the last went."""

    records: int
    criticals: dict[str, float]
    began: float
    ended: float


def prepare(stage: Stage, *, calm: int) -> None:
    """A rule for each of `EVENTS`, none critical, each record speaking once, in *stage*'s settings;
    *calm* seconds end a storm."""
    write_rules(stage.folder / "rules")
    off = json.dumps(_ours())
    added = (
        f'\n[rules]\nfolders = ["rules"]\ndisabled = {off}\n\n[baseline]\nenabled = false\n'
        f"\n[storm]\ncalm_seconds = {calm}\n"
    )
    stage.config.write_text(stage.config.read_text(encoding="utf-8") + added, encoding="utf-8")


def _ours() -> list[str]:
    """Our own rules and correlations that speak of these records: more than one finding each would
    blur the counts."""
    rules = read_rules(RulesSettings(), Path(), patient=False)
    engine = Engine(rules)
    records = json.dumps({"Records": [record(event, "somebody", 0) for event in EVENTS]})
    blob = Blob(where="the flood", body=records.encode())
    entries = [one for one in read(blob, Limits()) if isinstance(one, Entry)]
    speaking = {finding.rule for one in entries for finding in engine.judge(one)}
    return sorted(speaking | {one.name for one in rules.correlations})


def write_rules(folder: Path) -> None:
    """A rule for each of `EVENTS`, none of them critical."""
    folder.mkdir()
    for number, event in enumerate(EVENTS):
        text = _RULE.format(
            event=event, number=number, id=uuid.uuid4(), level=LEVELS[number % len(LEVELS)]
        )
        (folder / f"bench_{number:02}.yml").write_text(text, encoding="utf-8")


def record(event: str, actor: str, channel: int) -> dict[str, object]:
    """*actor* uses *event* on the instance of that channel."""
    return load.emergency_login(actor, load.instance_id(channel)) | {"eventName": event}


def deliver(stage: Stage, records: Sequence[object]) -> None:
    """As a file in the trail's bucket."""
    at = datetime.now(UTC)
    stage.aws.deliver(records, account=load.ACCOUNT, region="eu-central-1", at=at)


def pour(
    stage: Stage, *, records: int, seconds: float, criticals: int, chance: random.Random
) -> Flood:
    """*records* over *seconds*, a file at a time, with *criticals* at moments of their own."""
    began = time.monotonic()
    moments = sorted(chance.uniform(0.05, 0.95) * seconds for _ in range(criticals))
    pieces = max(1, round(seconds / PIECE))
    sent: dict[str, float] = {}
    for piece in range(pieces):
        share = records * (piece + 1) // pieces - records * piece // pieces
        deliver(stage, [_any(chance) for _ in range(share)])
        due = began + seconds * (piece + 1) / pieces
        while moments and began + moments[0] <= due:
            _wait(began + moments.pop(0))
            actor = f"critical-{len(sent):03}"
            sent[actor] = time.monotonic()
            where = load.instance_id(chance.randrange(len(load.CHANNELS)))
            stage.aws.send_event(load.emergency_login(actor, where))
        _wait(due)
    return Flood(records=records, criticals=sent, began=began, ended=time.monotonic())


def _any(chance: random.Random) -> dict[str, object]:
    return record(
        chance.choice(EVENTS),
        f"person-{chance.randrange(ACTORS):03}",
        chance.randrange(len(load.CHANNELS)),
    )


def _wait(until: float) -> None:
    time.sleep(max(0.0, until - time.monotonic()))
