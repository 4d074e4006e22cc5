"""Secrets are blanked wherever they hide; what is harmless stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.redact import BLANK, allowed_fields, blank
from tests.slack.made import record

KEY = "wJalrXUtnFEMI7K7MDENG7bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----"


def blanked(value: Any) -> Any:
    """*value* after `blank`."""
    return blank(json.dumps(value).encode())


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "newPassword",
        "SecretAccessKey",
        "secretString",
        "clientSecret",
        "sharedSecret",
        "sessionToken",
        "x-amz-security-token",
        "Authorization",
        "sAMLAssertion",
        "privateKey",
        "authCode",
        "refresh_token",
        "accessToken",
        "signInUrl",
    ],
)
def test_a_telling_key_blanks_its_value(key: str) -> None:
    """The value under a key that means a secret goes, at any depth, whatever its type."""
    for value in ("hunter2", 1234, ["hunter2"], {"plain": "hunter2"}):
        assert blanked({"a": [{"b": {key: value}}]}) == {"a": [{"b": {key: BLANK}}]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("accessKeyId", "AKIAIOSFODNN7EXAMPLE"),
        ("nextToken", "page-2"),
        ("clientRequestToken", "once"),
        ("passwordResetRequired", True),
        ("secret", None),
        ("secretId", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db"),
        ("code", 16),
        ("userName", "ana"),
        ("eventID", "31d0d7c6-ce5b-4caf-901f-025bf71241f6"),
        ("sha", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ],
)
def test_what_only_looks_like_a_secret_stays(key: str, value: object) -> None:
    """Ids, page marks, flags, empty values and digests are shown."""
    assert blanked({key: value}) == {key: value}


def test_credentials_show_only_their_id_and_end() -> None:
    """Of credentials one sees which key and until when."""
    given_out = {
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "expiration": "Nov 22, 2026",
        "sessionToken": "t",
        "other": {"x": 1},
    }

    shown = blanked({"responseElements": {"credentials": given_out}})

    assert shown["responseElements"]["credentials"] == given_out | {
        "sessionToken": BLANK,
        "other": BLANK,
    }


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        JWT,
        PEM,
        "IQoJb3JpZ2luX2Vj" + "A" * 80,
        "xoxb-1234567890-abcdef",
        "Bearer abcdefghij.k1",
    ],
)
def test_a_telling_look_blanks_too(secret: str) -> None:
    """A key, token or certificate is blanked under any key, with its neighbours kept."""
    assert blanked({"note": f"before {secret} after"}) == {"note": f"before {BLANK} after"}


def test_a_signed_link_loses_its_signature() -> None:
    """A presigned URL is shown without what makes it work."""
    link = "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc123&X-Amz-Date=20261122"

    assert blanked({"link": link})["link"] == link.replace("abc123", BLANK)


def test_json_in_a_string_is_searched() -> None:
    """A document held as text is blanked inside; one without secrets is left to the letter."""
    policy = '{"Version": "2012-10-17",  "Statement": []}'
    body = '{"user": "ana", "password": "hunter2"}'

    shown = blanked({"policyDocument": policy, "body": body})

    assert shown["policyDocument"] == policy
    assert json.loads(shown["body"]) == {"user": "ana", "password": BLANK}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"password": "hunter2", "cut off',
        b"password=hunter2&x=1",
        b"\xff\xfe {'secret': 'hunter2'}",
        b'["x", {"password": "hunter2"}]',
        b'{"a":"{\\"password\\": \\"hunter2\\", broken"}',
    ],
)
def test_what_is_no_json_object_is_blanked_as_text(raw: bytes) -> None:
    """A truncated or odd record is shown, and its secret still is not."""
    assert "hunter2" not in str(blank(raw))
    assert BLANK in str(blank(raw))


def test_depth_is_no_hiding_place() -> None:
    """A secret below the depth we follow is blanked with all around it; nothing overflows."""
    deep = '{"a":' * 500 + '{"x": "hunter2"}' + "}" * 500
    very_deep = "[" * 100_000 + "]" * 100_000

    assert "hunter2" not in str(blank(deep.encode()))
    assert isinstance(blank(very_deep.encode()), str)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("a", "password", "credentials", "token")), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from(("password", "sessionToken", "credentials")))
def test_a_secret_never_comes_through(value: Any, key: str) -> None:
    """However it is wrapped, a secret under a telling key is not in what is shown."""
    secret = "S3CR3T-VALUE"

    assert secret not in json.dumps(blanked({"x": value, "y": [{key: [value, secret]}]}))


def test_details_show_an_allow_list() -> None:
    """Named fields are shown, the rest of the request is not."""
    raw = {
        "requestParameters": {
            "InstanceId": "i-1",
            "securityProfileIds": ["sp-1", "sp-2"],
            "phoneNumber": "+41791234567",
            "password": "hunter2",
        }
    }
    fields = dict(allowed_fields(record(raw, error_code="AccessDenied", error_message=f"no {KEY}")))

    assert fields["instanceId"] == "i-1"
    assert fields["securityProfileIds"] == "sp-1, sp-2"
    assert fields["Outcome"] == f"refused: AccessDenied no {BLANK}"
    assert "+4179" not in str(fields)
    assert "hunter2" not in str(fields)


def test_empty_fields_are_left_out() -> None:
    """A record that holds little shows little, also when it cannot be parsed."""
    fields = dict(allowed_fields(record(raw=None, region="", user_agent="")))

    assert "Region" not in fields
    assert "User agent" not in fields
    assert fields["Outcome"] == "succeeded"


@pytest.mark.parametrize("piece", ["eyJ-", "token", "-----BEGIN A", "Aa1/", "basic ", "IQoJ "])
def test_a_text_made_to_be_slow_is_read_once(piece: str) -> None:
    """Half a megabyte of nearly-secrets comes back as it was, whole or under a key.

    A pattern that looked at it again for each piece would need minutes, and hold up every click.
    """
    text = "{" + piece * (500_000 // len(piece))

    assert blank(text.encode()) == text
    assert blanked({"note": text}) == {"note": text}


def test_details_read_no_more_of_a_value_than_they_may_show() -> None:
    """A parameter of a megabyte is cut before it is looked through; a secret at its start goes."""
    given = {"requestParameters": {"name": f"{KEY} " + "x" * 1_000_000}}

    rows = dict(allowed_fields(record(raw=given)))

    assert rows["name"].startswith(BLANK)
    assert len(rows["name"]) <= 2_000
