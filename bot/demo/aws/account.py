"""The account on loopback: a trail's bucket, a queue that hears of its objects, and its routes."""

from __future__ import annotations

import gzip
import json
import os
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Self

from msgspec import Struct

from bot.demo.aws.routes import (
    envelope,
    mark,
    notification,
    topic_message,
    trail_file,
    trail_key,
)
from bot.demo.aws.server import STAGE_AGENT, Call, listen
from bot.demo.aws.topic import Paged, Topic
from bot.demo.story import Frame

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from werkzeug.serving import BaseWSGIServer

REGION: Final = "eu-central-1"
BUCKET: Final = "callwarden-demo-trail"
QUEUE: Final = "callwarden-demo"
MAX_RECEIVES: Final = 5

_SNS_PREFIX: Final = "by-topic/"
"""Outside the bucket's own notification, so that the object is announced once, by the topic."""

_KEY_ID: Final = "AKIAIOSFODNN7EXAMPLE"
_KEY: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

_WAITING: Final[tuple[QueueAttributeNameType, ...]] = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class DeadLetter(Struct, frozen=True):
    """A message that was given up after *receives* tries."""

    body: str
    receives: int


class LoopbackAws:
    """CloudTrail's bucket, its queue and a topic for pages on 127.0.0.1; a context manager.

    moto keeps its state in the process: run one at a time. Starting begins with nothing.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: deque[Call] = deque(maxlen=200_000)
        self._delivered = 0
        self.bucket = BUCKET
        self.endpoint_url = ""
        self.queue_url = ""
        self.dead_letter_url = ""
        self.topic_arn = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen on a free port of 127.0.0.1; make bucket, queues and topic."""
        self._server: BaseWSGIServer = listen(self._calls.append, self._clock)
        self.endpoint_url = f"http://127.0.0.1:{self._server.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self._forget_all()
        import boto3  # slow, and the command line imports this module before it is needed

        session = boto3.Session()
        self._s3: S3Client = session.client("s3", **self._client_options())
        self._sqs: SQSClient = session.client("sqs", **self._client_options())
        self._sns: SNSClient = session.client("sns", **self._client_options())
        self._set_up()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self._s3.close()
        self._sqs.close()
        self._sns.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """*base* for a child that shall meet this account and no other.

        AWS settings of *base* are left out, since a profile or an endpoint for one service would
        lead the child to a real account.
        """
        kept = {key: text for key, text in (base or {}).items() if not key.startswith("AWS_")}
        direct = [kept.get("NO_PROXY") or kept.get("no_proxy") or "", "127.0.0.1", "localhost"]
        without_proxy = ",".join(part for part in direct if part)
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": _KEY_ID,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": without_proxy,
            "no_proxy": without_proxy,
        }

    # ── what happens in the account ─────────────────────────────────────────

    def play(self, frame: Frame, start: datetime) -> None:
        """Deliver *frame* by its route. *start* is when the story's day began."""
        at = start + timedelta(seconds=frame.at)
        if frame.route == "digest":
            body = gzip.compress(json.dumps(frame.records[0]).encode(), mtime=0)
            self.put(self._key(body, frame.account, frame.region, at, "CloudTrail-Digest"), body)
        elif frame.route == "eventbridge":
            for record in frame.records:
                self.send_event(record)
        elif frame.route == "sns":
            self.send_sns(frame.records, account=frame.account, region=frame.region, at=at)
        else:
            self.deliver(frame.records, account=frame.account, region=frame.region, at=at)

    def deliver(self, records: Sequence[object], *, account: str, region: str, at: datetime) -> str:
        """Put a file of *records* where the trail would; S3 tells the queue. Returns its key."""
        body = trail_file(records)
        key = self._key(body, account, region, at)
        self.put(key, body)
        return key

    def put(self, key: str, body: bytes) -> None:
        """Put a gzip object as CloudTrail does."""
        self._s3.put_object(
            Bucket=BUCKET,
            Key=key,
            Body=body,
            ContentType="application/json",
            ContentEncoding="gzip",
        )

    def send_event(self, record: object) -> None:
        """EventBridge puts one record on the queue, in its envelope."""
        self.send(json.dumps(envelope(record)))

    def send_sns(
        self, records: Sequence[object], *, account: str, region: str, at: datetime
    ) -> str:
        """As `deliver`, but S3's notification goes through an SNS topic. Returns the key."""
        key, message = self.shelve(records, account=account, region=region, at=at)
        self.send(message)
        return key

    def shelve(
        self, records: Sequence[object], *, account: str, region: str, at: datetime
    ) -> tuple[str, str]:
        """Put a file of *records* that nobody is told of yet.

        Returns its key, and the message by which a topic tells of it: `send` it when it is time.
        """
        body = trail_file(records)
        key = _SNS_PREFIX + self._key(body, account, region, at)
        self.put(key, body)
        announced = notification(BUCKET, key, len(body), REGION, at)
        return key, json.dumps(topic_message(announced, REGION, at))

    def send(self, body: str) -> None:
        """Put a message on the queue as it is."""
        self._sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    def give_up(self, body: str) -> None:
        """A message that failed at every try, so that SQS moved it to the dead-letter queue.

        Call it while nobody else receives. What waits already loses one of its tries.
        """
        others = self._receive(hidden=60)
        self.send(body)
        # The try after the last one finds it gone: only then does SQS move it.
        for _ in range(MAX_RECEIVES + 1):
            self._receive(hidden=0)
        for handle in others:
            self._sqs.change_message_visibility(
                QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0
            )

    def _receive(self, hidden: int) -> list[str]:
        """The handles of up to ten messages, hidden from others for so many seconds."""
        answer = self._sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, VisibilityTimeout=hidden
        )
        return [message["ReceiptHandle"] for message in answer.get("Messages", [])]

    def ring(self, text: str) -> None:
        """Publish *text* to the topic, as somebody else might."""
        self._sns.publish(TopicArn=self.topic_arn, Message=text)

    # ── what one can look at ────────────────────────────────────────────────

    def queue_depth(self) -> int:
        """Messages on the queue: waiting and in work."""
        return self._depth(self.queue_url)

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """What was given up, left where it is. SQS moves it when it is next asked for messages."""
        found, handles = [], []
        while messages := self._sqs.receive_message(
            QueueUrl=self.dead_letter_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=60,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        ).get("Messages", []):
            for message in messages:
                receives = int(message["Attributes"]["ApproximateReceiveCount"]) - 1
                found.append(DeadLetter(message["Body"], receives))
                handles.append(message["ReceiptHandle"])
        for handle in handles:
            self._sqs.change_message_visibility(
                QueueUrl=self.dead_letter_url, ReceiptHandle=handle, VisibilityTimeout=0
            )
        return tuple(found)

    def pages(self) -> list[Paged]:
        """The pages that reached the topic so far, oldest first."""
        return self._topic.pages()

    def calls(self, operation: str | None = None, *, own: bool | None = False) -> list[Call]:
        """The AWS calls seen so far, oldest first; those of this object only where *own* says."""
        return [
            call
            for call in list(self._calls)
            if operation in (None, call.operation) and own in (None, call.own)
        ]

    # ── how it is made ──────────────────────────────────────────────────────

    def _forget_all(self) -> None:
        """moto keeps what an earlier account in this process has left."""
        reset = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.endpoint_url}/moto-api/reset", method="POST"
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        direct.open(reset).close()

    def _set_up(self) -> None:
        self.dead_letter_url = self._sqs.create_queue(QueueName=f"{QUEUE}-dead")["QueueUrl"]
        policy = {"deadLetterTargetArn": self._arn(self.dead_letter_url)}
        self.queue_url = self._sqs.create_queue(
            QueueName=QUEUE,
            Attributes={
                "RedrivePolicy": json.dumps(policy | {"maxReceiveCount": str(MAX_RECEIVES)})
            },
        )["QueueUrl"]
        self._topic = Topic(self._sns, self._sqs)
        self.topic_arn = self._topic.arn
        self._s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self._s3.put_bucket_notification_configuration(
            Bucket=BUCKET,
            NotificationConfiguration={
                "QueueConfigurations": [
                    {
                        "QueueArn": self._arn(self.queue_url),
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {
                            "Key": {"FilterRules": [{"Name": "prefix", "Value": "AWSLogs/"}]}
                        },
                    }
                ]
            },
        )

    def _arn(self, url: str) -> str:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]

    def _depth(self, url: str) -> int:
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))
        return sum(int(answer["Attributes"].get(name, "0")) for name in _WAITING)

    def _key(
        self, body: bytes, account: str, region: str, at: datetime, kind: str = "CloudTrail"
    ) -> str:
        self._delivered += 1
        return trail_key(account, region, at, mark(body, self._delivered), kind)

    def _client_options(self) -> dict[str, Any]:
        from botocore.config import Config  # as slow to import as boto3

        return {
            "endpoint_url": self.endpoint_url,
            "region_name": REGION,
            "aws_access_key_id": _KEY_ID,
            "aws_secret_access_key": _KEY,
            "config": Config(
                user_agent_extra=STAGE_AGENT, proxies={}, s3={"addressing_style": "path"}
            ),
        }
