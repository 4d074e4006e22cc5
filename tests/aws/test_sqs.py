"""The queue as a source, over HTTP against SQS and S3 on loopback."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from bot.aws.clients import Aws
from bot.aws.sqs import SqsSource, sqs_source
from bot.demo.aws import BUCKET, LoopbackAws
from bot.errors import Refused, Unavailable
from bot.model import Unreadable, iso, moment
from bot.ports import Blob, Delivery, Source
from bot.settings import SourceSettings

AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
RECORD = {"eventSource": "connect.amazonaws.com", "eventName": "DeleteInstance", "eventID": "1"}

OpenSource = Callable[..., SqsSource]


def deliver(account: LoopbackAws, *records: object) -> str:
    return account.deliver(records, account="111122223333", region="eu-central-1", at=AT)


def until(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        threading.Event().wait(0.02)


def records_in(delivery: Delivery) -> list[object]:
    """The records of a delivery that holds nothing but files and events."""
    found: list[object] = []
    for part in delivery.parts():
        assert isinstance(part, Blob), part
        plain = gzip.decompress(part.body) if part.body[:2] == b"\x1f\x8b" else part.body
        document = json.loads(plain)
        found += document["Records"] if "Records" in document else [document["detail"]]
    return found


def test_a_file_comes_through_s3_and_its_message_is_deleted(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """A delivered file is fetched whole, and stays on the queue until it is done."""
    source: Source = open_source()
    key = deliver(account, RECORD, RECORD)
    (delivery,) = source.receive(5)
    assert records_in(delivery) == [RECORD, RECORD]
    assert account.queue_depth() == 1
    assert key in next(iter(delivery.parts())).where
    delivery.done()
    assert account.queue_depth() == 0


def test_a_delivery_says_since_when_it_has_waited(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """By SQS's own clock, as a time that sorts as text."""
    before = datetime.now(UTC)
    deliver(account, RECORD)
    (delivery,) = open_source().receive(5)

    sent = moment(delivery.sent_at)
    assert sent is not None
    assert abs((sent - before).total_seconds()) < 60
    assert delivery.sent_at == iso(sent)


def test_every_route_brings_the_same_record(account: LoopbackAws, open_source: OpenSource) -> None:
    """S3, SNS and EventBridge are told apart on one queue."""
    deliver(account, RECORD)
    account.send_sns([RECORD], account="111122223333", region="eu-central-1", at=AT)
    account.send_event(RECORD)
    deliveries = open_source().receive(5)
    assert [records_in(delivery) for delivery in deliveries] == [[RECORD]] * 3


@pytest.mark.parametrize("name", ["a b+c.json.gz", "é/日本=&.json.gz", "%2F%20+.json.gz"])
def test_any_key_is_found(account: LoopbackAws, open_source: OpenSource, name: str) -> None:
    """Spaces, plus signs, percent signs and letters of any script survive the notification."""
    account.put(f"AWSLogs/{name}", b'{"Records": []}')
    (delivery,) = open_source().receive(5)
    (part,) = delivery.parts()
    assert part == Blob(where=f"s3://{BUCKET}/AWSLogs/{name}", body=b'{"Records": []}')


def test_s3s_test_event_is_passed_over(account: LoopbackAws, aws: Aws) -> None:
    """The first message of a new notification holds nothing, and is deleted like any other."""
    source = SqsSource(sqs=aws.sqs(None), s3=aws.s3(None), queue_url=account.queue_url)
    (delivery,) = source.receive(5)
    assert list(delivery.parts()) == []
    delivery.done()
    source.close()
    assert account.queue_depth() == 0


def test_a_long_poll_ends_when_a_message_comes(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """A waiting receive answers at once, not at the end of its time."""
    source = open_source()
    timer = threading.Timer(0.3, deliver, (account, RECORD))
    began = time.monotonic()
    timer.start()
    assert len(source.receive(20)) == 1
    assert time.monotonic() - began < 5
    timer.join()


def test_an_empty_queue_gives_nothing(open_source: OpenSource) -> None:
    """No message is no fault."""
    assert list(open_source().receive(0)) == []


def test_a_failed_delivery_comes_again_and_then_succeeds(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """After a fault the same records come again, and are deleted once they are done."""
    source = open_source()
    deliver(account, RECORD)
    (first,) = source.receive(5)
    first.failed("the disk is full")
    (second,) = source.receive(5)
    assert records_in(second) == [RECORD]
    second.done()
    assert account.queue_depth() == 0


def test_a_message_that_always_fails_is_redriven(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """After five tries the queue's own policy moves it to the dead letters, whole."""
    source = open_source()
    deliver(account, RECORD)
    tries = 0
    while deliveries := source.receive(0):
        tries += 1
        deliveries[0].failed("it never works")
    (letter,) = account.dead_letters()
    assert (tries, letter.receives, account.queue_depth()) == (5, 5, 0)
    assert "ObjectCreated" in letter.body
    assert len(account.dead_letters()) == 1


def test_retries_come_later_each_time(account: LoopbackAws, open_source: OpenSource) -> None:
    """A message is given back with a delay that grows with the number of tries."""
    delays: list[int] = []
    source = open_source(first_retry=10.0)
    source._sqs.meta.events.register(  # the seam: what is sent to SQS
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: delays.append(params["VisibilityTimeout"]),
    )
    for received in (1, 2, 3, 9, 10_000):
        source.give_back("no such handle", received)
    assert delays == [10, 30, 90, 900, 900]


def test_messages_in_work_stay_hidden(account: LoopbackAws, open_source: OpenSource) -> None:
    """Work longer than the visibility timeout is not handed to anybody else."""
    deliver(account, RECORD)
    (delivery,) = open_source(visibility_seconds=1).receive(5)
    until(lambda: len(account.calls("ChangeMessageVisibilityBatch")) >= 4)
    assert list(open_source().receive(0)) == []
    delivery.done()
    until(lambda: "sqs-visibility" not in {thread.name for thread in threading.enumerate()})
    assert account.queue_depth() == 0


def test_short_work_needs_no_extension(account: LoopbackAws, open_source: OpenSource) -> None:
    """A near miss: what is done within half of the timeout causes no call."""
    deliver(account, RECORD)
    (delivery,) = open_source(visibility_seconds=60).receive(5)
    delivery.done()
    assert account.calls("ChangeMessageVisibilityBatch") == []


def test_without_extension_a_message_comes_back(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """A receiver that vanishes loses nothing: its message is handed to the next one."""
    deliver(account, RECORD)
    lost = open_source(visibility_seconds=1)
    lost._sqs.meta.events.register(  # the seam: the process is gone, so nothing is extended
        "before-send.sqs.ChangeMessageVisibilityBatch", answer_with(500)
    )
    (delivery,) = lost.receive(5)
    (again,) = open_source().receive(10)
    assert records_in(again) == [RECORD]
    again.done()
    delivery.done()
    assert account.queue_depth() == 0


def test_an_object_that_is_gone_is_unreadable(
    account: LoopbackAws, open_source: OpenSource, aws: Aws
) -> None:
    """It is named, not tried again for ever."""
    key = deliver(account, RECORD)
    aws.s3(None).delete_object(Bucket=BUCKET, Key=key)
    (delivery,) = open_source().receive(5)
    assert list(delivery.parts()) == [
        Unreadable(where=f"s3://{BUCKET}/{key}", reason="the object is gone")
    ]


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
def test_an_object_over_the_limit_is_not_read(
    account: LoopbackAws, open_source: OpenSource, size: int, fits: bool
) -> None:
    """One byte more than the limit is named with the limit, and a sample is kept."""
    account.put("AWSLogs/large.json", b"x" * size)
    (delivery,) = open_source(object_bytes=1000).receive(5)
    (part,) = delivery.parts()
    if fits:
        assert isinstance(part, Blob)
    else:
        assert isinstance(part, Unreadable)
        assert "limits.object_bytes is 1,000" in part.reason
        assert part.sample == b"x" * 500


def test_an_unknown_message_is_kept_and_not_looped(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """The core gets what it could not read, and the message is deleted like any other."""
    account.send('{"hello": "world"}')
    (delivery,) = open_source().receive(5)
    (part,) = delivery.parts()
    assert isinstance(part, Unreadable)
    assert part.sample == b'{"hello": "world"}'
    assert part.where.endswith("of callwarden-demo")
    delivery.done()
    assert account.queue_depth() == 0


def answer_with(status: int, code: str = "Broken", message: str = "") -> Any:
    """An answer that takes the place of AWS's; `before-send` is botocore's seam for it."""

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        class Body:
            def stream(self, **_: object) -> list[bytes]:
                return [body.encode()]

        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        if "x-amz-target" in {name.lower() for name in request.headers}:
            body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message})
        return AWSResponse(request.url, status, {}, Body())  # type: ignore[arg-type]  # a stand-in

    return send


def test_a_missing_permission_brings_the_delivery_back(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """AccessDenied says which permission is missing; once it is given, the records come."""
    source = open_source()
    deny = answer_with(403, "AccessDenied", "Access Denied")
    events = source._s3.meta.events
    deliver(account, RECORD)
    events.register("before-send.s3.GetObject", deny)
    (delivery,) = source.receive(5)
    with pytest.raises(Refused, match=r"AWS refused s3:GetObject \(AccessDenied\) for s3://"):
        list(delivery.parts())
    delivery.failed("refused")
    events.unregister("before-send.s3.GetObject", deny)
    (again,) = source.receive(5)
    assert records_in(again) == [RECORD]


def test_a_slow_down_is_unavailable(account: LoopbackAws, open_source: OpenSource) -> None:
    """Throttling that outlasts the retries may be tried again later."""
    source = open_source()
    source._s3.meta.events.register("before-send.s3.GetObject", answer_with(503, "SlowDown"))
    deliver(account, RECORD)
    (delivery,) = source.receive(5)
    with pytest.raises(Unavailable, match="slow down"):
        list(delivery.parts())


def test_a_queue_that_does_not_exist_is_refused(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """The sentence names the queue and the setting."""
    source = open_source(queue_url=account.queue_url + "-gone")
    with pytest.raises(Refused, match=r"no queue .*-gone.*queue_url"):
        source.receive(0)


def test_a_delete_that_fails_is_only_logged(
    account: LoopbackAws, open_source: OpenSource, caplog: pytest.LogCaptureFixture
) -> None:
    """The records are stored; the message comes again, and that changes nothing."""
    source = open_source()
    deny = answer_with(403, "AccessDenied")
    source._sqs.meta.events.register("before-send.sqs.DeleteMessageBatch", deny)
    deliver(account, RECORD)
    (delivery,) = source.receive(5)
    delivery.done()
    assert "AWS refused sqs:DeleteMessage" in caplog.text
    assert account.queue_depth() == 1


def test_messages_received_together_are_deleted_together(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """Ten messages cost one call; the one that failed stays."""
    for _ in range(10):
        account.send_event(RECORD)
    *good, bad = open_source(first_retry=60.0).receive(5)
    for delivery in good:
        delivery.done()
        delivery.done()
    assert account.queue_depth() == 10
    bad.failed("not this one")
    assert account.queue_depth() == 1
    assert len(account.calls("DeleteMessageBatch")) == 2  # one was for S3's test event


def test_parts_keep_their_order_however_they_are_fetched(
    account: LoopbackAws, open_source: OpenSource
) -> None:
    """Thirty objects of ten messages are fetched ahead and yielded in the order of the messages."""
    for message in range(10):
        keys = [f"ahead/{message}-{place}" for place in range(3)]
        for key in keys:
            account.put(key, key.encode())
        account.send(json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": keys}))
    source = open_source()
    found = []
    for delivery in source.receive(5):
        found += [part.body.decode() for part in delivery.parts() if isinstance(part, Blob)]
        delivery.done()
    assert found == [f"ahead/{message}-{place}" for message in range(10) for place in range(3)]
    assert len(account.calls("GetObject")) == 30


def test_the_settings_of_a_source_are_enough(account: LoopbackAws, aws: Aws) -> None:
    """`[[source]]` opens a source; without a name it is called after its queue."""
    settings = SourceSettings(queue_url=account.queue_url)
    source = sqs_source(settings, aws, object_bytes=1000)
    assert source.name == "callwarden-demo"
    assert len(source.receive(1)) == 1
    source.close()
