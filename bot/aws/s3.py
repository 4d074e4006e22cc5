"""Fetches CloudTrail objects from S3, never more than the limit, some of them ahead of need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ParamValidationError

from bot.aws.faults import code_of, is_gone, translated
from bot.aws.messages import SAMPLE_BYTES, ObjectRef
from bot.model import Unreadable
from bot.ports import Blob

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AHEAD = 8
"""Objects that are fetched, or wait fetched, ahead of need."""

AHEAD_BYTES = 4 * 1024 * 1024
"""The largest object fetched ahead: with AHEAD of them, 32 MB at most. Most are far smaller."""

_CHUNK = 1024 * 1024


class TooLarge(Exception):
    """The object is larger than what may be fetched ahead."""


def fetch(client: S3Client, ref: ObjectRef, limit: int) -> Blob | Unreadable:
    """The object as it is stored, or why it never can be read. *limit* is in bytes.

    Raises Refused or Unavailable where a later try may succeed.
    """
    return _get(client, ref, limit, refuse=_over(limit))


def fetch_ahead(client: S3Client, ref: ObjectRef, limit: int) -> Blob | Unreadable:
    """As `fetch`, but raises TooLarge rather than hold more than AHEAD_BYTES."""

    def refuse(ref: ObjectRef, size: int, sample: bytes) -> Unreadable:
        raise TooLarge(ref.where)

    if limit <= AHEAD_BYTES:
        return fetch(client, ref, limit)
    return _get(client, ref, AHEAD_BYTES, refuse=refuse)


_Refuse = Callable[[ObjectRef, int, bytes], Unreadable]


def _over(limit: int) -> _Refuse:
    def refuse(ref: ObjectRef, size: int, sample: bytes) -> Unreadable:
        reason = f"the object has {size:,} bytes or more; limits.object_bytes is {limit:,}"
        return Unreadable(where=ref.where, reason=reason, sample=sample)

    return refuse


def _get(client: S3Client, ref: ObjectRef, limit: int, refuse: _Refuse) -> Blob | Unreadable:
    with translated("s3:GetObject", ref.where):
        try:
            answer = client.get_object(Bucket=ref.bucket, Key=ref.key)
        except ParamValidationError:
            return Unreadable(where=ref.where, reason="S3 allows no such bucket or key")
        except ClientError as error:
            if is_gone(error):
                return Unreadable(where=ref.where, reason="the object is gone")
            if code_of(error) == "InvalidObjectState":
                return Unreadable(where=ref.where, reason="the object is archived: restore it")
            raise
        with answer["Body"] as stream:
            announced = answer["ContentLength"]
            if announced > limit:
                return refuse(ref, announced, stream.read(SAMPLE_BYTES))
            pieces: list[bytes] = []
            size = 0
            while piece := stream.read(_CHUNK):
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    return refuse(ref, size, pieces[0][:SAMPLE_BYTES])
    return Blob(where=ref.where, body=b"".join(pieces))


class Shelf:
    """The objects of one batch, fetched in their order a few ahead of the one that is needed.

    Any thread may take and drop.
    """

    def __init__(
        self,
        client: S3Client,
        limit: int,
        refs: Sequence[ObjectRef],
        pool: Callable[[], ThreadPoolExecutor],
    ) -> None:
        self._client = client
        self._limit = limit
        self._refs = refs
        self._pool = pool
        self._next = 0
        self._ahead: dict[int, Future[Blob | Unreadable]] = {}
        self._lock = Lock()
        self._fill()

    def take(self, place: int) -> Blob | Unreadable:
        """The object at *place* of the batch. Raises Refused or Unavailable."""
        with self._lock:
            future = self._ahead.pop(place, None)
            self._next = max(self._next, place + 1)
        self._fill()
        if future is not None:
            try:
                return future.result()
            except TooLarge:
                pass
        return fetch(self._client, self._refs[place], self._limit)

    def drop(self, places: range) -> None:
        """Nobody needs these any more."""
        with self._lock:
            for place in places:
                future = self._ahead.pop(place, None)
                if future is not None:
                    future.cancel()
            if places and self._next in places:
                self._next = places.stop

    def _fill(self) -> None:
        if len(self._refs) == 1:
            return  # a single object is needed at once: a thread would only add to the wait
        with self._lock:
            while self._next < len(self._refs) and len(self._ahead) < AHEAD:
                ref = self._refs[self._next]
                self._ahead[self._next] = self._pool().submit(
                    fetch_ahead, self._client, ref, self._limit
                )
                self._next += 1
