"""AWS's errors as faults with a sentence."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from bot.aws.faults import translated
from bot.errors import Fault, Refused, Unavailable

QUEUE = "https://sqs.eu-central-1.amazonaws.com/111122223333/trail"


def raised(error: Exception, action: str = "sqs:ReceiveMessage") -> Fault:
    with pytest.raises(Fault) as caught, translated(action, QUEUE):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def answered(
    code: str, message: str = "", status: int = 400, operation: str = "ReceiveMessage"
) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": {"retry-after": "7"},
                "RequestId": "1",
                "HostId": "1",
                "RetryAttempts": 0,
            },
        },
        operation,
    )


@pytest.mark.parametrize(
    "code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"]
)
def test_a_missing_permission_is_named(code: str) -> None:
    """The sentence says which action, on what, and to whom it should be given."""
    who = "arn:aws:sts::111122223333:assumed-role/callwarden/callwarden"
    message = f"User: {who} is not authorized to perform: sqs:receivemessage"
    fault = raised(answered(code, message, 403))
    assert isinstance(fault, Refused)
    assert (fault.api, fault.code) == ("sqs:ReceiveMessage", code)
    assert str(fault) == (
        f"AWS refused sqs:ReceiveMessage ({code}) for {QUEUE}: give {who} that action."
    )


def test_a_missing_right_on_a_key_is_told_apart() -> None:
    """An encrypted object needs the key's permission, not S3's."""
    message = "User: arn:aws:iam::111122223333:user/x is not authorized to perform: kms:Decrypt"
    fault = raised(answered("AccessDenied", message, 403), "s3:GetObject")
    assert "kms:Decrypt on the key" in str(fault)


def test_a_role_that_cannot_be_assumed_is_told_apart() -> None:
    """The call's own permission is not what is missing."""
    fault = raised(answered("AccessDenied", "", 403, "AssumeRole"))
    assert isinstance(fault, Refused)
    assert fault.api == "sts:AssumeRole"
    assert "trust policy" in str(fault)


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "SlowDown"])
def test_a_throttle_may_be_tried_again(code: str) -> None:
    """It names how long AWS asked us to wait."""
    fault = raised(answered(code, status=400))
    assert isinstance(fault, Unavailable)
    assert fault.retry_after == 7


@pytest.mark.parametrize(
    "error",
    [
        answered("InternalError", status=500),
        answered("ServiceUnavailable", status=503),
        ConnectTimeoutError(endpoint_url="https://sqs"),
        EndpointConnectionError(endpoint_url="https://sqs"),
        BotoCoreError(),
    ],
)
def test_no_usable_answer_may_be_tried_again(error: Exception) -> None:
    """AWS in trouble, or a network that is down, is not a refusal."""
    assert isinstance(raised(error), Unavailable)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (answered("ExpiredToken"), "renew"),
        (answered("InvalidClientTokenId", status=403), "renew"),
        (answered("AWS.SimpleQueueService.NonExistentQueue"), "queue_url"),
        (answered("InvalidAddress"), "InvalidAddress"),
        (NoCredentialsError(), "AWS_PROFILE"),
        (NoRegionError(), "region"),
    ],
)
def test_what_will_not_mend_itself_is_refused(error: Exception, word: str) -> None:
    """The sentence says what to change."""
    fault = raised(error)
    assert isinstance(fault, Refused)
    assert word in str(fault)


def test_other_errors_are_bugs() -> None:
    """A near miss: what AWS did not say is not translated."""
    with pytest.raises(KeyError), translated("sqs:ReceiveMessage", QUEUE):
        raise KeyError("ours")
