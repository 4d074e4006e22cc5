"""Telling apart what arrives on a queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.aws.messages import ObjectRef, Part, read_message
from bot.bench.load import emergency_login, instance_id
from bot.demo.aws.routes import envelope, notification, topic_message
from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits
from bot.detection.record import read as read_blob
from bot.model import Unreadable
from bot.ports import Blob

ENGINE = Engine(sigma.load())
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
RECORD = {"eventSource": "connect.amazonaws.com", "eventName": "DeleteInstance", "eventID": "1"}
KEY = "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/22/a.json.gz"


def read(message: object) -> tuple[Part, ...]:
    body = message if isinstance(message, str) else json.dumps(message)
    return read_message(body, "message 1 of queue")


def notified(key: str) -> dict[str, object]:
    return notification("trail", key, 10, "eu-central-1", AT)


def wrapped(inner: Mapping[str, object]) -> dict[str, object]:
    return topic_message(inner, "eu-central-1", AT)


@pytest.mark.parametrize("key", [KEY, "a b/c+d.gz", "é/日本 %2F.gz", "a=b&c;d", "plus++"])
def test_a_notified_key_is_decoded(key: str) -> None:
    """S3 encodes keys, slashes and all; we fetch the key as it was written."""
    assert read(notified(key)) == (ObjectRef("trail", key),)


@pytest.mark.parametrize("key", ["a+b c%20d.gz", KEY])
def test_other_routes_write_keys_as_they_are(key: str) -> None:
    """CloudTrail's own messages and EventBridge do not encode keys."""
    detail = {"bucket": {"name": "trail"}, "object": {"key": key}}
    event = {"detail-type": "Object Created", "source": "aws.s3", "detail": detail}
    assert read({"s3Bucket": "trail", "s3ObjectKey": [key]}) == (ObjectRef("trail", key),)
    assert read(event) == (ObjectRef("trail", key),)


def test_every_record_of_a_notification_counts() -> None:
    """A notification with three records names three objects, in their order."""
    records = [notified(f"{place}.gz")["Records"][0] for place in range(3)]  # type: ignore[index]  # a list
    keys = [part.key for part in read({"Records": records}) if isinstance(part, ObjectRef)]
    assert keys == ["0.gz", "1.gz", "2.gz"]


@pytest.mark.parametrize("inner", [notified(KEY), {"s3Bucket": "trail", "s3ObjectKey": [KEY]}])
def test_sns_is_unwrapped(inner: dict[str, object]) -> None:
    """An SNS envelope changes nothing about what is in it."""
    assert read(wrapped(inner)) == read(inner) == (ObjectRef("trail", KEY),)


def test_an_eventbridge_envelope_is_records() -> None:
    """A CloudTrail event comes as it is, alone or through SNS."""
    body = json.dumps(envelope(RECORD))
    assert read(body) == (Blob(where="message 1 of queue", body=body.encode()),)
    (inside,) = read(wrapped(envelope(RECORD)))
    assert isinstance(inside, Blob)
    assert json.loads(inside.body)["detail"] == RECORD


def test_a_sign_in_event_is_records() -> None:
    """Console sign-ins come under a detail-type of their own."""
    sign_in = envelope({**RECORD, "eventType": "AwsConsoleSignIn"})
    assert sign_in["detail-type"] == "AWS Console Sign In via CloudTrail"
    assert isinstance(read(sign_in)[0], Blob)


@pytest.mark.parametrize("message", [RECORD, [RECORD], {"Records": [RECORD]}])
def test_bare_records_are_records(message: object) -> None:
    """An input transformer or a pipe may send records without any envelope."""
    assert isinstance(read(message)[0], Blob)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("a\ud800b", "connect_emergency_access"),
        ("a\x01b", "connect_emergency_access"),
        ("deep", "it is nested too deeply"),
        ("cut", "it is cut off"),
    ],
)
def test_an_odd_record_is_judged_or_named_by_the_reader(agent: str, said: str) -> None:
    """Half a surrogate pair must not hide an emergency login; JSON that is damaged is named."""
    event = json.dumps(envelope(emergency_login("mallory", instance_id(1)) | {"userAgent": agent}))
    event = event.replace("\\u0001", "\x01").replace('"deep"', "[" * 5_000 + "]" * 5_000)
    (blob,) = read(event[:-40] if agent == "cut" else event)

    assert isinstance(blob, Blob)
    found = [
        [one.rule for one in ENGINE.judge(entry)] if isinstance(entry, Entry) else [entry.reason]
        for entry in read_blob(blob, Limits())
    ]
    assert [said] in found


TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "trail"}
DIGEST = "AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/11/22/d.json.gz"
REMOVED = {"eventName": "ObjectRemoved:Delete", "s3": {"bucket": {"name": "b"}, "object": {}}}


@pytest.mark.parametrize(
    "message",
    [
        TEST_EVENT,
        wrapped(TEST_EVENT),
        "CloudTrail validation message.",
        notified(DIGEST),
        notified("AWSLogs/"),
        {"Records": [REMOVED]},
        {"detail-type": "Object Deleted", "source": "aws.s3", "detail": {}},
    ],
)
def test_what_holds_no_records_is_passed_over(message: object) -> None:
    """Test messages, digests, folder marks and deletions are neither records nor faults."""
    assert read(message) == ()


def test_insight_files_are_fetched() -> None:
    """A near miss of the digest: CloudTrail-Insight holds events."""
    key = DIGEST.replace("Digest", "Insight")
    assert read(notified(key)) == (ObjectRef("trail", key),)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("not JSON", "not JSON"),
        ("", "not JSON"),
        ({"hello": 1}, "unknown kind"),
        (17, "unknown kind"),
        ({"detail-type": "Amazon Connect Contact Event", "detail": {}}, "Connect Contact Event"),
        ({"s3Bucket": "b", "s3ObjectKey": [""]}, "no bucket or no key"),
        ({"Records": [{"s3": {}}]}, "no bucket or no key"),
        ({"Records": [notified(KEY)["Records"][0], 5]}, "unknown kind"),  # type: ignore[index]  # a list
        ({"Type": "SubscriptionConfirmation", "TopicArn": "t", "Message": "m"}, "confirmed"),
        (wrapped(wrapped(wrapped(wrapped(RECORD)))), "wrapped too often"),
    ],
)
def test_what_is_not_understood_is_kept_with_a_sample(message: object, reason: str) -> None:
    """It is named and its first bytes are kept: nothing is dropped in silence."""
    bad = [part for part in read(message) if isinstance(part, Unreadable)]
    assert [reason in part.reason for part in bad] == [True]
    text = message if isinstance(message, str) else json.dumps(message)
    assert len(bad[0].sample) <= 500
    assert bad[0].sample[:5] == text.encode()[:5] or "wrapped" in reason


WORDS = ["Records", "s3", "bucket", "name", "object", "key", "detail", "detail-type", "source"]
WORDS += ["Message", "TopicArn", "Type", "s3Bucket", "s3ObjectKey", "Event", "eventName"]
LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(WORDS)


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(WORDS) | st.text()
    return st.lists(inner) | st.dictionaries(names, inner) | inner.map(json.dumps)


@given(st.recursive(LEAVES, _grow, max_leaves=30))
def test_no_json_makes_it_raise(message: object) -> None:
    """Whatever JSON arrives, what comes back are objects, blobs and things named unreadable."""
    for part in read(json.dumps(message)):
        assert isinstance(part, ObjectRef | Blob | Unreadable)


@given(st.text(st.characters(codec=None)))
def test_no_text_makes_it_raise(body: str) -> None:
    """Whatever text arrives, lone surrogates too, nothing is raised."""
    assert isinstance(read(body), tuple)
