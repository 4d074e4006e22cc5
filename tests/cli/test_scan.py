"""`callwarden scan`: what it shows, what it says, and how it exits."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import cli
from bot.cli.reports import FIELDS, cell, plain
from bot.cli.scan import scan, window_of
from bot.errors import BadInput
from tests.detection.made import INSTANCE, SHARED, body, record, zipped

ROOT = Path(__file__).parents[2]


def placed(folder: Path, **files: bytes) -> Path:
    """A folder of files with these contents."""
    for name, text in files.items():
        (folder / f"{name}.json").write_bytes(text)
    return folder


def run(*arguments: object) -> Result:
    """What `scan` does with these arguments; its faults are raised."""
    return CliRunner().invoke(scan, [str(one) for one in arguments], catch_exceptions=False)


def shown(*arguments: object) -> list[dict[str, str]]:
    """The findings as JSON lines."""
    return [json.loads(line) for line in run("--format", "jsonl", *arguments).stdout.splitlines()]


def test_findings_are_exit_code_1(tmp_path: Path) -> None:
    """A finding is told with all its fields, and how much was read is told beside it."""
    placed(tmp_path, a=zipped(body(record(), record("ListUsers"))))
    result = run("--format", "jsonl", tmp_path)

    assert result.exit_code == 1
    finding = json.loads(result.stdout)
    assert set(finding) == set(FIELDS)
    assert finding == finding | {
        "rule": "connect_instance_deleted",
        "level": "critical",
        "event_id": record()["eventID"],
        "event_time": "2026-11-22T10:03:11Z",
        "event_name": "DeleteInstance",
        "actor": "mallory",
        "account": "111122223333",
        "region": "eu-central-1",
        "source_ip": "203.0.113.10",
        "headline": f"mallory deleted {INSTANCE}",
    }
    assert result.stderr == "Read files: 1, records: 2, findings: 1.\n"


def test_nothing_found_is_exit_code_0(tmp_path: Path) -> None:
    """Harmless records, and folders without any, are fine."""
    assert run(tmp_path).exit_code == 0
    assert run(placed(tmp_path, a=body(record("ListUsers")))).exit_code == 0


@pytest.mark.parametrize("records", [[record()], []])
def test_unreadable_is_exit_code_2(tmp_path: Path, records: list[object]) -> None:
    """With or without findings; what it was is named, and it may be tolerated."""
    placed(tmp_path, a=body(*records), broken=b"hello")
    result = run(tmp_path)

    assert result.exit_code == 2
    assert f"Could not read {tmp_path}/broken.json#1: this is not JSON." in result.stderr
    tolerated = run("--tolerate-unreadable", tmp_path)
    assert tolerated.exit_code == len(records)
    assert "broken.json" in tolerated.stderr


def test_a_path_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    """The others are scanned all the same."""
    placed(tmp_path, a=body(record()))
    result = run(tmp_path / "nowhere", tmp_path, "--format", "jsonl")

    assert (result.exit_code, len(result.stdout.splitlines())) == (2, 1)
    assert "nowhere: no such file or directory." in result.stderr


def test_many_faults_of_one_kind_are_one_line(tmp_path: Path) -> None:
    """A file of the wrong kind does not bury the others."""
    placed(tmp_path, a=b'{"x": 1}\n' * 500)
    result = run(tmp_path)

    assert "a.json#1: it is no CloudTrail record (and 499 more like it there)." in result.stderr
    assert "unreadable: 500" in result.stderr


def test_the_same_record_twice_is_one_finding(tmp_path: Path) -> None:
    """Two trails into one bucket deliver everything twice."""
    placed(tmp_path, a=body(record()), b=body(record(), record("StopLogging", eventID="x")))
    result = run("--format", "jsonl", tmp_path)

    assert len(result.stdout.splitlines()) == 1
    assert "repeated: 1" in result.stderr


def test_json_is_one_document(tmp_path: Path) -> None:
    """With findings or without it can be read as a whole, faults included."""
    assert json.loads(run("--format", "json", tmp_path).stdout)["findings"] == []
    placed(tmp_path, a=body(record(), record(eventID="other")), broken=b"hello")
    told = json.loads(run("--format", "json", tmp_path).stdout)

    assert len(told["findings"]) == 2
    assert told["summary"] == told["summary"] | {"records": 2, "files": 2, "unreadable": 1}
    (fault,) = told["summary"]["unreadable_in"]
    assert fault == {
        "where": f"{tmp_path}/broken.json#1",
        "reason": "this is not JSON",
        "count": 1,
    }


def test_the_table_names_rule_and_headline(tmp_path: Path) -> None:
    """A person reads a table; a program may ask for the rest."""
    result = run(placed(tmp_path, a=body(record())))

    assert "connect_instance_deleted" in result.stdout
    assert f"mallory deleted {INSTANCE}" in result.stdout


def test_a_record_cannot_paint_the_terminal(tmp_path: Path) -> None:
    """Escapes and markup in a record's fields are shown, not obeyed, in every format."""
    name = "\x1b[31m[red]x[/red]\u202egpj\x9b2J\r\n"
    placed(tmp_path, a=body(record(userIdentity={"type": "IAMUser", "userName": name})))

    for form in ("table", "csv", "json", "jsonl"):
        told = run("--format", form, tmp_path).stdout
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", told)
    assert "[red]x[/red]" in run(tmp_path).stdout


def test_csv_has_a_head_and_a_row(tmp_path: Path) -> None:
    """Each finding is one row, whatever its fields hold."""
    identity = {"type": "IAMUser", "userName": '=cmd|" /C calc"!A1\n,"x'}
    placed(tmp_path, a=body(record(userIdentity=identity)))
    head, row = csv.reader(io.StringIO(run("--format", "csv", tmp_path).stdout))

    assert head == list(FIELDS)
    assert row[head.index("actor")] == '\'=cmd|" /C calc"!A1\\n,"x'


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    """Whatever is in it, a cell is on one line and does not begin a formula."""
    safe = cell(text)

    for part in safe.split(";"):
        assert not part.lstrip(" ").startswith(
            ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
        )
    assert len(safe.splitlines()) <= 1
    safe.encode()


def test_a_formula_after_a_semicolon_is_none() -> None:
    """Half of the world's spreadsheets split a row there; other semicolons stay as they are."""
    assert cell("x; =1+1;-2") == "x; '=1+1;'-2"
    assert cell("a;b;1=1") == "a;b;1=1"


@given(st.text())
def test_plain_text_is_printable(text: str) -> None:
    """Text that can be printed stays as it is; the rest is written out."""
    assert plain(text).isprintable()
    assert not text.isprintable() or plain(text) == text


TIMES = ["2026-11-21T23:59:59Z", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59Z"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--since", "2026-11-22"], TIMES[1:]),
        (["--until", "2026-11-21"], TIMES[:1]),
        (["--until", "2026-11-22"], TIMES),
        (["--since", "2026-11-22", "--until", "2026-11-22"], TIMES[1:]),
        (["--until", "2026-11-22T00:00:00Z"], TIMES[:1]),
        (["--since", "2026-11-22T01:00:00+01:00"], TIMES[1:]),
        (["--since", "2026-11-22T00:00:01"], TIMES[2:]),
        (["--since", "2026-11-22", "--until", "9999-12-31"], TIMES[1:]),
    ],
)
def test_times_can_be_narrowed(tmp_path: Path, options: list[str], expected: list[str]) -> None:
    """Dates count whole, zones are minded, and what has none is UTC."""
    made = [record(eventTime=when, eventID=when) for when in TIMES]
    placed(tmp_path, a=body(*made))

    assert [one["event_time"] for one in shown(tmp_path, *options)] == expected


@pytest.mark.parametrize("when", [None, 5, "yesterday", "", "2026-99-99T00:00:00Z"])
def test_records_without_a_time_are_kept(tmp_path: Path, when: object) -> None:
    """Dropping them could hide just the record that was tampered with; they are counted."""
    placed(tmp_path, a=body(record(eventTime=when)))
    result = run(tmp_path, "--since", "2030-01-01")

    assert result.exit_code == 1
    assert "without usable time: 1" in result.stderr


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_bad_time_names_its_option(tmp_path: Path, option: str) -> None:
    """A date nobody can read is a fault, not a filter that drops everything."""
    with pytest.raises(BadInput, match=option) as fault:
        run(tmp_path, option, "last week")
    assert fault.value.where == option


def test_a_span_that_ends_before_it_begins_is_a_fault() -> None:
    """It would find nothing, and say so as if all were well."""
    with pytest.raises(BadInput, match="before --until"):
        window_of("2026-11-23", "2026-11-22")
    assert window_of("2026-11-22", "2026-11-22").since is not None


def test_levels_can_be_narrowed(tmp_path: Path) -> None:
    """Only findings at or above the level are shown and count."""
    placed(tmp_path, a=body(record(errorCode="AccessDenied")))

    assert run("--level", "high", tmp_path).exit_code == 1
    assert run("--level", "critical", tmp_path).exit_code == 0


def test_a_rule_that_breaks_is_shown_at_every_level(tmp_path: Path) -> None:
    """Nobody knows what it would have said, so --level does not leave it out."""
    # A number with more digits than Python reads: seen by the first look, lost to the second.
    text = body(record(requestParameters={"Count": "many"}))
    placed(tmp_path, a=text.replace(b'"many"', b"1" * 5_000))

    assert [one["rule"] for one in shown(tmp_path, "--level", "critical")] == ["rule_broken"]


def test_own_rules_can_be_added(tmp_path: Path) -> None:
    """A folder of Sigma rules is used beside ours; one file that is broken is left out by name."""
    (tmp_path / "rules").mkdir()
    rule = tmp_path / "rules" / "listed.yml"
    rule.write_text(
        "title: Users listed\nlogsource: {product: aws, service: cloudtrail}\n"
        "detection: {s: {eventName: ListUsers}, condition: s}\nlevel: low\n"
    )
    logs = tmp_path / "logs"
    logs.mkdir()
    placed(logs, a=body(record("ListUsers")))

    assert [one["rule"] for one in shown(logs, "--rules", tmp_path / "rules")] == ["listed"]
    (tmp_path / "rules" / "broken.yml").write_text("title: [")
    beside = run(logs, "--rules", tmp_path / "rules", "--format", "jsonl", "--jobs", 2)
    assert [json.loads(line)["rule"] for line in beside.stdout.splitlines()] == ["listed"]
    assert beside.stderr.count(f"REFUSED {tmp_path}/rules/broken.yml: it cannot be read") == 1
    assert beside.exit_code == 2


def test_a_scan_takes_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folders, what it disables and overrides, and what it calls instances; where no file is
    named, callwarden.toml of this folder. A folder named twice is read once."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "listed.yml").write_text(
        "title: Users listed\nlogsource: {product: aws, service: cloudtrail}\n"
        "detection: {s: {eventName: ListUsers}, condition: s}\nlevel: low\n"
    )
    (tmp_path / "callwarden.toml").write_text(
        '[slack]\nchannel = "C0123ABCD"\n[people.take]\nusers = ["U0ANA"]\n'
        '[people.resolve]\nusers = ["U0ANA"]\n[rules]\nfolders = ["theirs"]\n'
        'disabled = ["connect_traffic_moved"]\n[rules.override.connect_instance_deleted]\n'
        f'level = "low"\n[[instance]]\nid = "{INSTANCE}"\nname = "Hotline"\n'
    )
    logs = tmp_path / "logs"
    logs.mkdir()
    moved = record("UpdateTrafficDistribution", eventID="moved")
    placed(logs, a=body(record(eventID="gone"), record("ListUsers", eventID="seen"), moved))
    asked = ["scan", str(logs), "--format", "jsonl", "--rules", str(theirs)]

    def said(*arguments: str) -> tuple[list[tuple[str, str]], str]:
        result = CliRunner().invoke(cli, [*arguments])
        told = [json.loads(line) for line in result.stdout.splitlines()]
        return sorted((one["rule"], one["level"]) for one in told), result.stdout + result.stderr

    plainly, _ = said(*asked)
    monkeypatch.chdir(tmp_path)
    here, shown = said(*asked)
    monkeypatch.chdir("/")
    file = str(tmp_path / "callwarden.toml")

    assert ("connect_traffic_moved", "critical") in plainly
    assert here == [("connect_instance_deleted", "low"), ("listed", "low")]
    assert said("-c", file, *asked)[0] == here == said(*asked, "-c", file)[0]
    assert "Hotline" in shown
    assert (
        "Rules are as callwarden.toml has them: 1 folder beside ours, 1 disabled, 1 overridden."
        in shown
    )
    assert "nowhere.toml" in str(CliRunner().invoke(cli, ["-c", "nowhere.toml", *asked]).exception)


def test_importing_the_command_is_light() -> None:
    """Start-up stays fast: neither rules nor decompression nor tables come with the import."""
    heavy = "{'sigma', 'yaml', 'isal', 'rich', 'boto3'}"
    code = (
        "import sys, bot.cli.scan, bot.cli.rules;"
        f"print(sorted({heavy} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout == "[]\n"


@pytest.mark.skipif(not SHARED.is_dir(), reason="records made by others are not here")
def test_everything_made_by_others_is_scanned() -> None:
    """All their records are counted; their labels, readme and one cut file are named."""
    summary = json.loads(run("--format", "json", SHARED).stdout)["summary"]

    assert summary["records"] == 3_906 + 68
    named = {Path(one["where"]).name.split("#")[0] for one in summary["unreadable_in"]}
    assert named == {"README.md", "labels.jsonl", "truncated_start.json"}
    assert "rule_broken" not in run("--format", "jsonl", SHARED).stdout


@pytest.mark.parametrize("more", [(), ("--since", "2026-11-22")], ids=["all", "some"])
def test_several_processes_say_what_one_says(tmp_path: Path, more: tuple[str, ...]) -> None:
    """The same findings in the same order, each once, and the same numbers."""
    shared = record(eventID="twice")
    for number in range(12):
        many = [record(eventID=f"{number}-{place}") for place in range(3)]
        placed(tmp_path, **{f"f{number:02}": zipped(body(*many, record("ListUsers"), shared))})
    placed(tmp_path, broken=b"{", odd=json.dumps({"eventName": "X"}).encode())
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")

    one, two = (run("--format", "json", "--jobs", jobs, *more, tmp_path) for jobs in (1, 2))
    assert one.stdout == two.stdout
    assert (one.stderr, one.exit_code) == (two.stderr, two.exit_code)
    assert json.loads(one.stdout)["summary"]["findings"] == 38  # so many are a mass deletion too
    assert json.loads(one.stdout)["summary"]["repeated"] == 11
