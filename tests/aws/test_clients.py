"""Clients: where they lead, and as whom."""

from __future__ import annotations

import pytest

from bot.aws.clients import Aws, region_of
from bot.demo.aws import LoopbackAws
from bot.errors import BadInput

ROLE = "arn:aws:iam::444455556666:role/callwarden-read"


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-central-1.amazonaws.com/111122223333/trail", "eu-central-1"),
        ("https://sqs.us-gov-west-1.amazonaws.com/111122223333/trail", "us-gov-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/trail", "cn-north-1"),
        ("https://eu-west-1.queue.amazonaws.com/111122223333/trail", "eu-west-1"),
        ("https://vpce-1-2.sqs.eu-west-2.vpce.amazonaws.com/1/trail", "eu-west-2"),
        ("http://127.0.0.1:4100/123456789012/trail", None),
        ("https://queue.amazonaws.com/111122223333/trail", None),
    ],
)
def test_a_queues_url_names_its_region(url: str, region: str | None) -> None:
    """The Region need not be set where the URL says it."""
    assert region_of(url) == region


def test_clients_are_made_once(aws: Aws) -> None:
    """The same service, Region and role share a client; another role has its own."""
    assert aws.sqs("eu-central-1") is aws.sqs("eu-central-1")
    assert aws.sqs("eu-central-1") is not aws.sqs("eu-west-2")
    assert aws.sqs("eu-central-1") is not aws.sqs("eu-central-1", ROLE)


def test_the_standard_endpoint_is_used(account: LoopbackAws, aws: Aws) -> None:
    """`AWS_ENDPOINT_URL` leads every client, S3 with the bucket in the path."""
    assert aws.sqs(None).meta.endpoint_url == account.endpoint_url
    assert aws.s3(None).meta.endpoint_url == account.endpoint_url
    config = aws.s3(None).meta.config
    assert config.s3 == {"addressing_style": "path"}  # type: ignore[attr-defined]  # set by init


def test_a_role_is_assumed_when_it_is_needed(account: LoopbackAws, aws: Aws) -> None:
    """The first call fetches credentials under our session name; the second uses them again."""
    client = aws.sqs("eu-central-1", ROLE)
    assert account.calls("AssumeRole") == []
    signers: list[str] = []
    client.meta.events.register(
        "before-send.sqs", lambda request, **_: signers.append(request.headers["Authorization"])
    )
    client.list_queues()
    client.list_queues()
    assert len(account.calls("AssumeRole")) == 1
    assert all("AKIAIOSFODNN7EXAMPLE" not in str(signer) for signer in signers)


def test_a_long_poll_fits_into_the_read_timeout(aws: Aws) -> None:
    """SQS may hold a request for 20 s; a dead network is noticed far sooner."""
    config = aws.sqs(None).meta.config
    assert config.read_timeout > 20  # type: ignore[attr-defined]  # set by the constructor
    assert config.connect_timeout <= 5  # type: ignore[attr-defined]  # likewise


def test_no_region_is_a_fault_with_its_mending(
    account: LoopbackAws, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing set anywhere names the setting."""
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(BadInput, match=r"region under \[\[source\]\]"):
        Aws().sqs(None)


def test_no_credentials_for_a_role_is_a_fault(
    account: LoopbackAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role can only be assumed by somebody."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BadInput, match="redentials"):
        Aws().sqs("eu-central-1", ROLE)
