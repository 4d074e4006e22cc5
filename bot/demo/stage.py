"""The stage: a Slack workspace, an AWS account and the unmodified bot, which is a child process.

The bot meets both over the network only, by the same settings file and environment variables that
a real installation has.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from msgspec import Struct

from bot.demo.aws import REGION, LoopbackAws
from bot.demo.slack import Limits, SlackServer
from bot.errors import BadInput, Fault

ALERTS = "contact-centre-alerts"
TRAINING = "training-alerts"
CONNECT_WITHIN = 30.0
STOP_WITHIN = 10.0


class Patience(Struct, frozen=True, kw_only=True):
    """Minutes until a critical alert that nobody takes is called out in its thread, until it is
    paged, and until a Slack that does not answer is."""

    call: float = 5.0
    page: float = 10.0
    slack: float = 2.0


class Stage:
    """Everything the demo, the end-to-end tests and the benches need. A context manager.

    *folder* receives settings, store and log. *instances* maps a Connect instance id to (name,
    channel name). Nothing is left running after `close`, and the folder stays.
    """

    def __init__(
        self,
        folder: Path,
        *,
        manifest: str,
        instances: Mapping[str, tuple[str, str]],
        seed: int = 0,
        limits: Limits | None = None,
        channels: Sequence[str] = (ALERTS, TRAINING, "general"),
        port: int = 0,
        visibility_seconds: int = 120,
        patience: Patience = Patience(),  # noqa: B008 - it is frozen
    ) -> None:
        self._visibility = visibility_seconds
        self._patience = patience
        self.folder = folder
        self.config = folder / "callwarden.toml"
        self.log = folder / "callwarden.log"
        self.store = folder / "callwarden.db"
        self.aws = LoopbackAws()
        self.slack = SlackServer(
            manifest=manifest, seed=seed, port=port, limits=limits or Limits(), channels=channels
        )
        self._instances = instances
        self._child: subprocess.Popen[bytes] | None = None
        self._out: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start Slack and AWS and write the settings. The bot is started by `start_bot`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.store.exists():
            raise BadInput(
                f"{self.folder} holds a store already. Choose an empty folder.", where="--dir"
            )
        self.aws.start()
        self.slack.start()
        for name in (ALERTS, TRAINING):
            if name in self.slack.channels:
                self.slack.make_private(name)
        self.config.write_text(self._settings(), encoding="utf-8")

    def close(self) -> None:
        """Stop everything. Safe to call after a failed start."""
        try:
            if self._child is not None and self._child.poll() is None:
                self._child.kill()
                self._child.wait()
            self._close_log()
        finally:
            self.slack.stop()
            self.aws.stop()

    # ── the bot ─────────────────────────────────────────────────────────────

    @property
    def pid(self) -> int:
        """The bot's process id."""
        if self._child is None:
            raise BadInput("The bot has not been started.", where="stage")
        return self._child.pid

    def start_bot(self, *, wait: bool = True) -> None:
        """Start `callwarden run -c <folder>/callwarden.toml`.

        Raises Fault with the end of its log where it does not join the workspace in time.
        """
        self._close_log()
        self._out = self.log.open("ab")
        self._child = subprocess.Popen(  # noqa: S603 - our own program
            [*command(), "run", "-c", str(self.config)],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )
        if wait:
            self.await_bot()

    def await_bot(self) -> None:
        """Wait until the bot has joined the workspace."""

        def joined() -> bool:
            if self._child is None or self._child.poll() is not None:
                raise Fault(f"The bot ended at its start.\n{self.log_end()}")
            return self.slack.connected > 0

        try:
            wait_until(joined, CONNECT_WITHIN, "the bot to join the workspace")
        except TimeoutError as error:
            raise Fault(f"The bot did not join in time.\n{self.log_end()}") from error

    def kill_bot(self) -> None:
        """kill -9. Returns when the workspace has noticed that the bot is gone."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            wait_until(lambda: self.slack.connected == 0, 10, "Slack to miss the bot")

    def ended(self) -> int | None:
        """The exit status of a bot that runs no more, None while it runs."""
        return None if self._child is None else self._child.poll()

    def stop_bot(self) -> tuple[int, float]:
        """SIGTERM. Returns its exit status and how long it took; raises Fault where too long."""
        if self._child is None:
            return 0, 0.0
        started = time.monotonic()
        self._child.send_signal(signal.SIGTERM)
        try:
            status = self._child.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired as error:
            raise Fault(f"The bot did not stop within {STOP_WITHIN:.0f} s.") from error
        return status, time.monotonic() - started

    def environment(self) -> dict[str, str]:
        """What the bot's process sees: this account and workspace, and no other."""
        ours = {key: text for key, text in os.environ.items() if not key.startswith("SLACK_")}
        return self.aws.environment(ours) | {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_BASE_URL": self.slack.api_url,
        }

    def log_end(self, lines: int = 15) -> str:
        """The last lines of the bot's log."""
        if not self.log.exists():
            return ""
        return "\n".join(
            self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        )

    def _close_log(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    # ── settings ────────────────────────────────────────────────────────────

    def _settings(self) -> str:
        groups, people, channels = self.slack.groups, self.slack.people, self.slack.channels
        first = next(iter(channels.values()))
        analysts, leads = json.dumps(groups["soc-analysts"]), json.dumps(groups["soc-leads"])
        admin = json.dumps(people["admin"].id)
        lines = [
            "# Written by callwarden demo: the settings of a workspace and an account on loopback.",
            "[slack]",
            f"channel = {json.dumps(channels.get(ALERTS, first))}",
            "",
            "[[source]]",
            f"queue_url = {json.dumps(self.aws.queue_url)}",
            f"region = {json.dumps(REGION)}",
            f"visibility_seconds = {self._visibility}",
            "",
            "[paging]",
            f"sns_topic = {json.dumps(self.aws.topic_arn)}",
            f"after_minutes = {self._patience.page}",
            f"slack_down_minutes = {self._patience.slack}",
            "",
            "[[escalate]]",
            f"after_minutes = {self._patience.call}",
            f"to = [{json.dumps('group:' + groups['soc-analysts'])}]",
            "",
            "[people.take]",
            f"groups = [{analysts}, {leads}]",
            "",
            "[people.resolve]",
            f"groups = [{analysts}, {leads}]",
            "",
            "[people.raw]",
            f"users = [{admin}]",
            "",
            "[people.look]",
            "everyone = true",
        ]
        for instance, (name, channel) in self._instances.items():
            lines += ["", "[[instance]]", f"id = {json.dumps(instance)}"]
            lines += [f"name = {json.dumps(name)}"]
            if channel in channels:
                lines += [f"channel = {json.dumps(channels[channel])}"]
        return "\n".join(lines) + "\n"


def command() -> list[str]:
    """How this very installation's `callwarden` is started."""
    script = Path(sys.executable).with_name("callwarden")
    return [str(script)] if script.exists() else [sys.executable, "-P", "-m", "bot"]


def wait_until(ready: Callable[[], bool], within: float, what: str) -> None:
    """Ask *ready* until it says yes. Raises TimeoutError naming *what* after *within* seconds."""
    ends = time.monotonic() + within
    while not ready():
        if time.monotonic() > ends:
            raise TimeoutError(f"Waited {within:.0f} s in vain for {what}.")
        time.sleep(0.02)
