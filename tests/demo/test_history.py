"""The stand-in for LookupEvents keeps to botocore's model and to what AWS says of its limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bot.demo.aws.history import EventHistory
from bot.demo.aws.modelled import Modelled

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Seconds:
    """A timer that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def history(seconds: Seconds) -> EventHistory:
    history = EventHistory(lambda: NOW, seconds)
    for number in range(120):
        history.write(record(number))
    return history


@pytest.fixture
def server(history: EventHistory) -> Iterator[Modelled]:
    with history.server() as server:
        yield server


@pytest.fixture
def client(server: Modelled) -> Any:
    return boto3.client(
        "cloudtrail",
        endpoint_url=server.endpoint_url,
        region_name="eu-central-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def record(number: int, **more: object) -> dict[str, Any]:
    """The *number*-th call, so many seconds before now."""
    return {
        "eventTime": f"{NOW - timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
        "eventID": f"event-{number}",
        "eventName": "ListUsers" if number % 2 else "CreateUser",
        "eventSource": "connect.amazonaws.com",
        "userIdentity": {"userName": "alex", "accessKeyId": "AKIAEXAMPLE"},
        "readOnly": bool(number % 2),
        **more,
    }


def code(client: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as caught:
        client.lookup_events(**asked)
    return str(caught.value.response["Error"]["Code"])


def test_pages_are_fifty_newest_first(client: Any, seconds: Seconds) -> None:
    """boto3's own paginator reads them all; the record stands in the event as a string."""
    found = []
    for page in client.get_paginator("lookup_events").paginate():
        seconds.now += 1
        found += page["Events"]
        assert len(page["Events"]) <= 50
    assert [event["EventId"] for event in found] == [f"event-{number}" for number in range(120)]
    assert json.loads(found[0]["CloudTrailEvent"])["eventID"] == "event-0"
    assert found[3]["EventTime"] == NOW - timedelta(seconds=3)


def test_both_ends_of_a_range_belong_to_it(client: Any) -> None:
    """Whoever reads stretch after stretch sees what is on the border twice."""
    events = client.lookup_events(
        StartTime=NOW - timedelta(seconds=5), EndTime=NOW - timedelta(seconds=3)
    )["Events"]
    assert [event["EventId"] for event in events] == ["event-3", "event-4", "event-5"]


@pytest.mark.parametrize(
    ("key", "value", "number"),
    [
        ("EventId", "event-7", 1),
        ("EventName", "CreateUser", 50),
        ("ReadOnly", "true", 50),
        ("Username", "alex", 50),
        ("EventSource", "s3.amazonaws.com", 0),
        ("AccessKeyId", "AKIAEXAMPLE", 50),
    ],
)
def test_one_attribute_may_be_asked_for(client: Any, key: str, value: str, number: int) -> None:
    """Each that the model names."""
    asked = [{"AttributeKey": key, "AttributeValue": value}]
    assert len(client.lookup_events(LookupAttributes=asked)["Events"]) == number


def test_what_aws_does_not_take_is_refused_by_its_codes(client: Any, seconds: Seconds) -> None:
    """Two attributes, a range the wrong way round or too old, a token of another call."""
    one = {"AttributeKey": "EventId", "AttributeValue": "x"}
    assert code(client, LookupAttributes=[one, one]) == "InvalidLookupAttributesException"
    wrong_way = {"StartTime": NOW, "EndTime": NOW - timedelta(hours=1)}
    assert code(client, **wrong_way) == "InvalidTimeRangeException"
    seconds.now += 5
    assert code(client, StartTime=NOW - timedelta(days=91)) == "InvalidTimeRangeException"
    token = client.lookup_events()["NextToken"]
    seconds.now += 5
    assert code(client, NextToken=token, MaxResults=10) == "InvalidNextTokenException"
    assert code(client, NextToken="!") == "InvalidNextTokenException"


def test_the_third_in_a_second_is_throttled(client: Any, seconds: Seconds) -> None:
    """And after half a second one more is served."""
    client.lookup_events()
    client.lookup_events()
    assert code(client) == "ThrottlingException"
    seconds.now += 0.5
    client.lookup_events()
    assert code(client) == "ThrottlingException"


def test_data_events_are_not_in_it(client: Any, history: EventHistory) -> None:
    """Management events alone."""
    history.write(record(0, eventID="data", managementEvent=False))
    events = client.lookup_events(MaxResults=1)["Events"]
    assert [event["EventId"] for event in events] == ["event-0"]


def test_we_answer_nothing_that_the_model_has_not(server: Modelled) -> None:
    """A slip of the stand-in is a fault of the test, not an answer."""
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    server._operations = {"LookupEvents": lambda asked: {"Events": [{"EventTime": "noon"}]}}
    assert server.answer(target, b"{}")[0] == 500
    server._operations = {"LookupEvents": lambda asked: {"Records": []}}
    assert server.answer(target, b"{}")[0] == 500
    assert len(server.faults) == 2
    assert server.answer(target, b'{"MaxResults": 51}')[0] != 200
    assert server.answer(target.replace("LookupEvents", "Nothing"), b"{}")[0] == 400
