"""The exit status of the command itself, as a shell sees it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.demo.stage import command


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"Records": []}', 0),
        (
            '{"eventID": "e-1", "eventSource": "connect.amazonaws.com", "eventName":'
            ' "DeleteInstance", "userIdentity": {}}',
            1,
        ),
        ("no JSON", 2),
    ],
)
def test_scan_ends_with_what_it_found(tmp_path: Path, text: str, status: int) -> None:
    """0 nothing found, 1 findings, 2 unreadable."""
    file = tmp_path / "trail.json"
    file.write_text(text, encoding="utf-8")

    scanned = subprocess.run([*command(), "scan", str(file)], capture_output=True, timeout=60)

    assert scanned.returncode == status


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--help"], 0), (["rules", "test"], 0), (["scan", "--nope"], 2), (["scan", "/nowhere"], 2)],
)
def test_usage_and_faults_end_with_2(arguments: list[str], status: int) -> None:
    """A mistake is never taken for findings, nor for nothing found."""
    ended = subprocess.run([*command(), *arguments], capture_output=True, timeout=60)

    assert ended.returncode == status
