"""What rules find of labelled records is counted, and folded as the running bot folds."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.bench.accuracy import Result, measure
from bot.cli import cli
from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.rulecase import callers, changed
from bot.errors import BadInput
from tests.detection.made import SHARED


def made(folder: Path, *, zipped: bool = False) -> tuple[Path, Path]:
    """Three keys made for others within the hour, one of another day, and a harmless read."""
    stolen = {
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateAccessKey",
        "requestParameters": {"userName": "connect-admin"},
    }
    times = ["2026-11-22T10:00:00Z", "2026-11-22T10:20:00Z", "2026-11-23T10:20:00Z"]
    records = [
        changed(callers()["key"], {**stolen, "eventTime": time, "eventID": f"e-{number}"})
        for number, time in enumerate(times)
    ]
    records.append(changed(callers()["key"], {"eventID": "e-9"}))
    body = "".join(json.dumps(record) + "\n" for record in records).encode()
    path = folder / "records.jsonl"
    path.write_bytes(gzip.compress(body) if zipped else body)
    rows = [
        {"line": 1, "label": "attack", "technique": "T1098.001"},
        {"line": 2, "label": "attack", "technique": "T1098.001"},
        {"line": 3, "label": "background"},
        {"line": 4, "label": "attack", "mitre": ["T1087"]},
    ]
    labels = folder / "labels.jsonl"
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path, labels


def judged(path: Path, labels: Path) -> Result:
    return measure(path, labels, Engine(sigma.load()).judge)


@pytest.mark.parametrize("zipped", [False, True])
def test_techniques_and_alerts_are_counted(tmp_path: Path, zipped: bool) -> None:
    """What was found is named with its rules, what was not is missed; an hour's are one alert."""
    result = judged(*made(tmp_path, zipped=zipped))

    assert result.techniques == {"T1087": [], "T1098.001": ["iam_access_key_for_another"]}
    assert result.missed == ["T1087"]
    assert (result.all["findings"], result.all["alerts"]) == (3, 2)
    assert result.labels["attack"]["alerts_medium"] == 1
    assert result.labels["background"]["alerts_per_1000"] == 1000.0


def test_a_record_that_comes_twice_is_found_once(tmp_path: Path) -> None:
    """By its id, as the running bot counts."""
    path, labels = made(tmp_path)
    path.write_bytes(path.read_bytes() * 2)
    rows = labels.read_text().splitlines()
    again = [json.dumps({**json.loads(row), "line": number}) for number, row in enumerate(rows, 5)]
    labels.write_text("\n".join([*rows, *again]))

    result = judged(path, labels)

    assert result.records == 8
    assert result.all["findings"] == 3
    assert result.all["rules"] == {"iam_access_key_for_another": 3}
    assert result.labels["attack"]["findings"] == 2


def test_a_shorter_window_folds_less(tmp_path: Path) -> None:
    """The window is production's unless another is asked for."""
    path, labels = made(tmp_path)
    result = measure(path, labels, Engine(sigma.load()).judge, timedelta(minutes=5))
    assert result.all["alerts"] == 3


def test_a_label_without_a_line_is_refused(tmp_path: Path) -> None:
    """The place is named."""
    path, labels = made(tmp_path)
    labels.write_text('{"label": "attack"}\n')
    with pytest.raises(BadInput, match=r"labels\.jsonl:1"):
        judged(path, labels)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_command_shows_it(tmp_path: Path, form: str) -> None:
    """For people and for programs."""
    path, labels = made(tmp_path)
    ended = CliRunner().invoke(
        cli, ["bench", "accuracy", str(path), "--labels", str(labels), "--format", form]
    )
    assert ended.exit_code == 0
    if form == "json":
        assert json.loads(ended.output)["missed"] == ["T1087"]
    else:
        assert "T1087: MISSED" in ended.output


def others(name: str) -> Result:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not on this machine")
    return judged(folder / "records.jsonl.gz", folder / "labels.jsonl")


def test_attacks_by_stratus_are_found_and_its_background_is_quiet() -> None:
    """At least 24 of 26 techniques; at most 4 alerts of level medium or more on the rest."""
    result = others("invictus_stratus_2023")
    alerts = result.labels["background"]["alerts_medium"]

    assert len(result.techniques) == 26
    assert len(result.missed) <= 2
    assert isinstance(alerts, int)
    assert alerts <= 4


def test_harmless_samples_are_quiet() -> None:
    """Config's crawling and the like: nothing of level medium or more."""
    assert others("opensearch_catalog_samples").all["alerts_medium"] == 0


def test_the_exfiltration_is_found() -> None:
    """A machine's stolen role lists a bucket from a desktop, and takes from it."""
    result = others("otrf_security_datasets_aws")
    assert result.missed == []
    assert result.labels["background"]["alerts_medium"] == 0
