"""boto3 clients, made once, in the main thread; clients may be shared by threads, sessions not."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, NoCredentialsError
from botocore.session import Session, get_session

from bot.aws.paging import PACE, Pace
from bot.errors import BadInput

if TYPE_CHECKING:
    from botocore.client import ClientMeta
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

Service = Literal["sqs", "brisk sqs", "s3", "sns", "cloudtrail"]

SESSION_NAME = "callwarden"
"""What our own calls are called in CloudTrail: the session name of every role we assume."""


LONGEST_WAIT = 20
"""Seconds that SQS holds a long poll at most."""

_REGION_IN_URL = re.compile(r"(?:sqs\.|//)([a-z]{2}(?:-[a-z]+)+-\d+)\.")


def region_of(queue_url: str) -> str | None:
    """The Region in the name of an SQS host, or None (loopback, VPC endpoint by another name)."""
    found = _REGION_IN_URL.search(queue_url)
    return found[1] if found else None


class History(Protocol):
    """A client for CloudTrail, as far as we use one."""

    @property
    def meta(self) -> ClientMeta: ...
    def lookup_events(self, **asked: Any) -> Mapping[str, Any]: ...
    def close(self) -> None: ...


if TYPE_CHECKING:
    Client = SQSClient | S3Client | SNSClient | History


class Aws:
    """Makes clients, one for each (service, Region, role).

    Credentials and endpoint come from where every AWS tool takes them (`AWS_PROFILE`,
    `AWS_ENDPOINT_URL`, instance roles, …). A role is assumed with credentials that renew
    themselves. *session* gives the botocore session to start from.
    """

    def __init__(self, session: Callable[[], Session] = get_session) -> None:
        self._new_session = session
        self._sessions: dict[tuple[str | None, str | None], boto3.Session] = {}
        self._clients: dict[tuple[str, str | None, str | None], Client] = {}
        self._paces: dict[tuple[str, str | None], Pace] = {}

    def sqs(self, region: str | None, role_arn: str | None = None) -> SQSClient:
        """A client for SQS. Raises BadInput where no Region is known."""
        return cast("SQSClient", self._client("sqs", region, role_arn))

    def brisk_sqs(self, region: str | None, role_arn: str | None = None) -> SQSClient:
        """A client for SQS that gives up soon; not for long polls."""
        return cast("SQSClient", self._client("brisk sqs", region, role_arn))

    def s3(self, region: str | None, role_arn: str | None = None) -> S3Client:
        """A client for S3, with paths for buckets where the endpoint is loopback."""
        return cast("S3Client", self._client("s3", region, role_arn))

    def sns(self, region: str | None, role_arn: str | None = None) -> SNSClient:
        """A client for SNS."""
        return cast("SNSClient", self._client("sns", region, role_arn))

    def cloudtrail(self, region: str | None, role_arn: str | None = None) -> History:
        """A client for CloudTrail that tries once: whoever asks it keeps the pace."""
        return cast("History", self._client("cloudtrail", region, role_arn))

    def lookup_pace(self, region: str | None, role_arn: str | None = None) -> Pace:
        """The pace of LookupEvents in a Region, one for all the roles of an account."""
        account = role_arn.split(":")[4] if role_arn else None
        place = self.cloudtrail(region, role_arn).meta.region_name
        return self._paces.setdefault((place, account), Pace(PACE))

    def close(self) -> None:
        """Close every connection. The clients cannot be used afterwards."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, service: Service, region: str | None, role_arn: str | None) -> Client:
        key = (service, region, role_arn)
        if key not in self._clients:
            try:
                self._clients[key] = self._make(service, region, role_arn)
            except (BotoCoreError, ValueError) as error:
                table = "[paging]" if service == "sns" else "[[source]]"
                sentence = (
                    f"No client for {service} can be made: {error}. Set region under {table} "
                    "(or AWS_DEFAULT_REGION), and check AWS_PROFILE and AWS_ENDPOINT_URL."
                )
                raise BadInput(sentence, where=f"{table.strip('[]')}.region") from error
        return self._clients[key]

    def _make(self, service: Service, region: str | None, role_arn: str | None) -> Client:
        session = self._session(region, role_arn)
        if service == "sqs":
            return session.client("sqs", config=_config(LONGEST_WAIT + 10))
        if service == "sns":
            return session.client("sns", config=_config(10))
        if service == "cloudtrail":
            once = Config(retries={"mode": "standard", "total_max_attempts": 1})
            return cast("History", session.client("cloudtrail", config=_config(20).merge(once)))
        if service == "brisk sqs":
            return session.client("sqs", config=_config(5))
        client = session.client("s3", config=_config(20))
        if not _is_loopback(client.meta.endpoint_url):
            return client
        client.close()
        # A bucket's name in front of a loopback host resolves to nothing.
        path = Config(s3={"addressing_style": "path"})
        return session.client("s3", config=_config(20).merge(path))

    def _session(self, region: str | None, role_arn: str | None) -> boto3.Session:
        key = (region, role_arn)
        if key not in self._sessions:
            core = self._new_session()
            if role_arn is not None:
                provider = _AssumedRole(self._new_session(), role_arn, region)
                core.register_component("credential_provider", CredentialResolver([provider]))
            self._sessions[key] = boto3.Session(botocore_session=core, region_name=region)
        return self._sessions[key]


class _AssumedRole(CredentialProvider):
    """Credentials of *role_arn*, fetched at first use and renewed before they end."""

    METHOD = "assume-role"
    CANONICAL_NAME = "callwarden-assume-role"

    def __init__(self, source: Session, role_arn: str, region: str | None) -> None:
        super().__init__(source)
        self._source = source
        self._role_arn = role_arn
        self._region = region

    def load(self) -> DeferredRefreshableCredentials:
        credentials = self._source.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        create = partial(self._source.create_client, region_name=self._region, config=_config(10))
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=create,
            source_credentials=credentials,
            role_arn=self._role_arn,
            extra_args={"RoleSessionName": SESSION_NAME},
        )
        return DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method=self.METHOD
        )


def _config(read_timeout: float) -> Config:
    """A long poll must not run into *read_timeout* (seconds); a dead network is soon noticed."""
    return Config(
        connect_timeout=3,
        read_timeout=read_timeout,
        retries={"mode": "adaptive", "total_max_attempts": 3},
        max_pool_connections=16,
        user_agent_extra=SESSION_NAME,
    )


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
