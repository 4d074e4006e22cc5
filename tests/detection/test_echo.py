"""Repeats that tell a correlation nothing new may be left out, and only those."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.detection import sigma
from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.echo import echoes
from bot.detection.engine import Engine
from bot.detection.record import Limits, Run, gather
from bot.detection.rule import RuleSet
from bot.model import Unreadable
from tests.detection.chains import base, call, chain, rules, said, written
from tests.detection.made import SHARED, Text

NOW = "2026-11-22T12:00:00.000Z"
CALLERS = (
    {
        "type": "IAMUser",
        "arn": "arn:aws:iam::111122223333:user/mallory",
        "userName": "mallory",
        "accessKeyId": "AKIAIOSFODNN7MALLORY",
    },
    {
        "type": "IAMUser",
        "arn": "arn:aws:iam::111122223333:user/alice",
        "userName": "alice",
        "accessKeyId": "AKIAIOSFODNN7EXALICE",
    },
    {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accessKeyId": "AKIAIOSFODNN7EXROOT"},
    {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "one"}, "accessKeyId": "ASIAONE"},
    {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "two"}, "accessKeyId": "ASIATWO"},
    {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/carol", "userName": "carol"},
    {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/d", "accessKeyId": "null"},
)


def swept(found: RuleSet, records: list[dict[str, object]]) -> tuple[set[str], int]:
    """(ids of what correlations say of *records* read as a file, how many hits they were told)."""
    engine, window = Engine(found), ChainWindow(Chains(found))
    said, hits = set(), 0
    for one in gather(Text(json.dumps({"Records": records}).encode()), Limits()):
        assert not isinstance(one, Unreadable)
        for look in engine.sweep(one) if isinstance(one, Run) else [engine.look(one)]:
            hits += len(look.hits)
            said |= {finding.id for finding in window.judge(look.hits, NOW)}
    return said, hits


def values(tmp_path: Path, **more: object) -> RuleSet:
    """Three different values of a field by one actor within half an hour."""
    condition = {"field": more.pop("field", "event_name"), "gte": 3}
    return rules(
        tmp_path,
        "value_count",
        **{"timespan": "30m", "condition": condition, "rules": ["first"], **more},
    )


def test_a_busy_caller_is_told_of_once_a_slot(tmp_path: Path) -> None:
    """Ten calls within a slot of 90 seconds count as one, those of ten slots as ten."""
    found = values(tmp_path)
    caller = CALLERS[0]

    within = [call("A", 1 + n / 100, n, userIdentity=caller) for n in range(10)]
    over = [call("A", 1.5 * n, n, userIdentity=caller) for n in range(10)]

    assert swept(found, within)[1] == 1
    assert swept(found, over)[1] == 10


@pytest.mark.parametrize(
    "more",
    [
        {"field": "target"},
        {"group-by": ["instance"]},
        {"group-by": ["requestParameters.UserId"]},
        {"type": "event_count", "condition": {"gte": 3}},
        {"type": "temporal", "rules": ["first", "second"], "condition": None},
    ],
)
def test_what_the_first_look_does_not_show_is_never_an_echo(
    tmp_path: Path, more: dict[str, object]
) -> None:
    """Another target, another instance, or each record for itself."""
    found = values(tmp_path, **more)

    assert echoes(found.rules, found.correlations) == {}
    assert swept(found, [call("A", 1, n, userIdentity=CALLERS[0]) for n in range(5)])[1] == 5


def test_a_call_that_did_not_match_makes_no_echo(tmp_path: Path) -> None:
    """Only the whole record says whether it does, and what the first one says is its own."""
    outside = {"one": {"eventName": "A"}, "in": {"vpcEndpointId|exists": True}}
    detection = {**outside, "condition": "one and not in"}
    many = chain(
        "value_count",
        rules=["first"],
        condition={"field": "source_ip", "gte": 2},
        **{"group-by": ["userIdentity.sessionContext.attributes.creationDate"]},
    )
    theirs = written(tmp_path / "theirs", base("first", "A", detection=detection), many)
    (tmp_path / "pack").mkdir()
    found = sigma.load([theirs], pack=tmp_path / "pack")
    session = {"attributes": {"creationDate": "2026-11-22T09:00:00Z"}}
    caller = {**CALLERS[0], "sessionContext": session}
    inside = call("A", 1, userIdentity=caller, vpcEndpointId="vpce-1")
    outsiders = [call("A", 1, n, userIdentity=caller) for n in range(3)]

    assert swept(found, [inside, *outsiders])[1] == 1
    assert swept(found, [inside, inside])[1] == 0


@pytest.mark.parametrize("caller", CALLERS[2:])
def test_who_is_not_told_apart_at_the_first_look_has_no_echo(
    tmp_path: Path, caller: dict[str, object]
) -> None:
    """Connect writes its own calls down as the root user's; names of others stand elsewhere."""
    found = values(tmp_path)

    assert swept(found, [call("A", 1, n, userIdentity=caller) for n in range(5)])[1] == 5


CALLS = st.builds(
    lambda at, who, region, error: call(
        "A",
        at / 12,
        awsRegion=f"r-{region}",
        userIdentity=CALLERS[who],
        errorCode="AccessDenied" if error else None,
    ),
    st.integers(0, 600),
    st.integers(0, len(CALLERS) - 1),
    st.integers(0, 3),
    st.booleans(),
)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(CALLS, max_size=40))
def test_the_same_is_said(tmp_path: Path, records: list[dict[str, object]]) -> None:
    """With and without echoes, whoever calls when."""
    for number, field in enumerate(("region", "errorCode")):
        (tmp_path / str(number)).mkdir(exist_ok=True)
        found = values(tmp_path / str(number), field=field)

        assert swept(found, records)[0] == {one.id for one in said(found, records, NOW)}


@pytest.mark.skipif(not SHARED.is_dir(), reason="records made by others are not here")
@pytest.mark.parametrize("folder", sorted(SHARED.glob("*/records.jsonl.gz")), ids=str)
def test_the_same_is_said_of_records_made_by_others(folder: Path) -> None:
    """By all correlations of ours."""
    found = sigma.load()
    records = [json.loads(line) for line in gzip.decompress(folder.read_bytes()).splitlines()]

    assert swept(found, records)[0] == {one.id for one in said(found, records, NOW)}
