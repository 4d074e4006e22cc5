"""`callwarden rules`: list, test and explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.rules import rules
from bot.errors import BadInput

THEIRS = """\
title: Users listed
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventName: ListUsers
  condition: selection
level: low
tests:
  - {name: listed, match: true, record: {eventID: e-1, eventSource: x, eventName: ListUsers}}
  - {name: looked at, match: %s, record: {eventID: e-2, eventSource: x, eventName: DescribeUser}}
"""


def run(*arguments: str) -> Result:
    """What `rules` does with these arguments; its faults are raised."""
    return CliRunner().invoke(rules, list(arguments), catch_exceptions=False)


def theirs(folder: Path, expected: str = "false") -> str:
    """A folder with one rule by others; *expected* is what its second test expects."""
    (folder / "listed.yml").write_text(THEIRS % expected)
    return str(folder)


def test_every_rule_is_listed(tmp_path: Path) -> None:
    """Ours and theirs, for people and for programs."""
    assert "connect_emergency_access" in run("list").stdout
    told = json.loads(run("list", "--format", "json", "--rules", theirs(tmp_path)).stdout)

    assert [one["name"] for one in told if not one["own"]] == ["listed"]
    assert {"connect_mass_delete", "connect_traffic_moved"} <= {one["name"] for one in told}
    assert all(one["tests"] >= 2 for one in told)


def test_all_our_tests_pass() -> None:
    """The pack as shipped holds to its own tests."""
    result = run("test")

    assert result.exit_code == 0
    assert "tests passed." in result.stdout


def test_a_test_that_fails_is_exit_code_1(tmp_path: Path) -> None:
    """It is named with what was wrong; the same rule mended passes."""
    failing = run("test", "listed", "--rules", theirs(tmp_path, "true"))

    assert failing.exit_code == 1
    assert "FAILED listed: looked at: it should match and does not" in failing.stdout
    assert "1 of 2 tests passed." in failing.stdout
    assert run("test", "listed", "--rules", theirs(tmp_path)).exit_code == 0


def test_a_test_record_must_be_one(tmp_path: Path) -> None:
    """A test whose record is nothing like one fails, so that it cannot pass for nothing."""
    (tmp_path / "listed.yml").write_text((THEIRS % "false").replace("eventID: e-2, ", "") % ())
    text = (tmp_path / "listed.yml").read_text()
    (tmp_path / "listed.yml").write_text(
        text.replace("{eventSource: x, eventName: DescribeUser}", "{note: x}")
    )

    assert "its record is no CloudTrail record" in run("test", "--rules", str(tmp_path)).stdout


def test_a_rule_without_tests_is_said(tmp_path: Path) -> None:
    """Nothing tested is not the same as all passed."""
    (tmp_path / "listed.yml").write_text((THEIRS % "false").split("tests:")[0])

    assert "listed has no tests." in run("test", "listed", "--rules", str(tmp_path)).stdout


def test_a_rule_is_explained() -> None:
    """What it looks for, why, what to do, what may be harmless and how it is tested."""
    told = run("explain", "connect_emergency_access").stdout

    for said in (
        "Log in for emergency access",
        "- GetFederationTokens",
        "  1. Look for an approved break-glass request",
        "A rehearsed or approved break-glass login",
        "matches: emergency login from the console",
        "does not match: ordinary SAML sign-in",
        "actor, instance",
    ):
        assert said in told
    assert "111122223333" not in told


@pytest.mark.parametrize("verb", ["explain", "test"])
def test_a_rule_that_is_not_there_is_said(verb: str) -> None:
    """With the nearest name."""
    with pytest.raises(BadInput, match="Did you mean connect_emergency_access"):
        run(verb, "connect_emergency_acess")


def test_a_correlation_is_explained_with_its_base_rules() -> None:
    """What it counts stands in its own file, and is shown."""
    shown = run("explain", "connect_emergency_access_then_changes").stdout
    assert "type: temporal_ordered" in shown
    assert "chain_connect_changed:" in shown
    assert "eventName|startswith" in shown
    assert "does not match: from another address" in shown
    assert "6 of 6 tests passed." in run("test", "connect_emergency_access_then_changes").stdout
