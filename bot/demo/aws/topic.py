"""The topic that wakes people, with a subscriber who writes down what reaches them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

TOPIC: Final = "callwarden-demo-pages"


class Paged(Struct, frozen=True):
    """A page that reached who subscribes to the topic."""

    subject: str
    text: str
    attributes: dict[str, str]


class Topic:
    """A topic of SNS and a queue that is subscribed to it, both made at once."""

    def __init__(self, sns: SNSClient, sqs: SQSClient) -> None:
        self._sqs = sqs
        self._pages: list[Paged] = []
        self._url = sqs.create_queue(QueueName=TOPIC)["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self.arn = sns.create_topic(Name=TOPIC)["TopicArn"]
        endpoint = queue["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=endpoint)

    def pages(self) -> list[Paged]:
        """The pages that arrived so far, oldest first."""
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            for message in messages:
                self._pages.append(_paged(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return list(self._pages)


def _paged(body: str) -> Paged:
    said = json.loads(body)
    named = said.get("MessageAttributes", {}).items()
    attributes = {name: one["Value"] for name, one in named}
    return Paged(said.get("Subject", ""), said["Message"], attributes)
