"""A synthetic corpus in the layout of a trail's bucket, for measuring: `bench corpus`.

Shaped after real logs: bursts of one caller doing one thing (what makes gzip reach 12:1), records
of about 1.5 kB, some 2,000 in a file, more than 80 % of them reads.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from bot.bench.calls import MATCHING, Call, calls_of

PER_FILE = 2_000
PRINCIPALS = 900
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
ACCOUNTS = ("111122223333", "222233334444", "333344445555")
MATCHING_SHARE = 0.013
_ERRORS = ("AccessDenied", "ThrottlingException", "Client.UnauthorizedOperation", "NoSuchKey")
_AGENTS = (
    "aws-sdk-java/2.25.60 Linux/5.10.217 OpenJDK_64-Bit_Server_VM/17.0.11 Java/17.0.11",
    "Boto3/1.34.103 md/Botocore#1.34.103 ua/2.0 os/linux#5.10.217 lang/python#3.11.9",
    "aws-cli/2.15.53 Python/3.11.8 Linux/6.1.90 exe/x86_64.amzn.2023",
    "APN/1.0 HashiCorp/1.0 Terraform/1.8.3 aws-sdk-go-v2/1.26.1 os/linux lang/go#1.22.2",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0.0.0 Safari/537.36",
)
_START = datetime(2026, 11, 1, tzinfo=UTC)


def write(folder: Path, *, records: int, seed: int) -> dict[str, int]:
    """Write *records* under *folder*. The same seed writes the same bytes.

    Returns the numbers of files and records, and the bytes of JSON and of gzip.
    """
    dice = random.Random(seed)  # noqa: S311 - no secret, only the same corpus each time
    callers = [_caller(dice, number) for number in range(PRINCIPALS)]
    plain = packed = files = 0
    for number, start in enumerate(range(0, records, PER_FILE)):
        count = min(PER_FILE, records - start)
        account, region = ACCOUNTS[number % len(ACCOUNTS)], dice.choice(REGIONS)
        when = _START + timedelta(minutes=5 * number)
        made = list(_burst_by_burst(dice, callers, account, region, when, count))
        text = json.dumps({"Records": made}, separators=(",", ":")).encode()
        body = gzip.compress(text, 6, mtime=0)
        name = f"{account}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_{number:06d}.json.gz"
        file = folder / f"AWSLogs/{account}/CloudTrail/{region}/{when:%Y/%m/%d}/{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        plain, packed, files = plain + len(text), packed + len(body), files + 1
    return {"files": files, "records": records, "json_bytes": plain, "gzip_bytes": packed}


def _burst_by_burst(
    dice: random.Random,
    callers: list[dict[str, object]],
    account: str,
    region: str,
    when: datetime,
    count: int,
) -> Iterator[dict[str, object]]:
    """*count* records: a caller goes on for a while with what it does, then another one does."""
    left = count
    while left:
        matching = dice.random() < MATCHING_SHARE * 12
        caller = dice.choice(callers)
        identity = cast(dict[str, object], caller["identity"])
        call = dice.choice(MATCHING if matching else calls_of(str(identity.get("arn"))))
        length = min(left, 1 if matching else dice.randint(4, 22))
        error = dice.choice(_ERRORS) if not matching and dice.random() < 0.15 else ""
        for _ in range(length):
            when += timedelta(milliseconds=dice.randint(1, 250))
            yield _record(dice, caller, call, account, region, when, error)
        left -= length


def _record(
    dice: random.Random,
    caller: dict[str, object],
    call: Call,
    account: str,
    region: str,
    when: datetime,
    error: str,
) -> dict[str, object]:
    identity = json.loads(json.dumps(caller["identity"]).replace("ACCOUNT", account))
    made: dict[str, object] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": region,
        "sourceIPAddress": caller["address"],
        "userAgent": caller["agent"],
    }
    if error:
        made["errorCode"] = error
        made["errorMessage"] = f"{identity.get('arn')} may not perform {call.name}"
    number = dice.randint(0, 400)
    made |= {
        "requestParameters": json.loads(call.request.replace("NUMBER", f"{number:04d}")),
        "responseElements": None,
        "requestID": _uuid(dice),
        "eventID": _uuid(dice),
        "readOnly": call.reads,
        "resources": [
            {"accountId": account, "type": "AWS::Any::Thing", "ARN": f"arn:aws:x:::{number:04d}"}
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{call.source.split('.')[0]}.{region}.amazonaws.com",
        },
    }
    return made


def _caller(dice: random.Random, number: int) -> dict[str, object]:
    """Two in three are roles' sessions, one in six a person's own user, the rest services."""
    kind = dice.choices(("AssumedRole", "AWSService", "IAMUser"), (64, 18, 18))[0]
    address = f"10.{number % 200}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"
    agent = dice.choice(_AGENTS)
    if kind == "AWSService":
        service = dice.choice(("config", "autoscaling", "lambda", "replicator.lambda"))
        where = f"{service}.amazonaws.com"
        return {
            "identity": {"type": kind, "invokedBy": where},
            "address": where,
            "agent": where,
        }
    owner = f"{'AROA' if kind == 'AssumedRole' else 'AIDA'}{number:017d}"
    identity: dict[str, object] = {
        "type": kind,
        "principalId": owner,
        "arn": f"arn:aws:iam::ACCOUNT:user/person-{number:03d}",
        "accountId": "ACCOUNT",
        "accessKeyId": f"{'ASIA' if kind == 'AssumedRole' else 'AKIA'}{number:016d}",
    }
    if kind == "IAMUser":
        identity["userName"] = f"person-{number:03d}"
        return {"identity": identity, "address": address, "agent": agent}
    role = f"role-of-team-{number % 120:03d}"
    # A third are servers, the others functions, pipelines and people.
    session = f"i-{number:017x}" if number % 3 == 0 else f"{role}-session-{number:03d}"
    identity["principalId"] = f"{owner}:{session}"
    identity["arn"] = f"arn:aws:sts::ACCOUNT:assumed-role/{role}/{session}"
    identity["sessionContext"] = {
        "sessionIssuer": {
            "type": "Role",
            "principalId": owner,
            "arn": f"arn:aws:iam::ACCOUNT:role/{role}",
            "accountId": "ACCOUNT",
            "userName": role,
        },
        "attributes": {"creationDate": "2026-11-01T00:00:00Z", "mfaAuthenticated": "false"},
    }
    return {"identity": identity, "address": address, "agent": agent}


def _uuid(dice: random.Random) -> str:
    made = f"{dice.getrandbits(128):032x}"
    return f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"
