"""Headlines: filled from what is there, honest about what did not happen."""

from __future__ import annotations

import pytest

from bot.detection.headline import FIELDS, fold_values, headline, is_refused, told, unknown_fields
from tests.detection.made import INSTANCE, record, seen

EVERY = " ".join(f"{{{name}}}" for name in FIELDS)


def test_a_record_with_nothing_in_it_has_a_headline() -> None:
    """Every field has words for when it is missing."""
    made = headline("{actor} did {event_name} to {instance}", seen({"eventID": "e"}), {})

    assert made == "someone did a call to an instance"
    assert "{" not in headline(EVERY, seen({"eventID": "e"}), {})


def test_instances_have_names() -> None:
    """People know an instance by its name, where settings give one."""
    made = seen(record())

    assert headline("{instance}", made, {INSTANCE: "Berlin"}) == "Berlin"
    assert headline("{instance}", made, {"other": "Berlin"}) == INSTANCE


def test_a_value_cannot_spread() -> None:
    """Whoever chooses a name cannot add lines, braces or pages to a headline."""
    made = headline(
        "{actor}!", seen(record(userIdentity={"userName": "a\n\n{account}" + "x" * 999})), {}
    )

    assert made.startswith("a {account}xxx")
    assert made.endswith("…!")
    assert len(made) == 101


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDenied", "Refused: mallory"),
        ("AccessDeniedException", "Refused: mallory"),
        ("Client.UnauthorizedOperation", "Refused: mallory"),
        ("NotAuthorized", "Refused: mallory"),
        ("ResourceNotFoundException", "Failed: mallory"),
        (None, "mallory"),
    ],
)
def test_what_did_not_happen_is_said(code: str | None, expected: str) -> None:
    """A refused or failed call is not told as if it had worked."""
    assert expected == headline("{actor}", seen(record(errorCode=code)), {})


def test_only_permission_counts_as_refusal() -> None:
    """A mistake in a request is no refusal."""
    assert is_refused("UnauthorizedOperation")
    assert not is_refused("InvalidParameterException")
    assert not is_refused("")


def test_findings_fold_by_values() -> None:
    """An actor folds by its principal, and a missing value is an empty one."""
    made = seen(record(awsRegion=None))

    expected = ("arn:aws:iam::111122223333:user/mallory", "")
    assert expected == fold_values(("actor", "region"), made)


@pytest.mark.parametrize("template", ["{nobody}", "{actor!r}", "{actor:>99}", "{actor.name}", "{}"])
def test_templates_may_only_name_fields(template: str) -> None:
    """No attributes, conversions or widths: a template is filled, never evaluated."""
    assert unknown_fields(template)
    assert not unknown_fields("{actor} {{and}} {target}")


def test_an_id_is_told_by_its_head() -> None:
    """A headline fits a phone: of an id the head stays; near miss, what only looks like one."""
    arn = f"arn:aws:connect:eu-central-1:111122223333:instance/{INSTANCE}/agent/"
    user = "e13650b5-3c23-44ab-9b50-30a103d711b5"
    made = seen(record(requestParameters={"UserId": user, "InstanceId": INSTANCE}, arn=arn))

    assert headline("{target} changed", made, {}) == "e13650b5… changed"
    assert told("build-e13650b5-3c23-44ab-9b50") == "build-e13650b5-3c23-44ab-9b50"
