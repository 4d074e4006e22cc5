"""An AWS on loopback for each test, and the bot's own clients pointed at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from bot.aws.clients import Aws
from bot.aws.sqs import SqsSource
from bot.demo.aws import LoopbackAws

OpenSource = Callable[..., SqsSource]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackAws]:
    """The account, with the process's environment leading to it and nowhere else."""
    with LoopbackAws() as account:
        wanted = account.environment(os.environ)
        for name in os.environ.keys() - wanted.keys():
            monkeypatch.delenv(name)
        for name, text in wanted.items():
            monkeypatch.setenv(name, text)
        yield account


@pytest.fixture
def aws(account: LoopbackAws) -> Iterator[Aws]:
    """The bot's clients."""
    aws = Aws()
    yield aws
    aws.close()


@pytest.fixture
def open_source(account: LoopbackAws, aws: Aws) -> Iterator[OpenSource]:
    """Opens sources on the account's queue, from which S3's test event is already taken."""
    opened: list[SqsSource] = []

    def open_one(**changes: object) -> SqsSource:
        options: dict[str, object] = {
            "sqs": aws.sqs(None),
            "s3": aws.s3(None),
            "queue_url": account.queue_url,
            "first_retry": 0.0,
            **changes,
        }
        source = SqsSource(**options)  # type: ignore[arg-type]  # checked by the class itself
        opened.append(source)
        return source

    for delivery in open_one().receive(0):
        delivery.done()
    yield open_one
    for source in opened:
        source.close()
