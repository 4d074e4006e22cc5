"""A page goes to a topic, and what AWS says against it is a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from bot import paging
from bot.aws.clients import Aws
from bot.aws.sns import SUBJECT, SnsTopic, _subject, sns_topic
from bot.demo.aws import LoopbackAws
from bot.errors import BadInput, Refused, Unavailable
from bot.settings import PagingSettings
from tests.builders import make_alert

ARN = "arn:aws:sns:eu-central-1:111122223333:callwarden"
ROLE = "arn:aws:iam::444455556666:role/callwarden-page"
PAGE = paging.untaken(make_alert(), timedelta(minutes=10), {}, "noon")


@pytest.fixture
def topic(account: LoopbackAws, aws: Aws) -> SnsTopic:
    """The account's topic."""
    made = sns_topic(PagingSettings(sns_topic=account.topic_arn), aws)
    assert made is not None
    return made


@pytest.fixture
def stubbed(aws: Aws) -> Iterator[tuple[SnsTopic, Stubber]]:
    """A topic whose answers the test writes."""
    client = aws.sns("eu-central-1")
    with Stubber(client) as stubber:
        yield SnsTopic(client, ARN), stubber


def refusal(stubbed: tuple[SnsTopic, Stubber], code: str, message: str = "") -> Refused:
    """What comes of AWS saying *code*."""
    topic, stubber = stubbed
    stubber.add_client_error("publish", code, message, 403)
    with pytest.raises(Refused) as caught:
        topic.publish(PAGE)
    return caught.value


def test_a_page_arrives_with_what_subscribers_may_filter_by(
    account: LoopbackAws, topic: SnsTopic
) -> None:
    """Subject, text, and as attributes the level, why, which alert, and the key to fold by."""
    topic.publish(PAGE)
    [paged] = account.pages()
    assert (paged.subject, paged.text) == (PAGE.title, PAGE.text)
    assert paged.attributes == {
        "level": "critical",
        "why": "untaken",
        "alert": "A-7K2QF",
        "key": PAGE.id,
    }
    assert [call.operation for call in account.calls() if call.service == "sns"] == ["Publish"]


def test_what_is_no_ascii_is_no_reason_not_to_wake_anybody(
    account: LoopbackAws, topic: SnsTopic
) -> None:
    """SNS takes only ASCII as a subject; the text stays as it is."""
    title = "Zürich: 🔴 nobody\nhas it" + "x" * 200
    topic.publish(msgspec.structs.replace(PAGE, title=title, text="Zürich 🔴"))
    [paged] = account.pages()
    assert paged.subject.startswith("Zurich:  nobody has itxxx")
    assert paged.text == "Zürich 🔴"


@given(st.text())
def test_any_title_makes_a_subject(title: str) -> None:
    """ASCII, printable, not empty and not too long."""
    subject = _subject(title)
    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) <= SUBJECT


def test_without_a_topic_there_is_no_pager(aws: Aws) -> None:
    """And no client is made for it."""
    assert sns_topic(PagingSettings(), aws) is None


def test_the_region_is_the_topics_own(aws: Aws) -> None:
    """Nothing need be set where the ARN says it; a role may be assumed for it."""
    sns_topic(PagingSettings(sns_topic=ARN.replace("eu-central-1", "eu-west-2")), aws)
    assert aws.sns("eu-west-2").meta.region_name == "eu-west-2"
    sns_topic(PagingSettings(sns_topic=ARN, role_arn=ROLE), aws)
    assert aws.sns("eu-central-1", ROLE) is not aws.sns("eu-central-1")


def test_a_client_that_cannot_be_made_is_a_fault_of_the_paging(
    account: LoopbackAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the right table."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(BadInput, match=r"region under \[paging\]") as caught:
        Aws().sns("eu-central-1")
    assert caught.value.where == "paging.region"


def test_a_topic_that_is_gone_is_refused(topic: SnsTopic, account: LoopbackAws, aws: Aws) -> None:
    """The sentence says where to look."""
    gone = SnsTopic(aws.sns("eu-central-1"), account.topic_arn + "-gone")
    with pytest.raises(
        Refused, match=r"There is no topic arn:.*-gone.*Check sns_topic in \[paging"
    ):
        gone.publish(PAGE)


def test_a_missing_permission_is_named(stubbed: tuple[SnsTopic, Stubber]) -> None:
    """Who lacks which action on what; the key of an encrypted topic too."""
    bot = "arn:aws:sts::111122223333:assumed-role/bot/i-1"
    who = f"User: {bot} is not authorized to perform: x"
    said = refusal(stubbed, "AuthorizationError", who).sentence
    assert said.startswith(f"AWS refused sns:Publish (AuthorizationError) for {ARN}: give {bot}")
    key = refusal(stubbed, "KMSAccessDenied", f"{who} kms:GenerateDataKey").sentence
    assert "kms:GenerateDataKey on the key that the topic is encrypted with" in key


def test_a_throttled_page_may_be_tried_again(stubbed: tuple[SnsTopic, Stubber]) -> None:
    """And so may one that found SNS in trouble."""
    topic, stubber = stubbed
    for code, status in (("Throttled", 429), ("InternalError", 500)):
        stubber.add_client_error("publish", code, "", status)
        with pytest.raises(Unavailable):
            topic.publish(PAGE)


def test_an_sns_that_is_not_there_may_be_tried_again(account: LoopbackAws, topic: SnsTopic) -> None:
    """No answer is no refusal."""
    account.stop()
    try:
        with pytest.raises(Unavailable, match="did not answer sns:Publish"):
            topic.publish(PAGE)
    finally:
        account.start()
