"""`callwarden baseline` and `scan --baseline`, through the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from tests.detection.made import body
from tests.detection.test_baseline import call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Settings, and a store that a scan of twelve days has taught."""
    records = [
        json.loads(bytes(call(day + hour / 24, "ListContactFlows").raw))
        for day in range(12)
        for hour in (10, 11)
    ]
    odd = call(12.5, "DeleteInstance", awsRegion="sa-east-1", sourceIPAddress="198.51.100.9")
    records.append(json.loads(bytes(odd.raw)))
    (tmp_path / "trail.json").write_bytes(body(*records))
    (tmp_path / "callwarden.toml").write_text(
        '[slack]\nchannel = "C0123456789"\n[[source]]\nqueue_url = "https://sqs.eu-central-1.'
        'amazonaws.com/111122223333/trail"\n[people.resolve]\nusers = ["U0123456789"]\n'
        '[people.take]\nusers = ["U0123456789"]\n',
        encoding="utf-8",
    )
    return tmp_path


def run(folder: Path, *given: str) -> Result:
    """The command, with the folder's settings."""
    config = ["-c", str(folder / "callwarden.toml")] if given[0] == "baseline" else []
    return CliRunner().invoke(cli, [*config, *given])


def scan(folder: Path) -> Result:
    """What a scan with a baseline says."""
    store = str(folder / "callwarden.db")
    return run(folder, "scan", str(folder / "trail.json"), "--baseline", store, "--format", "jsonl")


def test_a_scan_says_what_is_unusual(folder: Path) -> None:
    """After the warm-up, and once: the same files again are no news."""
    rules = [json.loads(line)["rule"] for line in scan(folder).stdout.splitlines()]
    assert "baseline_first_seen" in rules

    again = [json.loads(line)["rule"] for line in scan(folder).stdout.splitlines()]
    assert "baseline_first_seen" not in again


def test_a_scan_says_why_it_is_unusual(folder: Path) -> None:
    """In JSON and CSV of every finding; for people beneath the headline of what a baseline says."""
    file = str(folder / "trail.json")

    def said(form: str) -> str:
        store = str(folder / f"{form}.db")
        return run(folder, "scan", file, "--baseline", store, "--format", form).stdout

    told = [json.loads(line) for line in said("jsonl").splitlines()]
    [unusual] = [one["why"] for one in told if one["rule"] == "baseline_first_seen"]
    assert "bits of surprise" in unusual
    assert all(one["why"] for one in told)
    rows = csv.DictReader(io.StringIO(said("csv")))
    assert [one["why"] for one in rows] == [one["why"] for one in told]
    lines = [line.split("│")[4].strip() for line in said("table").splitlines() if "│" in line]
    at = next(place for place, line in enumerate(lines) if "is unusual for them" in line)
    assert lines[at + 1]
    assert unusual.startswith(lines[at + 1])


def test_show_forget_and_export(folder: Path) -> None:
    """In words and as JSON; what is forgotten cannot be shown any more."""
    scan(folder)
    shown = run(folder, "baseline", "show", "pipeline")
    assert "role/deploy-role/pipeline in account 111122223333" in shown.stdout
    assert "operation connect.amazonaws.com ListContactFlows" in shown.stdout
    told = json.loads(run(folder, "baseline", "show", "pipeline", "--format", "json").stdout)
    assert {"dimension": "region", "value": "sa-east-1"}.items() <= told[-1].items()
    exported = run(folder, "baseline", "export").stdout.splitlines()
    assert {json.loads(line)["scope"] for line in exported} == {"principal", "group", "account"}

    forgotten = run(folder, "baseline", "forget", "pipeline", "--format", "json")
    assert json.loads(forgotten.stdout)["forgotten"] > 10
    assert run(folder, "baseline", "show", "pipeline").exit_code != 0


@pytest.mark.parametrize("typed", ["deploy-role", "Deploy", "pipelnie"])
def test_who_may_have_been_meant_is_named(folder: Path, typed: str) -> None:
    """A role's name is a part of its sessions', and a mistyped name is near one that is known."""
    scan(folder)
    said = str(run(folder, "baseline", "show", typed).exception)

    assert said.splitlines() == [
        f"No baseline knows {typed!r}. Known are:",
        "  arn:aws:iam::111122223333:role/deploy-role/pipeline in account 111122223333",
    ]
    assert str(run(folder, "baseline", "forget", "xyz").exception) == "No baseline knows 'xyz'."


def test_ten_at_most_are_named(folder: Path) -> None:
    """And how many more there are."""
    calls = [call(0, "ListUsers", session=f"visitor-{number}") for number in range(12)]
    made = [json.loads(bytes(one.raw)) for one in calls]
    (folder / "trail.json").write_bytes(body(*made))
    scan(folder)
    lines = str(run(folder, "baseline", "show", "visitor").exception).splitlines()

    assert len(lines) == 12
    assert lines[-1] == "  … and 2 more"
