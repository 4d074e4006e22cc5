"""Whatever comes in, nothing crashes and nothing is dropped without a word."""

from __future__ import annotations

import gzip
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read, to_record
from bot.model import Unreadable
from tests.detection.made import LIMITS, Text, body, record

ENGINE = Engine(sigma.load())
# fmt: off
KEYS = st.sampled_from((
    "eventName", "eventSource", "eventID", "eventTime", "userIdentity", "requestParameters",
    "sessionContext", "type", "sessionIssuer", "arn", "userName", "principalId",
    "sharedEventID", "errorCode", "InstanceId", "UserId", "name", "detail", "Message",
    "Records", "Events", "CloudTrailEvent", "eventname", "useridentity", "requestparameters",
))
# fmt: on
WORDS = st.one_of(
    st.sampled_from(
        ["connect.amazonaws.com", "DeleteInstance", "AssumedRole", "null", "arn:", "{"]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(KEYS, WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)


def judge_all(text: bytes, limits: Limits = LIMITS) -> int:
    """Read, decode and judge everything; how many things came of it."""
    count = 0
    for found in read(Text(text), limits):
        count += 1
        if isinstance(found, Entry):
            made = to_record(found)
            assert made.id
            json.dumps([made.headline for made in ENGINE.judge(found)]).encode()
            for word in (made.name, made.actor.name, made.actor.principal, made.target, made.time):
                word.encode()
        else:
            assert isinstance(found, Unreadable)
            assert found.where.startswith("file.json")
            assert found.reason
    return count


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(text: bytes) -> None:
    """Random bytes are read, or named as unreadable."""
    assert judge_all(text) > 0


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_behind_gzip(text: bytes) -> None:
    """Likewise where they claim to be gzip, and where they are."""
    assert judge_all(b"\x1f\x8b" + text) > 0
    assert judge_all(gzip.compress(text)) > 0


@settings(deadline=None)
@given(st.integers(0, 2_000), st.integers(0, 2_000), st.binary(max_size=3))
def test_any_damage(start: int, length: int, instead: bytes) -> None:
    """A file with a piece cut out or replaced gives its whole records and names the rest."""
    whole = body(record("One"), record("Two"), record("Three"))

    assert judge_all(whole[:start] + instead + whole[start + length :]) > 0


@settings(deadline=None)
@given(VALUES)
def test_any_record(value: object) -> None:
    """Any JSON value in a record's place is read and judged, or named; its neighbour is read."""
    text = json.dumps({"Records": [value, record("StopLogging")]}).encode()

    assert judge_all(text) >= 1
    entries = [one for one in read(Text(text), LIMITS) if isinstance(one, Entry)]
    assert "StopLogging" in [one.core.name for one in entries]


@settings(deadline=None)
@given(st.dictionaries(KEYS.filter(lambda key: key != "Records"), VALUES, max_size=6))
def test_any_fields(fields: dict[str, object]) -> None:
    """A record with any of its fields replaced by anything is one record."""
    made = {**record(), "eventID": "e-1", **fields}

    assert judge_all(json.dumps(made).encode()) == 1
