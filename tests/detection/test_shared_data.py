"""Records made by others: all of them are read, and the odd files are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.record import Entry, read, to_record
from bot.model import Unreadable
from tests.detection.made import LIMITS, SHARED, Text

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="records made by others are not here")

EDGES = {
    "digest_sample.json": 0,
    "empty_records.json": 0,
    "eventbridge_envelope.json": 1,
    "insight_events.json": 3,
    "insight_wrapped_sekoia.json": 1,
    "lookup_events_wrapped.jsonl": 6,
    "lowercase_keys_athena_style.json": 8,
    "redacted_account_numbers.json": 1,
    "schema_bad_1_01.json": 1,
    "service_event_wrapped_sekoia.json": 1,
    "stringly_typed_null.json": 9,
    "truncated_start.json": 37,
}


def scanned(file: Path) -> tuple[list[Entry], list[Unreadable]]:
    """What can and cannot be read of *file*, with every record judged."""
    engine = Engine(sigma.load())
    found = list(read(Text(file.read_bytes(), file.name), LIMITS))
    entries = [one for one in found if isinstance(one, Entry)]
    for entry in entries:
        assert to_record(entry).id
        assert all(finding.rule != "rule_broken" for finding in engine.judge(entry))
    return entries, [one for one in found if isinstance(one, Unreadable)]


def test_every_record_is_read() -> None:
    """All 3,906 records are read and judged."""
    files = sorted(SHARED.glob("*/records.jsonl.gz"))
    results = [scanned(file) for file in files]

    assert sum(len(entries) for entries, _ in results) == 3_906
    assert [fault for _, faults in results for fault in faults] == []


@pytest.mark.parametrize("name", EDGES)
def test_every_edge_case_is_read(name: str) -> None:
    """Each odd file gives its records; only the one that is cut off has something unreadable."""
    entries, unreadable = scanned(SHARED / "edge_cases" / name)

    assert EDGES[name] == len(entries)
    named = ["truncated_start.json#1", "truncated_start.json#39"]
    assert (named if name == "truncated_start.json" else []) == [one.where for one in unreadable]


def test_no_edge_case_is_forgotten() -> None:
    """A new file there needs a line here."""
    assert set(EDGES) == {file.name for file in (SHARED / "edge_cases").iterdir()}
