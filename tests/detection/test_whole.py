"""What the first look tells of a record is what a full decode would say."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from bot.detection.document import text
from bot.detection.headline import FIELDS, fold_values
from bot.detection.match import values
from bot.detection.record import Entry, Limits, read, to_record
from bot.detection.whole import TOLD, Whole
from tests.detection.made import SHARED, Text, entry, record

ROLE = "AWSServiceRoleForAmazonConnectSynchronization_x"
REPLICA = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLE:sync",
    "arn": f"arn:aws:sts::111122223333:assumed-role/{ROLE}/sync",
}


def agrees(one: Entry) -> None:
    """Everything that correlations ask for, from the core and from the record."""
    made, whole = to_record(one), Whole.of(one)
    document = Whole.of(one).document

    assert whole.failed is made.failed
    assert whole.replay is made.replay
    assert whole.key == made.key
    for field in (*FIELDS, *TOLD, "requestParameters.InstanceId"):
        if field in FIELDS:
            told = list(fold_values((field,), made))
        else:
            told = [text(value) for value in values(document, field.split("."))]
        expected = list(dict.fromkeys(value.lower() for value in told if value))
        assert whole.texts(field) == expected, field


@pytest.mark.skipif(not SHARED.is_dir(), reason="records made by others are not here")
@pytest.mark.parametrize("file", sorted(SHARED.glob("*/*.jsonl.gz")), ids=str)
def test_of_every_record_made_by_others(file: Path) -> None:
    """Also of those whose shape is unusual."""
    for one in read(Text(file.read_bytes()), Limits()):
        if isinstance(one, Entry):
            agrees(one)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"errorCode": "AccessDenied", "errorMessage": "no"},
        {"errorCode": "null", "userAgent": "null", "sharedEventID": "null"},
        {"sharedEventID": "shared", "eventType": "AwsApiCall"},
        {"sharedEventID": "shared", "eventType": "AwsCloudTrailInsight"},
        {"userIdentity": None},
        {"userIdentity": {"type": "Root"}, "sourceIPAddress": "connect.amazonaws.com"},
        {"userIdentity": {"type": "Root"}},
        {"userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "one"}}},
        {"userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "two"}}},
        {"userIdentity": {"type": "IAMUser", "accesskeyid": "AKIA"}},
        {"userIdentity": REPLICA},
        {"sourceIPAddress": "synchronization.connect.amazonaws.com"},
        {"awsRegion": None, "eventTime": "yesterday"},
    ],
)
def test_of_records_that_differ_in_what_tells(fields: dict[str, object]) -> None:
    """Twice each: what is remembered of a caller is theirs alone."""
    for _ in range(2):
        agrees(entry({**record(), **fields}))


def test_one_that_comes_from_another_process_is_the_same() -> None:
    """Files are shared between processes, and correlations are judged in one."""
    one = entry(record())
    again = pickle.loads(pickle.dumps(Whole.of(one)))  # noqa: S301 - our own

    assert again.record == to_record(one)
