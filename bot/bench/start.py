"""How fast the command line starts, and how much memory the bot holds some time after its start."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.stage import Stage, wait_until
from bot.errors import Fault

IMPORT_S = 0.25
MEMORY_MB = 150.0

ALERTS = 10
"""Alerts that the bot posts meanwhile: one that has done nothing yet holds less."""

_IMPORT = """
import time
begun = time.perf_counter()
import bot.cli
print(time.perf_counter() - begun)
"""


def measure(manifest: str, *, seconds: float, runs: int) -> dict[str, object]:
    """Import `bot.cli` in *runs* fresh interpreters; run the bot for *seconds*, then look."""
    busy = load.average()
    imports = [_import_seconds() for _ in range(runs)]
    with load.stage(manifest) as stage:
        begun = time.monotonic()
        stage.start_bot()
        joined = time.monotonic() - begun
        _work(stage)
        _stay(stage, begun + seconds)
        held = resident(stage.pid)
        stage.stop_bot()
    result: dict[str, object] = {
        "load_average": busy,
        "import_runs": runs,
        "import_seconds": round(median(imports), 3),
        "import_seconds_most": round(max(imports), 3),
        "joined_seconds": round(joined, 2),
        "memory_after_seconds": seconds,
        "memory_mb": round(largest_child() if held is None else held, 1),
        "memory_is": "the most it ever held" if held is None else "what it held then",
    }
    return result | {"faults": faults(result)}


def faults(result: Mapping[str, object]) -> list[str]:
    """The targets that were missed, each as a sentence."""
    return [
        *load.missed("import bot.cli, median", result["import_seconds"], IMPORT_S, "s"),
        *load.missed("memory of callwarden run", result["memory_mb"], MEMORY_MB, "MB"),
    ]


def resident(pid: int, proc: Path = Path("/proc")) -> float | None:
    """The megabytes that process *pid* holds in memory; None where there is no *proc*."""
    status = proc / str(pid) / "status"
    if not status.exists():
        return None
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(fields["VmRSS"].split()[0]) * 1024 / 1e6


def largest_child() -> float:
    """The megabytes that the largest of our children that have ended ever held."""
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024) / 1e6


def _import_seconds() -> float:
    """-P: what lies in the current folder is not imported in its place."""
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _IMPORT], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise Fault(f"bot.cli cannot be imported.\n{ended.stderr}")
    return float(ended.stdout)


def _work(stage: Stage) -> None:
    """Give the bot something to do, and wait until it is done."""
    for number in range(ALERTS):
        stage.aws.send_event(
            load.emergency_login(f"start-{number:02}", load.instance_id(number % 10))
        )
    wait_until(lambda: len(cards(stage.slack)) >= ALERTS, 60, f"{ALERTS} cards")


def _stay(stage: Stage, until: float) -> None:
    """Let the bot live *until* then. Raises Fault where it does not."""
    while (left := until - time.monotonic()) > 0:
        if (status := stage.ended()) is not None:
            raise Fault(f"The bot ended with status {status}.\n{stage.log_end()}")
        time.sleep(min(left, 0.5))
