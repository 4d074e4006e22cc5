"""What `callwarden bench start` calls a fault, and where it reads a process's memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bot.bench.start import faults, largest_child, resident

GOOD: dict[str, object] = {"import_seconds": 0.249, "memory_mb": 149.9}


def test_figures_just_under_their_targets_have_no_fault() -> None:
    """Near miss: fast and small enough."""
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"import_seconds": 0.25}, "import bot.cli, median: 0.25 s; the target is under 0.25 s"),
        ({"memory_mb": 150.0}, "memory of callwarden run: 150.0 MB; the target is under 150 MB"),
    ],
)
def test_slow_and_large_starts_are_named(changed: dict[str, object], named: str) -> None:
    """Too slow an import, too much memory."""
    assert faults(GOOD | changed) == [named]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")
def test_memory_is_what_the_system_says() -> None:
    """In megabytes of a million bytes."""
    assert resident(os.getpid()) == pytest.approx(
        psutil.Process().memory_info().rss / 1e6, rel=0.05
    )


def test_without_proc_the_largest_child_that_ended_is_known(tmp_path: Path) -> None:
    """A child that held 50 MB has ended: at least so much was held."""
    assert resident(os.getpid(), tmp_path) is None

    subprocess.run([sys.executable, "-c", "held = bytes(50_000_000)"], check=True)

    assert largest_child() > 50
