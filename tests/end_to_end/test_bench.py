"""The benches, run small: each measures, says so in JSON, and ends as its faults say."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner

from bot.cli.bench import bench


def run(*arguments: object) -> tuple[int, dict[str, Any]]:
    """Exit status and figures of one bench; the faults stand in both, in the figures and stderr."""
    ended = CliRunner().invoke(
        bench, [*map(str, arguments), "--format", "json"], catch_exceptions=False
    )
    figures: dict[str, Any] = json.loads(ended.stdout)
    assert ended.stderr == "".join(f"fault: {fault}\n" for fault in figures["faults"])
    return ended.exit_code, figures


def test_kills_lose_nothing_and_say_where_they_landed() -> None:
    """Three lives, ten alerts: each of them posted once, whatever was cut off."""
    status, figures = run("crash", "--kills", 3, "--alerts", 10)

    assert (status, figures["faults"]) == (0, [])
    assert figures["posted"] == figures["stored"] == 10
    assert 0 <= figures["kills_during_start"] <= 3
    assert 0 <= figures["cut_off"] <= 3 - figures["kills_during_start"]


def test_clicks_are_made_while_records_are_stored() -> None:
    """The flood outlasts ten clicks; every click is answered, and the figures say when it fell."""
    status, figures = run("clicks", "--records", 2000, "--clicks", 10)

    assert status == bool(figures["faults"])
    assert figures["unanswered"] == 0
    assert figures["clicks"] >= 10
    assert 0 < figures["count"] == figures["clicks_while_storing"] <= figures["clicks"]
    assert 0 < figures["median_ms"] <= figures["p99_ms"]


def test_a_flood_that_is_over_too_early_is_named() -> None:
    """Fifty records are stored long before forty clicks are made."""
    status, figures = run("clicks", "--records", 50, "--clicks", 40)

    assert status == 1
    assert any("the flood ended too early" in fault for fault in figures["faults"])


def test_every_record_of_a_quiet_day_becomes_a_card() -> None:
    """The time from each record to its card is measured."""
    status, figures = run("latency", "--records", 5)

    assert status == bool(figures["faults"])
    assert (figures["lost"], figures["count"]) == (0, 5)
    assert 0 < figures["median_ms"] <= figures["p99_ms"]


def test_a_start_is_measured() -> None:
    """The time of an import in a fresh interpreter, and what the bot holds soon after its start."""
    status, figures = run("start", "--seconds", 3, "--runs", 2)

    assert status == bool(figures["faults"])
    assert 0 < figures["import_seconds"] <= figures["import_seconds_most"]
    assert figures["joined_seconds"] > 0
    assert figures["memory_mb"] > 20


def test_figures_for_people_are_lines() -> None:
    """Without --format json each figure is a line."""
    ended = CliRunner().invoke(bench, ["latency", "--records", "1"], catch_exceptions=False)

    assert "records: 1\nlost: 0\ncount: 1\nmedian_ms: " in ended.stdout
    assert "faults" not in ended.stdout
