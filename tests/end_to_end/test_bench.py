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
