"""`callwarden demo --once`: the story through real HTTP, WebSocket and SQS, all numbers checked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from bot.demo.stage import command, wait_until


@pytest.mark.parametrize("seed", [1, 23])
def test_the_story_adds_up(tmp_path: Path, seed: int) -> None:
    """Every record is accounted for, every alert is posted once, and the ledger verifies."""
    folder = tmp_path / "demo"
    played = subprocess.run(
        [*command(), "demo", "--once", "--seed", str(seed), "--dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert played.returncode == 0, played.stderr
    summary = json.loads(played.stdout)
    assert summary["lost"] == 0
    assert summary["posted_twice"] == 0
    assert summary["faults"] == []
    assert summary["alerts"] == sum(summary["alerts_by_rule"].values()) > 5

    config = str(folder / "callwarden.toml")
    head = summary["ledger"]["head"]
    for arguments in (
        ["-c", config, "ledger", "verify"],
        ["ledger", "verify", "-c", config, "--head", head],
    ):
        verified = subprocess.run(
            [*command(), *arguments], capture_output=True, text=True, timeout=60
        )
        assert verified.returncode == 0, verified.stderr
        assert head in verified.stdout


def test_a_folder_that_holds_a_store_is_refused(tmp_path: Path) -> None:
    """An old demo's numbers would not add up with a new one's; the sentence says what to do."""
    (tmp_path / "callwarden.db").touch()

    played = subprocess.run(
        [*command(), "demo", "--once", "--dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert played.returncode == 2
    assert "Choose an empty folder" in played.stderr
    assert "Traceback" not in played.stderr


def children(pid: int) -> list[int]:
    """The processes that *pid* has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(
    not Path("/proc/self/task").exists(), reason="processes are found by way of /proc"
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_bot_comes_back_and_nothing_outlives_the_demo(tmp_path: Path, number: int) -> None:
    """kill -9 is said and mended while somebody watches; the end is clean and takes the bot too."""
    with subprocess.Popen(
        [*command(), "demo", "--no-browser", "--dir", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as demo:
        assert demo.stdout is not None
        next(line for line in demo.stdout if "Ctrl-C ends it" in line)
        (first,) = children(demo.pid)
        os.kill(first, signal.SIGKILL)
        said = next(line for line in demo.stdout if "The bot ended" in line)
        assert "status -9. It is started again." in said
        wait_until(lambda: children(demo.pid) not in ([], [first]), 10, "the bot to come back")
        (second,) = children(demo.pid)

        demo.send_signal(number)

        assert demo.wait(30) == 0
        assert not Path(f"/proc/{second}").exists()
