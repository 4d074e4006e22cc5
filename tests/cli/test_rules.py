"""`callwarden rules`: list, test and explain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.rules import rules
from bot.detection.sigma import load
from bot.errors import BadInput
from bot.model import iso
from bot.store import SqliteStore
from tests.builders import NOON, judged, make_finding, make_record, make_triage
from tests.detection.made import INSTANCE, record

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

COUNTING = """\
title: Listed over and over
name: listed_over_and_over
status: test
correlation:
  {type: event_count, rules: [listed], group-by: [actor], timespan: 1h, condition: {gte: 5}}
"""


def settings(folder: Path, rest: str) -> Path:
    """A settings file with *rest* beside what must stand there."""
    file = folder / "callwarden.toml"
    file.write_text(
        '[slack]\nchannel = "C0123ABCD"\n[people.take]\nusers = ["U0ANA"]\n'
        '[people.resolve]\nusers = ["U0ANA"]\n' + rest
    )
    return file


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
    assert len(told) == len(load()) + len(load().correlations) + 1
    assert {"connect_mass_delete", "connect_traffic_moved"} <= {one["name"] for one in told}
    assert all(one["tests"] >= 2 for one in told)
    kinds = {one["name"]: one["kind"] for one in told}
    assert (kinds["connect_mass_delete"], kinds["connect_traffic_moved"]) == ("event_count", "rule")
    counted = f"{len(load().correlations)} correlations (1 of yours)"
    assert counted in run("list", "--rules", theirs(tmp_path)).stdout


def test_some_rules_are_listed() -> None:
    """Those that fit all words."""
    told = json.loads(run("list", "correlations", "delete", "--format", "json").stdout)
    said = run("list", "critical", "emergency").stdout

    assert [one["name"] for one in told] == ["connect_mass_delete"]
    assert "connect_emergency_access_then_changes" in said
    assert "connect_traffic_moved" not in said
    assert "2 of them fit." in said


def test_a_rule_that_is_only_counted_is_listed(tmp_path: Path) -> None:
    """A correlation made it silent; whose it is looks for it, and hears why. Ours are not."""
    (tmp_path / "chain.yml").write_text(COUNTING)
    asked = ("list", "yours", "--rules", theirs(tmp_path))
    told = {
        one["name"]: one["counted_by"] for one in json.loads(run(*asked, "--format", "json").stdout)
    }
    said = " ".join(run(*asked).stdout.split())

    assert told == {"listed": ["listed_over_and_over"], "listed_over_and_over": []}
    assert "(only counted by" in said
    assert "2 of them fit." in said
    assert "(1 of yours), " in said
    assert ", and 1 of yours that correlations only count; 0 file(s) refused." in said
    assert "only count" not in run("list").stdout


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


def test_the_pack_passes_its_lint(tmp_path: Path) -> None:
    """Others' rules are held to the same when their folder is named."""
    ours, both = run("lint"), run("lint", "--rules", theirs(tmp_path))

    assert (ours.exit_code, both.exit_code) == (0, 1)
    assert "nothing to mend" in ours.stdout
    assert "listed: its runbook has 0 step(s)" in both.stdout


def test_coverage_is_told(tmp_path: Path) -> None:
    """By technique and by call, with what is not covered and why; also for programs."""
    said = run("coverage").stdout
    found = json.loads(run("coverage", "--format", "json").stdout)

    accounts = next(line for line in said.splitlines() if "T1078.004 Cloud Accounts: " in line)
    assert "connect_emergency_access" in accounts
    assert "DeleteInstance: connect_instance_deleted" in said
    assert "Without a rule:" in said
    assert [one for one in found["calls"] if not (one["rules"] or one["reason"])] == []


def test_blind_rules_are_named(tmp_path: Path) -> None:
    """By the records in the store: before the first read event a rule about one is not proven."""
    file = settings(tmp_path, "")
    folder = tmp_path / "rules"
    folder.mkdir()
    needing = (THEIRS % "false") + (
        "callwarden: {headline: x, fold_by: [actor], needs: [read_events]}\n"
    )
    (folder / "listed.yml").write_text(needing)
    store = SqliteStore(tmp_path / "callwarden.db")
    asked = ("coverage", "--live", "--rules", str(folder), "-c", str(file))

    before = run(*asked).stdout
    store.keep(judged(make_finding(record=make_record(name="ListUsers"))), make_triage(), iso(NOON))
    store.close()
    after = run(*asked).stdout

    assert "listed needs read events. Not proven: no call that only reads has come yet." in before
    assert "listed needs" not in after


def test_the_page_of_rules_is_written(tmp_path: Path) -> None:
    """To where it is wanted."""
    run("docs", "--out", str(tmp_path / "rules.md"))

    text = (tmp_path / "rules.md").read_text()
    assert "### Connect instance deleted" in text
    _, chapter = text.split("## Correlations\n")
    assert "Speaks of: connect_emergency_access, then chain_connect_changed within 1 h" in chapter
    assert (
        "| `connect_emergency_access` | Emergency access to a Connect instance (speaks" in chapter
    )
    assert "| `chain_connect_changed` | Something in Connect is changed |" in chapter


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


def test_a_backtest_folds_as_the_bot_does(tmp_path: Path) -> None:
    """Two findings of one actor in an hour are one alert, a third hours later is another; the
    cards are a page in which nothing of a record is markup."""
    times = ("10:00:00", "10:30:00", "15:00:00")
    calls = [
        record(
            eventID=f"e-{time}",
            eventTime=f"2026-11-22T{time}Z",
            userAgent="<script>alert(1)</script>",
        )
        for time in times
    ]
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [*calls, record("ListUsers")]}))
    page = tmp_path / "cards.html"

    said = run("backtest", str(tmp_path / "trail.json"), "--html", str(page)).stdout
    told = json.loads(run("backtest", str(tmp_path), "--format", "json").stdout)

    assert "4 records, 3 findings, 2 alerts" in said
    assert [one["findings"] for one in told["alerts"]] == [2, 1]
    assert page.read_text().count("<article>") == 2
    assert "<script" not in page.read_text()
    assert "Connect instance" in page.read_text()


def test_a_backtest_of_what_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    """It is said, not counted as quiet; what lies beside it is shown all the same."""
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [record()]}))
    asked = ("backtest", str(tmp_path / "trail.json"), str(tmp_path / "nowhere"))

    found, tolerated = run(*asked), run(*asked, "--tolerate-unreadable")

    assert (found.exit_code, tolerated.exit_code) == (2, 0)
    assert "1 records, 1 findings, 1 alerts" in found.stdout
    assert f"Could not read {tmp_path}/nowhere: no such file or directory." in found.stderr


def test_a_backtest_leaves_out_what_is_mild(tmp_path: Path) -> None:
    """And says that there is nothing left."""
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [record("ListUsers")]}))

    asked = ("--rules", theirs(tmp_path), "--level")
    path = str(tmp_path / "trail.json")
    assert "1 findings, 1 alerts" in run("backtest", path, *asked, "low").stdout
    assert "1 findings, 0 alerts" in run("backtest", path, *asked, "high").stdout


def test_a_backtest_takes_the_settings(tmp_path: Path) -> None:
    """Folded as long as they say unless the command says otherwise, with the names of instances."""
    calls = [
        record(eventID=f"e-{time}", eventTime=f"2026-11-22T{time}Z")
        for time in ("10:00:00", "10:30:00")
    ]
    (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
    file = settings(
        tmp_path, f'[rules]\nfold_minutes = 15\n[[instance]]\nid = "{INSTANCE}"\nname = "Hotline"\n'
    )
    page = tmp_path / "cards.html"
    asked = ("backtest", str(tmp_path / "trail.json"), "-c", str(file), "--html", str(page))

    assert "2 findings, 2 alerts" in run(*asked).stdout
    assert "Hotline" in page.read_text()
    assert "2 findings, 1 alerts" in run(*asked, "--fold-minutes", "60").stdout


def test_a_disabled_rule_is_not_listed_and_still_explained(tmp_path: Path) -> None:
    """Whoever asks for it by name hears what it is, and that it is off."""
    file = str(settings(tmp_path, '[rules]\ndisabled = ["connect_traffic_moved"]\n'))
    explained = run("explain", "connect_traffic_moved", "-c", file)

    assert "connect_traffic_moved" not in run("list", "-c", file, "--format", "json").stdout
    assert "connect_traffic_moved: " in explained.stdout
    assert f"connect_traffic_moved is disabled in {file}." in explained.stderr


def test_one_bad_file_stops_no_other(tmp_path: Path) -> None:
    """It is named, and the exit code is 2 where it should have judged or been judged."""
    folder = tmp_path / "rules"
    folder.mkdir()
    beside = ("--rules", theirs(folder))
    (folder / "broken.yml").write_text("title: [")
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [record("ListUsers")]}))

    tried = run("backtest", str(tmp_path / "trail.json"), *beside)
    tested, linted = run("test", *beside), run("lint", *beside)
    explained = run("explain", "connect_emergency_access", *beside)

    assert "1 findings, 1 alerts" in tried.stdout
    assert "tests passed." in tested.stdout
    assert "listed: its runbook has 0 step(s)" in linted.stdout
    assert "; 1 file(s) refused." in linted.stdout
    assert "Log in for emergency access" in explained.stdout
    for one in (tried, tested, linted, explained):
        assert f"REFUSED {folder}/broken.yml: it cannot be read" in one.stderr
    assert [one.exit_code for one in (tried, tested, linted, explained)] == [2, 2, 2, 0]
    assert run("test", "listed", *beside).exit_code == 0


def test_a_correlation_is_explained_with_its_base_rules() -> None:
    """What it counts stands in its own file, and is shown."""
    shown = run("explain", "connect_emergency_access_then_changes").stdout
    assert "connect_emergency_access, then chain_connect_changed within 1 h, with the same" in shown
    assert "type: temporal_ordered" in shown
    assert "chain_connect_changed:" in shown
    assert "eventName|startswith" in shown
    assert "does not match: from another address" in shown
    assert "7 of 7 tests passed." in run("test", "connect_emergency_access_then_changes").stdout


def test_a_base_rule_is_explained_by_its_own_condition() -> None:
    """Of several in one file."""
    shown = run("explain", "chain_signin_worked").stdout

    assert "ConsoleLogin: Success" in shown
    assert "Failure" not in shown


def test_correlations_are_linted_like_rules(tmp_path: Path) -> None:
    """What is missing is said of each, and is exit code 1."""
    (tmp_path / "chain.yml").write_text(
        "title: Listed over and over\nname: listed_over_and_over\n"
        "id: 7d13e1d6-4f3e-4d5a-9d6b-0c7a8e1f2a3b\nstatus: test\n"
        "correlation: {type: event_count, rules: [lists], group-by: [actor], timespan: 1h,"
        " condition: {gte: 5}}\n---\n" + THEIRS.replace("level: low", "name: lists") % "false"
    )
    result = run("lint", "--rules", str(tmp_path))

    assert result.exit_code == 1
    assert "listed_over_and_over: it names no false positives." in result.stdout
    assert "listed_over_and_over: its runbook has 0 step(s)" in result.stdout
    assert "listed_over_and_over: no test matches." in result.stdout
    assert f"and {len(load().correlations) + 1} correlations: " in result.stdout


def test_a_base_rule_without_a_name_is_linted(tmp_path: Path) -> None:
    """Here it is called like its file, and Sigma elsewhere would not find it: a sentence. A base
    rule that is refused is one too."""
    (tmp_path / "chain.yml").write_text(COUNTING)
    found = run("lint", "--rules", theirs(tmp_path))
    (tmp_path / "listed.yml").write_text((THEIRS % "false").replace("aws", "gcp"))
    refused = run("lint", "--rules", str(tmp_path))

    assert (found.exit_code, refused.exit_code) == (1, 2)
    assert (
        "listed_over_and_over: it refers to a rule by its file's name, which Sigma elsewhere does "
        "not know: write `name: listed` there." in found.stdout
    )
    assert "listed_over_and_over: it refers to listed, which cannot be used." in refused.stdout
    assert "thing(s) to mend; 1 file(s) refused." in refused.stdout
