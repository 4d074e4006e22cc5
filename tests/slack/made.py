"""Values for tests of cards: one ordinary of each, and strategies for hostile ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from bot.model import (
    Actor,
    Alert,
    AlertState,
    Ask,
    Aspect,
    Backtest,
    Choice,
    Clause,
    Decision,
    Exemption,
    ExemptionState,
    Level,
    Mark,
    Offer,
    Person,
    Record,
    Release,
    Scope,
    Seen,
    Snooze,
    SnoozeState,
    Storm,
    Tally,
    Verb,
    Verdict,
)

ANA = Person(user="U0ANA", team="T0HOME", name="ana")
BEN = Person(user="U0BEN", team="T0HOME", name="ben")
INSTANCE = "12345678-90ab-cdef-1234-567890abcdef"
INSTANCES = {INSTANCE: "Hotline EU"}
AT = "2026-11-22T10:03:11.000Z"
LATER = "2026-11-22T10:05:00.000Z"

ALERT = Alert(
    id="A-7K2QF",
    rule="connect_emergency_access",
    level=Level.CRITICAL,
    headline="mallory opened emergency access to Hotline EU",
    why="It bypasses the identity provider, MFA and IP allow-lists.",
    fold_key="fold",
    target_key="target",
    anchor=AT,
    first_time=AT,
    last_time=AT,
    opened_at=AT,
    runbook=("Look for an approved request.", "Ask the actor."),
    tags=("attack.t1078.004",),
    actor=Actor(
        principal="arn:aws:iam::111122223333:role/Admin/mallory",
        name="mallory",
        kind="AssumedRole",
    ),
    account="111122223333",
    region="eu-central-1",
    instance=INSTANCE,
    event_source="connect.amazonaws.com",
    event_name="AdminGetEmergencyAccessToken",
    source_ip="203.0.113.7",
    channel="C0ALERTS",
)
TAKEN = msgspec.structs.replace(ALERT, state=AlertState.TAKEN, taken=Mark(by=ANA, at=LATER))
RESOLVED = msgspec.structs.replace(
    TAKEN,
    state=AlertState.RESOLVED,
    resolved=Mark(by=BEN, at=LATER),
    verdict=Verdict.FALSE_POSITIVE,
    note="a drill <!here>",
)


def record(raw: dict[str, Any] | None = None, **changes: Any) -> Record:
    """A record of the alert; *raw* is what AWS wrote."""
    plain = Record(
        id="e-1",
        key="e-1",
        raw=json.dumps(raw or {"eventName": ALERT.event_name}).encode(),
        time=AT,
        source=ALERT.event_source,
        name=ALERT.event_name,
        region=ALERT.region,
        account=ALERT.account,
        actor=ALERT.actor,
        source_ip=ALERT.source_ip,
        instance=INSTANCE,
    )
    return msgspec.structs.replace(plain, **changes)


def decision(verb: Verb = Verb.TAKE, by: Person = ANA, **changes: Any) -> Decision:
    """An accepted decision about the alert."""
    ask = Ask(key=f"{verb}-1", verb=verb, alert=ALERT.id, by=by, at=LATER)
    return Decision(
        ask=msgspec.structs.replace(ask, **changes),
        accepted=True,
        reason=str(verb),
        sentence=f"{ALERT.id} is yours.",
    )


def snooze(**changes: Any) -> Snooze:
    """Ana keeps the rule quiet for the alert's actor."""
    on = Snooze(
        id="SN-7K2QF",
        alert=ALERT.id,
        rule=ALERT.rule,
        level=ALERT.level,
        headline=ALERT.headline,
        scope=Scope.RULE_ACTOR,
        key="k",
        hours=8,
        reason="a drill",
        by=ANA,
        at=AT,
        seen=Seen(),
        until=LATER,
    )
    return msgspec.structs.replace(on, **changes)


# ── hostile text ────────────────────────────────────────────────────────────

FRAGMENTS = (
    "<!channel>",
    "<!here|x>",
    "<@U1ABCDEF>",
    "<#C123>",
    "<https://evil.example|bank>",
    "https://evil.example",
    "&lt;!channel&gt;",
    "&amp;",
    "&",
    "<",
    ">",
    "`",
    "```",
    "*bold*",
    "_italic_",
    "~gone~",
    ":smile:",
    ":a::b:",
    "\n> quoted",
    "\r\n",
    "\u202egnp.exe",
    "\u2066",
    "\u200b",
    "\u2800",
    "\x00\x1b[31m",
    "\ud800",
    "e\u0301\u0301\u0301\u0301\u0301\u0301",
    " · ",
    "@channel",
)
hostile = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=8).map("".join)
long_hostile = st.builds(
    lambda text, times: (text * times)[:3500], hostile, st.sampled_from((1, 1, 40, 900))
)
people = st.builds(
    Person, user=st.just("U0ANA") | hostile, team=st.just("T0HOME"), name=long_hostile
)
marks = st.none() | st.builds(Mark, by=people, at=st.just(AT) | hostile)
times = st.just(AT) | hostile
news_lines = long_hostile | long_hostile.map(lambda text: f"{text} ({AT})")
actors = st.builds(
    Actor,
    principal=long_hostile,
    name=long_hostile,
    kind=hostile,
    connect_user=st.none() | long_hostile,
)
any_alert = st.builds(
    Alert,
    id=st.just(ALERT.id),
    rule=long_hostile,
    level=st.sampled_from(Level),
    headline=long_hostile,
    why=long_hostile,
    fold_key=st.just(""),
    target_key=st.just(""),
    anchor=times,
    first_time=times,
    last_time=times,
    opened_at=times,
    runbook=st.lists(long_hostile, max_size=6).map(tuple),
    tags=st.lists(hostile, max_size=6).map(tuple),
    state=st.sampled_from(AlertState),
    count=st.integers(1, 10**6),
    replays=st.integers(0, 9),
    actor=actors,
    account=hostile,
    region=hostile,
    instance=st.just(INSTANCE) | long_hostile,
    target=long_hostile,
    event_name=long_hostile,
    source_ip=long_hostile,
    origin=long_hostile,
    error_code=long_hostile,
    news=st.lists(news_lines, max_size=40).map(tuple),
    taken=marks,
    resolved=marks,
    reopened=marks,
    released=st.none() | st.builds(Release, held=st.just("SN-7K2QF"), why=long_hostile, at=times),
    verdict=st.none() | st.sampled_from(Verdict),
    note=long_hostile,
)
any_record = st.builds(
    Record,
    id=long_hostile,
    key=st.just("k"),
    raw=long_hostile.map(lambda text: json.dumps({"requestParameters": {"name": text}}).encode()),
    time=times,
    source=long_hostile,
    name=long_hostile,
    actor=actors,
    user_agent=long_hostile,
    error_code=hostile,
    error_message=long_hostile,
    target=long_hostile,
)
any_decision = st.builds(
    Decision,
    ask=st.builds(
        Ask,
        key=st.just("k"),
        verb=st.sampled_from(tuple(Verb)),
        alert=st.just(ALERT.id),
        by=people,
        at=times,
        verdict=st.none() | st.sampled_from(Verdict),
        note=long_hostile,
        to=st.none() | people,
    ),
    accepted=st.just(True),
    reason=st.just("taken"),
    sentence=long_hostile,
)


any_snooze = st.builds(
    Snooze,
    id=st.just("SN-7K2QF"),
    alert=st.just(ALERT.id),
    rule=hostile,
    level=st.sampled_from(Level),
    headline=long_hostile,
    scope=st.sampled_from(Scope),
    key=st.just("k"),
    hours=st.sampled_from((1, 8, 24, 168)),
    reason=long_hostile,
    by=people,
    at=times,
    seen=st.just(Seen()),
    state=st.sampled_from(SnoozeState),
    until=times,
    agreed=marks,
    ended=marks,
    why=long_hostile,
    findings=st.integers(0, 10_000),
    alerts=st.integers(0, 10_000),
)

any_conditions = st.lists(
    st.builds(
        Clause, aspect=st.sampled_from(Aspect), value=long_hostile, field=st.just("eventName")
    ),
    max_size=5,
    unique_by=lambda one: one.aspect,
).map(tuple)
any_backtest = st.builds(
    Backtest,
    found=st.integers(0, 10_000),
    hidden=st.integers(0, 10_000),
    days=st.integers(0, 10_000),
    stays=st.lists(news_lines, max_size=5).map(tuple),
)
any_exemption = st.builds(
    Exemption,
    id=st.just("EX-7K2QF"),
    alert=st.just(ALERT.id),
    rule=long_hostile,
    level=st.sampled_from(Level),
    headline=long_hostile,
    actor=actors,
    conditions=any_conditions,
    days=st.sampled_from((30, 90, 180)),
    reason=long_hostile,
    by=people,
    at=times,
    state=st.sampled_from(ExemptionState),
    until=times,
    agreed=marks,
    ended=marks,
    why=long_hostile,
    hits=st.integers(0, 10_000),
    last_hit=times,
    sigma=long_hostile,
    backtest=any_backtest,
)
any_offer = st.builds(
    Offer,
    choices=any_conditions.filter(bool).map(
        lambda found: tuple(Choice(condition=one, name=one.value, hidden=3) for one in found)
    ),
    test=any_backtest,
)


any_storm = st.builds(
    Storm,
    id=st.just("ST-7K2QF0"),
    channel=st.just("C0ALERTS"),
    began_at=times,
    ended_at=st.just("") | times,
)
_frequent = st.lists(st.tuples(long_hostile, st.integers(1, 10_000)), max_size=5).map(tuple)
any_tally = st.builds(
    Tally,
    alerts=st.integers(0, 10_000),
    findings=st.integers(0, 10**6),
    unresolved=st.dictionaries(st.sampled_from(Level), st.integers(0, 10_000)),
    rules=_frequent,
    every_rule=st.integers(0, 10_000),
    actors=_frequent,
    every_actor=st.integers(0, 10_000),
)


# ── reading what was drawn ──────────────────────────────────────────────────


def texts(node: Any, kind: str) -> Iterator[str]:
    """The text of every text object of *kind* in a message or view."""
    if isinstance(node, dict):
        if node.get("type") == kind and isinstance(node.get("text"), str):
            yield node["text"]
        for inner in node.values():
            yield from texts(inner, kind)
    elif isinstance(node, list):
        for inner in node:
            yield from texts(inner, kind)


def buttons(drawn: Any) -> list[tuple[str, str]]:
    """(action id, value) of every button, in order."""
    found: list[tuple[str, str]] = []
    for block in drawn["blocks"]:
        elements = [*block.get("elements", []), block.get("accessory") or {}]
        found += [(e["action_id"], e["value"]) for e in elements if e.get("type") == "button"]
    return found


def schema_faults(drawn: Any, definition: str) -> list[str]:
    """What Slack's published types say against *drawn*; skips where the schema is absent."""
    file = Path(__file__).parents[3] / "shared" / "schemas" / "slack-blockkit.schema.json"
    if not file.is_file():
        pytest.skip("Slack's published types are not at hand")
    definitions = json.loads(file.read_text(encoding="utf-8"))["definitions"]
    schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions}
    return [error.message for error in Draft7Validator(schema).iter_errors(drawn)]
