"""Foreign errors of AWS become faults with a sentence, at the place where they happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from bot.errors import Fault, Refused, Unavailable

_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|AllAccessDisabled|\A403\Z")
_SLOW_DOWN = re.compile(r"Thrott|SlowDown|TooManyRequests|RequestLimitExceeded|OverLimit")
_CREDENTIALS = re.compile(
    r"ExpiredToken|InvalidClientTokenId|InvalidAccessKeyId|UnrecognizedClient|"
    r"SignatureDoesNotMatch|IncompleteSignature|AuthFailure|MissingAuthenticationToken"
)
_NO_QUEUE = re.compile(r"NonExistentQueue|QueueDoesNotExist")
_NO_TOPIC = frozenset({"NotFound", "NotFoundException", "TopicDeleted"})
_GONE = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404"})
_CALLER = re.compile(r"(?:User|user): (arn:[^\s]+)")
_KMS = re.compile(r"\bkms:[A-Za-z]+")


def code_of(error: ClientError) -> str:
    """AWS's error code, `Unknown` where it sent none."""
    return error.response.get("Error", {}).get("Code") or "Unknown"


def is_gone(error: ClientError) -> bool:
    """The object or its bucket does not exist (any more)."""
    return code_of(error) in _GONE


@contextmanager
def translated(action: str, what: str) -> Iterator[None]:
    """Run an AWS call. *action* is its IAM name (`sqs:ReceiveMessage`), *what* it is done to.

    Raises Refused where AWS says no and would again, Unavailable where no usable answer came.
    """
    try:
        yield
    except ClientError as error:
        raise _answered(error, action, what) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        sentence = (
            f"There are no AWS credentials for {action}. Give the machine a role, or set "
            "AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
        raise Refused(action, "NoCredentials", sentence) from error
    except NoRegionError as error:
        sentence = f"No AWS Region is known for {action}. Set region in the settings."
        raise Refused(action, "NoRegion", sentence) from error
    except BotoCoreError as error:
        sentence = f"AWS did not answer {action} for {what} ({type(error).__name__})."
        raise Unavailable(sentence) from error


def _answered(error: ClientError, action: str, what: str) -> Fault:
    code = code_of(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if error.operation_name == "AssumeRole":
        # The call failed before it began, while its role was being assumed.
        action = "sts:AssumeRole"
    if _SLOW_DOWN.search(code):
        sentence = f"AWS asked us to slow down ({code}) at {action} for {what}."
        return Unavailable(sentence, retry_after=_retry_after(error))
    if _CREDENTIALS.search(code):
        return Refused(action, code, f"AWS does not accept our credentials ({code}): renew them.")
    if _NO_QUEUE.search(code):
        sentence = f"There is no queue {what} ({code}). Check queue_url and region in [[source]]."
        return Refused(action, code, sentence)
    if action == "sns:Publish" and code in _NO_TOPIC:
        sentence = f"There is no topic {what} ({code}). Check sns_topic in [paging]."
        return Refused(action, code, sentence)
    if code == "InvalidTimeRangeException":
        sentence = f"AWS refused {action} ({code}) for {what}: check this machine's clock."
        return Refused(action, code, sentence)
    if _DENIED.search(code) or status == 403:
        return Refused(action, code, _denied(error, action, code, what))
    if status >= 500 or code in {"RequestTimeout", "InternalError", "ServiceUnavailable"}:
        return Unavailable(f"AWS is in trouble at {action} for {what} ({code}).")
    return Refused(action, code, f"AWS refused {action} ({code}) for {what}.")


def _denied(error: ClientError, action: str, code: str, what: str) -> str:
    """Who lacks which permission on what; AWS's own words are not repeated."""
    message = error.response.get("Error", {}).get("Message") or ""
    caller = _CALLER.search(message)
    key = _KMS.search(message)
    who = caller[1] if caller else "the role"
    if action == "sts:AssumeRole":
        give = f"allow {who} that action, and let the role's trust policy name it"
    elif key:
        holder = "topic" if action == "sns:Publish" else "object"
        give = f"give {who} {key[0]} on the key that the {holder} is encrypted with"
    else:
        give = f"give {who} that action"
    if action == "s3:GetObject":
        give += " (without s3:ListBucket an object that is gone looks the same)"
    return f"AWS refused {action} ({code}) for {what}: {give}."


def _retry_after(error: ClientError) -> float | None:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        return float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
