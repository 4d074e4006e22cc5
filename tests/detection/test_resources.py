"""Instance and target: the same thing by whatever spelling."""

from __future__ import annotations

import pytest

from tests.detection.made import INSTANCE, record, seen

ARN = f"arn:aws:connect:eu-central-1:111122223333:instance/{INSTANCE}"
ENCODED = ARN.replace(":", "%3A").replace("/", "%2F")
OTHER = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    "request_parameters",
    [
        {"InstanceId": INSTANCE},
        {"InstanceId": INSTANCE.upper()},
        {"InstanceId": ARN},
        {"InstanceId": ENCODED},
        {"instanceId": INSTANCE},
        {"InstanceArn": ARN},
        {"ResourceArn": f"{ARN}/queue/{OTHER}"},
        {"TargetArn": ENCODED},
        {"InstanceId": "i-0123", "Resource": {"deep": [ENCODED]}},
        f'{{"InstanceId": "{INSTANCE}"}}',
    ],
)
def test_three_spellings_are_one_instance(request_parameters: object) -> None:
    """A bare id, an ARN and a URL-encoded ARN give the bare id, wherever they stand."""
    assert seen(record(requestParameters=request_parameters)).instance == INSTANCE


@pytest.mark.parametrize(
    "request_parameters",
    [
        None,
        "null",
        {"instanceId": "i-0123456789abcdef0"},
        {"InstanceArn": "arn:aws:sso:::instance/ssoins-0123456789abcdef"},
        {"UserId": INSTANCE},
        {"InstanceId": 5},
    ],
)
def test_other_instances_are_none(request_parameters: object) -> None:
    """EC2's and Identity Center's instances are not Connect's."""
    assert seen(record(requestParameters=request_parameters)).instance == ""


def test_the_request_speaks_before_the_rest() -> None:
    """Another instance elsewhere in the record does not count where the request names one."""
    made = record(responseElements={"Arn": ARN.replace(INSTANCE, OTHER)})

    assert seen(made).instance == INSTANCE


@pytest.mark.parametrize(
    ("request_parameters", "target"),
    [
        ({"InstanceId": INSTANCE, "UserId": f"{ARN}/agent/{OTHER}"}, OTHER),
        ({"InstanceId": INSTANCE, "UserId": OTHER, "SecurityProfileIds": ["x"]}, OTHER),
        ({"SecurityProfileId": f"{ENCODED}%2Fsecurity-profile%2F{OTHER}"}, OTHER),
        ({"AssociationId": "a" * 64, "ResourceType": "CALL_RECORDINGS"}, "CALL_RECORDINGS"),
        ({"StorageConfig": {"AssociationId": "abc"}}, "abc"),
        ({"PhoneNumberId": f"arn:aws:connect:eu-west-2:1:phone-number/{OTHER}"}, OTHER),
        ({"roleName": "Connect", "policyArn": "arn:aws:iam::aws:policy/Admin"}, "Connect"),
        ({"sAMLProviderArn": "arn:aws:iam::1:saml-provider/Okta"}, "Okta"),
        ({"name": "arn:aws:cloudtrail:eu-central-1:1:trail/security"}, "security"),
        ({"trailName": "security"}, "security"),
        ({"InstanceId": INSTANCE}, INSTANCE),
        ({"UserId": "", "name": 5}, ""),
        (None, ""),
    ],
)
def test_targets_are_bare(request_parameters: object, target: str) -> None:
    """A target has no account and no Region, so that a replica's copy compares equal."""
    assert target == seen(record(requestParameters=request_parameters)).target


def test_a_phone_number_is_never_a_target() -> None:
    """Numbers are personal; only their ids may appear in a headline."""
    made = record(requestParameters={"PhoneNumber": "+41440000000"}, responseElements=None)

    assert seen(made).target == ""
