"""The Procfile is what process hosts and honcho can run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not (ROOT / "Procfile").exists(), reason="not in a checkout")
def test_honcho_accepts_the_procfile() -> None:
    """`honcho check` passes, and the one process is `callwarden run`."""
    checked = subprocess.run(
        [sys.executable, "-m", "honcho", "check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert checked.returncode == 0, checked.stderr
    assert "worker" in checked.stderr + checked.stdout
    assert (ROOT / "Procfile").read_text(encoding="utf-8") == "worker: callwarden run\n"
