"""A topic of SNS as what wakes people: whoever subscribes there is paged."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Protocol

from bot.aws.clients import Aws
from bot.aws.faults import translated
from bot.model import Page

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

SUBJECT = 99
"""Characters that SNS takes as a subject: ASCII, one line, fewer than a hundred."""


class TopicSettings(Protocol):
    """What is needed to know of a topic; `settings.PagingSettings` is one."""

    @property
    def sns_topic(self) -> str | None: ...
    @property
    def region(self) -> str | None: ...
    @property
    def role_arn(self) -> str | None: ...


def sns_topic(settings: TopicSettings, aws: Aws) -> SnsTopic | None:
    """The topic that *settings* describe, or None. Call it in the main thread: it makes the client.

    Raises BadInput where no client can be made.
    """
    if not settings.sns_topic:
        return None
    region = settings.region or settings.sns_topic.split(":")[3]
    return SnsTopic(aws.sns(region, settings.role_arn), settings.sns_topic)


class SnsTopic:
    """A `ports.Pager` over one topic. It needs sns:Publish and nothing else."""

    def __init__(self, sns: SNSClient, arn: str) -> None:
        self.arn = arn
        self._sns = sns

    def publish(self, page: Page) -> None:
        """Publish *page*. Its attributes name level, why, alert and key, to filter and fold by."""
        named = {"level": page.level, "why": page.kind, "alert": page.subject, "key": page.id}
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value} for name, value in named.items()
        }
        with translated("sns:Publish", self.arn):
            self._sns.publish(
                TopicArn=self.arn,
                Subject=_subject(page.title),
                Message=page.text,
                MessageAttributes=attributes,
            )


def _subject(title: str) -> str:
    """*title* as SNS takes it; letters lose their accents, what has no place in ASCII its place."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    shown = "".join(sign if sign.isprintable() else " " for sign in ascii_only).strip()
    return shown[:SUBJECT] or "Callwarden"
