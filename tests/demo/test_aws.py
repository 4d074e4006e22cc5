"""The account on loopback: its routes, and what one can see of it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from bot.demo.aws import BUCKET, REGION, LoopbackAws
from bot.demo.story import story

AT = datetime(2026, 11, 22, 10, 3, tzinfo=UTC)
RECORD = {
    "eventSource": "connect.amazonaws.com",
    "eventName": "DeleteInstance",
    "eventID": "1",
    "eventTime": "2026-11-22T10:03:00Z",
    "awsRegion": REGION,
    "recipientAccountId": "111122223333",
}


@pytest.fixture
def account() -> Iterator[LoopbackAws]:
    """A fresh account."""
    with LoopbackAws() as account:
        yield account


@pytest.fixture
def visitor(account: LoopbackAws) -> Iterator[Visitor]:
    """Somebody who knows the account by its environment only."""
    visitor = Visitor(account.environment())
    yield visitor
    visitor.close()


class Visitor:
    """A client as the bot has it."""

    def __init__(self, environment: dict[str, str]) -> None:
        options: dict[str, Any] = {
            "endpoint_url": environment["AWS_ENDPOINT_URL"],
            "region_name": environment["AWS_DEFAULT_REGION"],
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }
        quiet = Config(proxies={}, retries={"total_max_attempts": 1})
        self.sqs = boto3.client("sqs", config=quiet, **options)
        self.s3 = boto3.client("s3", config=quiet, **options)
        self.sts = boto3.client("sts", config=quiet, **options)

    def take(self, url: str) -> list[Any]:
        """Messages, each deleted as soon as it is read."""
        found = []
        for message in self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]:
            found.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def close(self) -> None:
        for client in (self.sqs, self.s3, self.sts):
            client.close()


def test_it_listens_on_loopback_only(account: LoopbackAws) -> None:
    """Nothing outside this machine can reach it."""
    assert account.endpoint_url.startswith("http://127.0.0.1:")
    assert account.queue_url.startswith(account.endpoint_url)


def test_a_file_lies_where_a_trail_puts_it(account: LoopbackAws, visitor: Visitor) -> None:
    """The key has CloudTrail's layout, the body is gzip, and the queue hears of it."""
    key = account.deliver([RECORD], account="111122223333", region=REGION, at=AT)
    assert key.startswith(
        "AWSLogs/111122223333/CloudTrail/eu-central-1/2026/11/22/"
        "111122223333_CloudTrail_eu-central-1_20261122T1003Z_"
    )
    body = visitor.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert json.loads(gzip.decompress(body)) == {"Records": [RECORD]}
    test_event, notification = visitor.take(account.queue_url)
    assert test_event["Event"] == "s3:TestEvent"
    assert notification["Records"][0]["s3"]["object"]["key"] == key.replace("/", "%2F")


def test_the_same_records_twice_are_two_files(account: LoopbackAws) -> None:
    """Two trails never write to the same key."""
    first, second = (
        account.deliver([RECORD], account="111122223333", region=REGION, at=AT) for _ in range(2)
    )
    assert first != second


def test_a_topic_announces_a_file_once(account: LoopbackAws, visitor: Visitor) -> None:
    """S3's notification comes inside SNS's envelope, and not a second time from the bucket."""
    key = account.send_sns([RECORD], account="111122223333", region=REGION, at=AT)
    _, message = visitor.take(account.queue_url)
    assert message["Type"] == "Notification"
    assert json.loads(message["Message"])["Records"][0]["s3"]["object"]["key"] == key.replace(
        "/", "%2F"
    )


def test_a_shelved_file_is_not_told_of_until_its_message_is_sent(
    account: LoopbackAws, visitor: Visitor
) -> None:
    """The file lies there; the queue holds S3's greeting only."""
    key, message = account.shelve([RECORD], account="111122223333", region=REGION, at=AT)
    assert visitor.s3.get_object(Bucket=BUCKET, Key=key)["ContentLength"] > 0
    assert account.queue_depth() == 1

    account.send(message)

    assert [one.get("Type") for one in visitor.take(account.queue_url)] == [None, "Notification"]


def test_an_event_comes_in_its_envelope(account: LoopbackAws, visitor: Visitor) -> None:
    """EventBridge needs no file."""
    account.send_event(RECORD)
    _, message = visitor.take(account.queue_url)
    assert message["detail"] == RECORD
    assert message["source"] == "aws.connect"
    assert message["detail-type"] == "AWS API Call via CloudTrail"


def test_depth_counts_what_waits_and_what_is_in_work(
    account: LoopbackAws, visitor: Visitor
) -> None:
    """A message leaves the count when it is deleted, not when it is received."""
    account.send_event(RECORD)
    visitor.sqs.receive_message(QueueUrl=account.queue_url, MaxNumberOfMessages=1)
    assert account.queue_depth() == 2


def test_calls_tell_the_bots_from_its_own(account: LoopbackAws, visitor: Visitor) -> None:
    """Each service's operations are named, with their status; our own are told apart."""
    account.deliver([RECORD], account="111122223333", region=REGION, at=AT)
    visitor.sts.get_caller_identity()
    visitor.take(account.queue_url)
    with pytest.raises(visitor.s3.exceptions.NoSuchKey):
        visitor.s3.get_object(Bucket=BUCKET, Key="gone")
    seen = [(call.service, call.operation, call.status) for call in account.calls()]
    assert seen == [
        ("sts", "GetCallerIdentity", 200),
        ("sqs", "ReceiveMessage", 200),
        ("sqs", "DeleteMessage", 200),
        ("sqs", "DeleteMessage", 200),
        ("s3", "GetObject", 404),
    ]
    assert [call.operation for call in account.calls("PutObject", own=True)] == ["PutObject"]
    times = [call.at for call in account.calls(own=None)]
    assert times == sorted(times)


def test_the_environment_leads_nowhere_else(account: LoopbackAws) -> None:
    """A profile, a role or another endpoint of the user's shell does not reach the child."""
    shell = {
        "PATH": "/bin",
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL_SQS": "https://sqs.example.com",
        "AWS_SESSION_TOKEN": "real",
        "NO_PROXY": "example.com",
    }
    child = account.environment(shell)
    assert child["PATH"] == "/bin"
    assert child.keys() & {"AWS_PROFILE", "AWS_ENDPOINT_URL_SQS", "AWS_SESSION_TOKEN"} == set()
    assert child["NO_PROXY"] == "example.com,127.0.0.1,localhost"


def test_a_second_account_begins_empty() -> None:
    """What an earlier account left in the process is gone, and starting takes a moment."""
    with LoopbackAws() as first:
        first.send_event(RECORD)
    began = time.monotonic()
    with LoopbackAws() as second:
        assert time.monotonic() - began < 3
        assert second.queue_depth() == 1  # S3's test event
        assert second.calls() == []


def test_the_story_can_be_played(account: LoopbackAws, visitor: Visitor) -> None:
    """Every frame arrives by its route: one message each, and one for each event."""
    tale = story(3, now=AT)
    for frame in tale.frames:
        account.play(frame, tale.start)
    assert account.queue_depth() == 1 + len(tale.frames)
    keys = [item["Key"] for item in visitor.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert sum("/CloudTrail-Digest/" in key for key in keys) == 1
    assert sum(key.startswith("by-topic/") for key in keys) == sum(
        frame.route == "sns" for frame in tale.frames
    )
