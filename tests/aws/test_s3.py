"""Fetching: never more than the limit, and ahead of need without filling the memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.aws.clients import Aws
from bot.aws.messages import ObjectRef
from bot.aws.s3 import AHEAD, AHEAD_BYTES, Shelf, TooLarge, fetch, fetch_ahead
from bot.demo.aws import BUCKET, LoopbackAws
from bot.model import Unreadable
from bot.ports import Blob


@pytest.mark.parametrize("bucket", ["no such bucket!", "no-such-bucket"])
def test_a_bucket_that_cannot_be_is_unreadable(aws: Aws, bucket: str) -> None:
    """A message may name anything; what cannot exist is not tried again for ever."""
    part = fetch(aws.s3(None), ObjectRef(bucket, "key"), 1000)
    assert isinstance(part, Unreadable)


def test_a_gzip_object_is_left_as_it_is(account: LoopbackAws, aws: Aws) -> None:
    """Content-Encoding gzip is not undone on the way: the reader does that, within its limits."""
    account.put("AWSLogs/a.json.gz", b"\x1f\x8b not really")
    part = fetch(aws.s3(None), ObjectRef(BUCKET, "AWSLogs/a.json.gz"), 1000)
    assert isinstance(part, Blob)
    assert part.body == b"\x1f\x8b not really"


@pytest.mark.parametrize(("extra", "ahead"), [(0, True), (1, False)])
def test_only_small_objects_are_fetched_ahead(
    account: LoopbackAws, aws: Aws, extra: int, ahead: bool
) -> None:
    """A large one is left until its turn, so that what waits in memory is bounded."""
    ref = ObjectRef(BUCKET, "large")
    account.put(ref.key, b"x" * (AHEAD_BYTES + extra))
    limit = 10 * AHEAD_BYTES
    if ahead:
        assert isinstance(fetch_ahead(aws.s3(None), ref, limit), Blob)
    else:
        with pytest.raises(TooLarge):
            fetch_ahead(aws.s3(None), ref, limit)
        assert isinstance(fetch(aws.s3(None), ref, limit), Blob)


def test_no_more_than_a_few_are_ahead(account: LoopbackAws, aws: Aws) -> None:
    """With nobody taking, eight are fetched; each that is taken or dropped makes room for one."""
    refs = [ObjectRef(BUCKET, f"{place}") for place in range(30)]
    for ref in refs:
        account.put(ref.key, ref.key.encode())
    with ThreadPoolExecutor(AHEAD) as pool:
        shelf = Shelf(aws.s3(None), 1000, refs, lambda: pool)
        pool.submit(int).result()
        shelf.drop(range(20))
        parts = [shelf.take(place) for place in range(20, 30)]
    assert [part.body for part in parts if isinstance(part, Blob)] == [
        str(place).encode() for place in range(20, 30)
    ]
    assert len(account.calls("GetObject")) <= AHEAD + 10


def test_one_object_needs_no_thread(account: LoopbackAws, aws: Aws) -> None:
    """The usual message names one object, which is fetched where it is needed."""
    account.put("one", b"1")

    def no_pool() -> ThreadPoolExecutor:
        raise AssertionError

    shelf = Shelf(aws.s3(None), 1000, [ObjectRef(BUCKET, "one")], no_pool)
    assert shelf.take(0) == shelf.take(0) == Blob(where=f"s3://{BUCKET}/one", body=b"1")
