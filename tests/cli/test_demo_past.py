"""`callwarden demo --write-past`: files that every command which reads a trail can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.demo import demo
from bot.cli.scan import scan
from bot.errors import BadInput


def test_the_past_is_written_and_can_be_scanned(tmp_path: Path) -> None:
    """All of it is readable, and no rule has a word about it."""
    folder = str(tmp_path / "past")
    wrote = CliRunner().invoke(demo, ["--write-past", folder, "--seed", "3"])
    assert wrote.exit_code == 0
    records, _, _, files = wrote.output.split()[:4]
    assert wrote.output.endswith(f"files under {folder}.\n")

    scanned = CliRunner().invoke(scan, [folder], catch_exceptions=False)
    assert scanned.exit_code == 0
    assert f"files: {files}, records: {records}, findings: 0." in scanned.output


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    """Two pasts in one would be none."""
    (tmp_path / "mine").touch()
    with pytest.raises(BadInput, match="is not empty"):
        CliRunner().invoke(demo, ["--write-past", str(tmp_path)], catch_exceptions=False)
