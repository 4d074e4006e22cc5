"""What waits at an SQS queue and in its dead-letter queue, asked by sqs:GetQueueAttributes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import msgspec

from bot.aws.clients import Aws, region_of
from bot.aws.faults import translated
from bot.aws.sqs import QueueSettings
from bot.errors import Fault
from bot.model import Backlog

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_WAITING: QueueAttributeNameType = "ApproximateNumberOfMessages"


class _Redrive(msgspec.Struct):
    """A queue's RedrivePolicy, as far as we need it."""

    deadLetterTargetArn: str  # noqa: N815 - AWS's name


def sqs_gauge(settings: QueueSettings, aws: Aws) -> SqsGauge:
    """The gauge of the source that *settings* describe. Call it in the main thread."""
    region = settings.region or region_of(settings.queue_url)
    return SqsGauge(
        sqs=aws.brisk_sqs(region, settings.role_arn),
        queue_url=settings.queue_url,
        name=settings.name,
    )


class SqsGauge:
    """A `ports.Gauge` over one queue and the dead-letter queue that its RedrivePolicy names."""

    def __init__(self, *, sqs: SQSClient, queue_url: str, name: str = "") -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self.name = name or urlsplit(queue_url).path.rpartition("/")[2]

    def measure(self) -> Backlog:
        """What waits now. What AWS refuses to tell is unknown, with its reason."""
        try:
            told = self._ask(self._queue_url, _WAITING, "RedrivePolicy")
        except Fault as fault:
            return Backlog(unknown=fault.sentence)
        waiting = _number(told)
        dead_queue = _dead_queue(told.get("RedrivePolicy", ""))
        if not dead_queue:
            return Backlog(waiting=waiting)
        try:
            dead = _number(self._ask(self._beside(dead_queue), _WAITING))
        except Fault as fault:
            return Backlog(waiting=waiting, dead_queue=dead_queue, unknown=fault.sentence)
        return Backlog(waiting=waiting, dead=dead, dead_queue=dead_queue)

    def _ask(self, url: str, *names: QueueAttributeNameType) -> dict[QueueAttributeNameType, str]:
        with translated("sqs:GetQueueAttributes", url):
            answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))
        return answer.get("Attributes", {})

    def _beside(self, queue: str) -> str:
        """The URL of *queue*. A dead-letter queue is always in the same account and Region, so
        that sqs:GetQueueUrl need not be asked."""
        url = urlsplit(self._queue_url)
        return urlunsplit(url._replace(path=f"{url.path.rpartition('/')[0]}/{queue}"))


def _number(told: dict[QueueAttributeNameType, str]) -> int:
    return int(told.get(_WAITING, "0"))


def _dead_queue(policy: str) -> str:
    """The name of the queue that a RedrivePolicy names, or ""."""
    if not policy:
        return ""
    try:
        return msgspec.json.decode(policy, type=_Redrive).deadLetterTargetArn.rpartition(":")[2]
    except msgspec.MsgspecError:
        return ""
