"""An SQS queue as a source: CloudTrail by S3 notification, SNS or EventBridge, told apart here."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from bot.aws.clients import LONGEST_WAIT, Aws, region_of
from bot.aws.faults import translated
from bot.aws.messages import ObjectRef, Part, read_message
from bot.aws.s3 import AHEAD, Shelf
from bot.aws.visibility import Hidden
from bot.errors import Fault
from bot.model import Unreadable, iso
from bot.ports import Blob

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

log = logging.getLogger(__name__)

FIRST_RETRY = 10.0
"""Seconds until a message that failed for the first time is handed over again."""

_RETRY_GROWTH = 3
_LONGEST_RETRY = 900.0


class QueueSettings(Protocol):
    """What is needed to know of a queue; `settings.SourceSettings` is one."""

    @property
    def queue_url(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def region(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...
    @property
    def visibility_seconds(self) -> int: ...


def sqs_source(settings: QueueSettings, aws: Aws, *, object_bytes: int) -> SqsSource:
    """The source that *settings* describe. Call it in the main thread: it makes the clients.

    Raises BadInput where no client can be made.
    """
    region = settings.region or region_of(settings.queue_url)
    return SqsSource(
        sqs=aws.sqs(region, settings.role_arn),
        s3=aws.s3(region, settings.role_arn),
        queue_url=settings.queue_url,
        name=settings.name,
        visibility_seconds=settings.visibility_seconds,
        object_bytes=object_bytes,
    )


class SqsSource:
    """A `ports.Source` over one queue.

    A message is deleted after `done` was called on its delivery; those received together are
    deleted together, when the last of them is closed. *object_bytes* limits what is fetched from
    S3; *first_retry* is in seconds.
    """

    def __init__(
        self,
        *,
        sqs: SQSClient,
        s3: S3Client,
        queue_url: str,
        name: str = "",
        visibility_seconds: int = 120,
        object_bytes: int = 67_108_864,
        first_retry: float = FIRST_RETRY,
    ) -> None:
        self.queue = urlsplit(queue_url).path.rpartition("/")[2]
        self._name = name or self.queue
        self._sqs = sqs
        self._s3 = s3
        self._queue_url = queue_url
        self._visibility = visibility_seconds
        self._object_bytes = object_bytes
        self._first_retry = first_retry
        self._hidden = Hidden(sqs, queue_url, self.queue, visibility_seconds)
        self._pool: ThreadPoolExecutor | None = None

    @property
    def name(self) -> str:
        """Names the source in status and logs."""
        return self._name

    def receive(self, wait: float) -> Sequence[SqsDelivery]:
        """Up to ten deliveries, after at most *wait* seconds (rounded up; SQS allows 20)."""
        with translated("sqs:ReceiveMessage", self._queue_url):
            answer = self._sqs.receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=min(LONGEST_WAIT, max(0, math.ceil(wait))),
                VisibilityTimeout=self._visibility,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        messages = answer.get("Messages", [])
        return _Batch(self, messages).deliveries if messages else ()

    def close(self) -> None:
        """Stop fetching ahead. Deliveries that are still open come back by themselves."""
        self._hidden.close()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    # The rest serves the deliveries.

    def shelf(self, refs: Sequence[ObjectRef]) -> Shelf:
        """The objects of a batch, in order."""
        return Shelf(self._s3, self._object_bytes, refs, self._threads)

    def hide(self, handles: Sequence[str]) -> None:
        """Keep these messages to ourselves while they are worked on."""
        self._hidden.watch(handles)

    def delete(self, handles: Sequence[str]) -> None:
        """Forget the messages. A failure is only logged: a repeated message changes nothing."""
        self._hidden.forget(handles)
        try:
            with translated("sqs:DeleteMessage", self._queue_url):
                answer = self._sqs.delete_message_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {"Id": str(place), "ReceiptHandle": handle}
                        for place, handle in enumerate(handles)
                    ],
                )
        except Fault as fault:
            log.warning("%s", fault, extra={"queue": self.queue, "messages": len(handles)})
            return
        for failure in answer.get("Failed", []):
            log.warning(
                "A message of %s was not deleted: %s.",
                self.queue,
                failure["Code"],
                extra={"queue": self.queue, "code": failure["Code"]},
            )

    def give_back(self, handle: str, received: int) -> None:
        """Let the message come again soon: later each time, for *received* counts the tries."""
        self._hidden.forget([handle])
        delay = min(self._first_retry * _RETRY_GROWTH ** min(received - 1, 8), _LONGEST_RETRY)
        try:
            with translated("sqs:ChangeMessageVisibility", self._queue_url):
                self._sqs.change_message_visibility(
                    QueueUrl=self._queue_url, ReceiptHandle=handle, VisibilityTimeout=round(delay)
                )
        except Fault as fault:
            # It comes back all the same, when its visibility timeout ends.
            log.warning("%s", fault, extra={"queue": self.queue})

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="aws")
        return self._pool


class _Batch:
    """The messages of one receive: their objects are fetched, and they are deleted, together."""

    def __init__(self, source: SqsSource, messages: Sequence[MessageTypeDef]) -> None:
        self._source = source
        self._lock = Lock()
        self._stored: list[str] = []
        refs: list[ObjectRef] = []
        deliveries = []
        for message in messages:
            where = f"message {message['MessageId']} of {source.queue}"
            parts = read_message(message["Body"], where)
            start = len(refs)
            refs += [part for part in parts if isinstance(part, ObjectRef)]
            places = range(start, len(refs))
            deliveries.append(SqsDelivery(source, self, message, where, parts, places))
        self._open = len(deliveries)
        self.deliveries = tuple(deliveries)
        source.hide([message["ReceiptHandle"] for message in messages])
        self.shelf = source.shelf(refs)

    def close(self, handle: str, places: range, *, stored: bool) -> None:
        """A delivery is over; when the last one is, what was stored is deleted."""
        with self._lock:
            self.shelf.drop(places)
            self._open -= 1
            if stored:
                self._stored.append(handle)
            finished = self._stored if self._open == 0 else []
        if finished:
            self._source.delete(finished)


class SqsDelivery:
    """A `ports.Delivery`: one message, with the objects it names."""

    def __init__(
        self,
        source: SqsSource,
        batch: _Batch,
        message: MessageTypeDef,
        where: str,
        parts: Sequence[Part],
        places: range,
    ) -> None:
        self.where = where
        self._source = source
        self._batch = batch
        self._handle = message["ReceiptHandle"]
        attributes = message.get("Attributes", {})
        self._received = int(attributes.get("ApproximateReceiveCount", "1"))
        self.sent_at = _time(attributes.get("SentTimestamp", ""))
        self._parts = parts
        self._places = places
        self._closed = False

    def parts(self) -> Iterator[Blob | Unreadable]:
        """Blobs in the order of the message; objects are fetched when their turn comes."""
        places = iter(self._places)
        for part in self._parts:
            if isinstance(part, ObjectRef):
                yield self._batch.shelf.take(next(places))
            else:
                yield part

    def done(self) -> None:
        """Everything in it is stored."""
        if not self._closed:
            self._closed = True
            self._batch.close(self._handle, self._places, stored=True)

    def failed(self, reason: str) -> None:
        """Hand it over again later; after the queue's maxReceiveCount it is redriven."""
        if self._closed:
            return
        self._closed = True
        log.warning(
            "%s will come again (try %d): %s",
            self.where,
            self._received,
            reason,
            extra={"queue": self._source.queue, "received": self._received},
        )
        self._source.give_back(self._handle, self._received)
        self._batch.close(self._handle, self._places, stored=False)


def _time(milliseconds: str) -> str:
    """SQS's time as ISO; "" where it gave none."""
    if not milliseconds.isdecimal():
        return ""
    return iso(datetime.fromtimestamp(int(milliseconds) / 1000, UTC))
