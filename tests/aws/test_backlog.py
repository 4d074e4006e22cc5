"""What waits at a queue and in its dead-letter queue, over HTTP against SQS on loopback."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest

from bot.aws.backlog import SqsGauge, _dead_queue, sqs_gauge
from bot.aws.clients import Aws
from bot.demo.aws import LoopbackAws
from bot.model import Backlog
from bot.ports import Gauge
from bot.settings import SourceSettings
from tests.aws.test_sqs import answer_with

DEAD = "callwarden-demo-dead"


@pytest.fixture
def gauge(account: LoopbackAws, aws: Aws) -> SqsGauge:
    """The gauge of the account's queue, on which S3's test event waits."""
    return sqs_gauge(SourceSettings(queue_url=account.queue_url), aws)


def deny(gauge: SqsGauge, queue: str) -> None:
    """AWS refuses to speak of *queue*."""

    def refuse(request: AWSPreparedRequest, **more: Any) -> Any:
        body = request.body or b""
        asked = body if isinstance(body, bytes) else str(body).encode()
        return (
            answer_with(403, "AccessDenied")(request, **more)
            if f'/{queue}"'.encode() in asked
            else None
        )

    gauge._sqs.meta.events.register("before-send.sqs.GetQueueAttributes", refuse)


def test_what_waits_and_what_is_dead_is_counted(account: LoopbackAws, gauge: Gauge) -> None:
    """Two messages wait; one more was given up after its tries."""
    account.give_up("nonsense")
    account.send("{}")

    assert gauge.measure() == Backlog(waiting=2, dead=1, dead_queue=DEAD)
    assert gauge.name == "callwarden-demo"


def test_measuring_takes_nothing(account: LoopbackAws, gauge: Gauge) -> None:
    """Neither a message nor one of its tries."""
    gauge.measure()

    assert gauge.measure() == Backlog(waiting=1, dead=0, dead_queue=DEAD)
    assert {call.operation for call in account.calls()} == {"GetQueueAttributes"}


def test_a_queue_without_a_dead_letter_queue_has_none(account: LoopbackAws, aws: Aws) -> None:
    """That is known, and is not nought dead letters."""
    settings = SourceSettings(queue_url=account.dead_letter_url, name="lonely")

    assert sqs_gauge(settings, aws).measure() == Backlog(waiting=0)


def test_a_refusal_is_unknown_with_its_reason(gauge: SqsGauge) -> None:
    """Never nought; the sentence names the permission."""
    deny(gauge, "callwarden-demo")
    measured = gauge.measure()

    assert (measured.waiting, measured.dead) == (None, None)
    assert "AWS refused sqs:GetQueueAttributes (AccessDenied)" in measured.unknown
    assert "give the role that action" in measured.unknown


def test_a_refusal_about_the_dead_letters_alone_leaves_the_rest_known(gauge: SqsGauge) -> None:
    """The queue's own depth is told; of the other, its name and why it is unknown."""
    deny(gauge, DEAD)
    measured = gauge.measure()

    assert (measured.waiting, measured.dead, measured.dead_queue) == (1, None, DEAD)
    assert f"/{DEAD}: give the role that action" in measured.unknown


def test_a_queue_that_is_not_there_is_unknown(account: LoopbackAws, aws: Aws) -> None:
    """The sentence names the setting."""
    settings = SourceSettings(queue_url=account.queue_url + "-gone")

    assert "Check queue_url" in sqs_gauge(settings, aws).measure().unknown


@pytest.mark.parametrize("policy", ["", "{", "{}", '{"deadLetterTargetArn": 3}'])
def test_a_policy_that_cannot_be_read_names_no_queue(policy: str) -> None:
    """Whatever stands there, measuring goes on."""
    assert _dead_queue(policy) == ""
