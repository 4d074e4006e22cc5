"""Keeps the messages in work hidden from other receivers, for as long as the work takes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import islice
from threading import Condition, Thread
from typing import TYPE_CHECKING

from bot.aws.faults import translated
from bot.errors import Fault

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

log = logging.getLogger(__name__)


class Hidden:
    """Extends the visibility timeout of watched messages at half of it, again and again.

    Its thread runs only while something is watched; work that ends before half of the timeout
    never causes a call. *seconds* is the timeout.
    """

    def __init__(self, client: SQSClient, queue_url: str, queue: str, seconds: float) -> None:
        self._client = client
        self._queue_url = queue_url
        self._queue = queue
        self._seconds = seconds
        self._watched: set[str] = set()
        self._changed = Condition()
        self._thread: Thread | None = None

    def watch(self, handles: Iterable[str]) -> None:
        """Keep these receipt handles hidden until `forget`."""
        with self._changed:
            self._watched.update(handles)
            if self._watched and self._thread is None:
                self._thread = Thread(target=self._run, name="sqs-visibility", daemon=True)
                self._thread.start()

    def forget(self, handles: Iterable[str]) -> None:
        """These are deleted or given back."""
        with self._changed:
            self._watched.difference_update(handles)
            if not self._watched:
                self._changed.notify_all()

    def close(self) -> None:
        """Let everything that is still watched come back by itself."""
        with self._changed:
            self._watched.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: not self._watched, timeout=self._seconds / 2):
                    self._thread = None
                    return
                handles = iter(sorted(self._watched))
            while group := list(islice(handles, 10)):
                try:
                    self._extend(group)
                except Exception:
                    # The thread must live: without it every long delivery would come twice.
                    log.exception("Could not extend the visibility of %d messages.", len(group))

    def _extend(self, handles: list[str]) -> None:
        try:
            with translated("sqs:ChangeMessageVisibility", self._queue):
                answer = self._client.change_message_visibility_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {
                            "Id": str(place),
                            "ReceiptHandle": handle,
                            "VisibilityTimeout": round(self._seconds),
                        }
                        for place, handle in enumerate(handles)
                    ],
                )
        except Fault as fault:
            # Tried again at the next turn; at worst the message comes twice, which changes nothing.
            log.warning("%s", fault, extra={"queue": self._queue, "messages": len(handles)})
            return
        for failure in answer.get("Failed", []):
            # Deleted meanwhile, or held for SQS's longest time of 12 hours.
            self.forget([handles[int(failure["Id"])]])
            log.warning(
                "A message of %s can be hidden no longer: %s.",
                self._queue,
                failure["Code"],
                extra={"queue": self._queue, "code": failure["Code"]},
            )
