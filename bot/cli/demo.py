"""`callwarden demo`: a workspace, an account and a day's story on this machine."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.signals import Ending
from bot.errors import BadInput, Fault

if TYPE_CHECKING:
    from bot.cli.accounts import Accounts
    from bot.demo.stage import Stage
    from bot.demo.story import Story

DAY_IN = 180.0
"""Seconds in which the story's day is played to somebody who watches."""

SETTLE = 120.0


@click.command()
@click.option("--once", is_flag=True, help="Play the story without waiting, check every number.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another day.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep settings, store and log here.",
)
@click.option("--port", type=int, default=0, help="Port of the page; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@click.option(
    "--write-past",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Only write the two weeks before the day into DIR, as a trail's bucket has them.",
)
def demo(
    once: bool,
    seed: int,
    folder: Path | None,
    port: int,
    no_browser: bool,
    write_past: Path | None,
) -> None:
    """A Slack workspace with the bot in it, on loopback. No Slack, no AWS, no accounts."""
    if write_past is not None:
        _write_past(write_past, seed)
        return
    try:
        import aiohttp  # noqa: F401 - only to say early what is missing
        import moto  # noqa: F401 - likewise
    except ImportError as error:
        raise BadInput(
            "The demo needs more packages: pip install 'callwarden[demo]'.", where="demo"
        ) from error
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    with _folder(folder) as place, _stage(place, seed, port) as stage:
        if once:
            _once(stage, seed)
        else:
            _watch(stage, seed, no_browser)


def _write_past(folder: Path, seed: int) -> None:
    """Files of ordinary records, for scan, backtests and benches."""
    from bot.demo.aws.folder import write_folder
    from bot.demo.story import past_frames, story

    if folder.exists() and any(folder.iterdir()):
        raise BadInput(f"{folder} is not empty. Choose another.", where="--write-past")
    now = datetime.now(UTC)
    start = story(seed, now=now).start
    frames = past_frames(seed, now=now, start=start)
    files = write_folder(frames, start, folder)
    records = sum(len(frame.records) for frame in frames)
    click.echo(f"{records:,} records in {files} files under {folder}.")


def _told(seed: int) -> Story:
    """The day with the two weeks before it."""
    from bot.demo.story import after, past_frames, story

    now = datetime.now(UTC)
    day = story(seed, now=now)
    # Few large files: each costs a message, a fetch and a commit, and somebody waits.
    return after(past_frames(seed, now=now, start=day.start, days_a_file=7), day)


def _begin(stage: Stage, day: Story) -> None:
    """Start the bot; what happened before the day lies at its queue when it comes."""
    stage.start_bot(wait=False)
    for frame in day.frames:
        if frame.at < 0:
            stage.aws.play(frame, day.start)
    stage.await_bot()


def _leave(number: int, _: object) -> None:
    """End as after an error, so that the bot does not outlive its workspace."""
    sys.exit(128 + number)


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="callwarden-demo-") as made:
        yield Path(made)


@contextmanager
def _stage(folder: Path, seed: int, port: int) -> Iterator[Stage]:
    from bot.demo.stage import ALERTS, TRAINING, Stage
    from bot.demo.story import PROD
    from bot.demo.story import TRAINING as SCHOOL
    from bot.manifest import text

    instances = {PROD.id: (PROD.name, ALERTS), SCHOOL.id: (SCHOOL.name, TRAINING)}
    with Stage(folder, manifest=text(), instances=instances, seed=seed, port=port) as stage:
        yield stage


# ── once ────────────────────────────────────────────────────────────────────


def _once(stage: Stage, seed: int) -> None:
    """Print the summary, and every fault; exit 1 where a number does not agree."""
    accounts = play_once(stage, seed)
    click.echo(json.dumps(accounts.summary, indent=2))
    for fault in accounts.faults:
        click.echo(f"fault: {fault}", err=True)
    if accounts.faults:
        click.echo(stage.log_end(), err=True)
    sys.exit(1 if accounts.faults else 0)


def play_once(stage: Stage, seed: int) -> Accounts:
    """Play, act, stop, account. Raises Fault where something does not come at all."""
    from bot.cli.accounts import draw_up
    from bot.demo.acts import act

    begun = time.monotonic()
    day = _told(seed)
    _begin(stage, day)
    for frame in day.frames:
        if frame.at >= 0:
            stage.aws.play(frame, day.start)
    _await_intake(stage, day)
    _await_quiet(stage)
    try:
        done = act(stage.slack, seed)
    except (Fault, TimeoutError) as error:
        raise Fault(f"{error}\n{stage.log_end()}") from error
    _await_quiet(stage)
    status, took = stage.stop_bot()
    accounts = draw_up(stage, day, done)
    accounts.agree("the bot's exit status", status, 0)
    accounts.summary |= {
        "stopped_in_seconds": round(took, 2),
        "seconds": round(time.monotonic() - begun, 1),
    }
    return accounts


def _await_intake(stage: Stage, day: Story) -> None:
    """Wait until every record is stored and the queue is empty."""

    def taken_in(counts: dict[str, int]) -> bool:
        return counts.get("records", 0) >= day.expected.records and stage.aws.queue_depth() == 0

    _await_store(stage, taken_in, "the story's records to be stored")


def _await_quiet(stage: Stage) -> None:
    """Wait until nothing waits to be sent."""

    def quiet(counts: dict[str, int]) -> bool:
        waits = ("sends.waiting", "sends.sending", "pages.waiting", "pages.sending")
        return not any(counts.get(name, 0) for name in waits)

    _await_store(stage, quiet, "everything to be sent")


def _await_store(stage: Stage, ready: Callable[[dict[str, int]], bool], what: str) -> None:
    from bot.demo.stage import wait_until
    from bot.store import SqliteStore

    store = SqliteStore(stage.store)

    def done() -> bool:
        if (status := stage.ended()) is not None:
            raise Fault(f"The bot ended with status {status}.\n{stage.log_end()}")
        return ready(dict(store.counts()))

    try:
        wait_until(done, SETTLE, what)
    except TimeoutError as error:
        raise Fault(f"{error}\n{dict(store.counts())}\n{stage.log_end()}") from error
    finally:
        store.close()


# ── to watch ────────────────────────────────────────────────────────────────


def _watch(stage: Stage, seed: int, no_browser: bool) -> None:
    """Print the address, play the day in a few minutes, stay until Ctrl-C."""
    ending = Ending(signal.SIGHUP)
    day = _told(seed)
    _begin(stage, day)
    click.echo(f"\n  {stage.slack.page_url}\n")
    click.echo("A Slack workspace with Callwarden in it. Alerts arrive in #contact-centre-alerts.")
    click.echo("Choose who you are at the top left; analysts may act, guests may not.")
    click.echo(f"Settings, store and log: {stage.folder}. Ctrl-C ends it.\n")
    if not no_browser:
        webbrowser.open(stage.slack.page_url)
    _play(stage, day, ending)
    while not ending.wait(0):
        _wait(stage, ending, 60.0)
    stage.stop_bot()


def _wait(stage: Stage, ending: Ending, seconds: float) -> None:
    """Wait, and start a bot that ended again, as whatever keeps services alive would."""
    ends = time.monotonic() + seconds
    while not ending.wait(min(1.0, max(0.0, ends - time.monotonic()))):
        if (status := stage.ended()) is not None:
            click.echo(f"  The bot ended with status {status}. It is started again.")
            stage.start_bot()
        if time.monotonic() >= ends:
            return


def _play(stage: Stage, day: Story, ending: Ending) -> None:
    frames = [frame for frame in day.frames if frame.at >= 0]
    last = max((frame.at for frame in frames), default=1.0)
    first = min((frame.at for frame in frames), default=0.0)
    begun = time.monotonic()
    for frame in frames:
        due = begun + (frame.at - first) / max(1.0, last - first) * DAY_IN
        _wait(stage, ending, due - time.monotonic())
        if ending.wait(0):
            return
        stage.aws.play(frame, day.start)
        if frame.caption:
            click.echo(f"  {frame.caption}")
    click.echo("\nThe day is over; the workspace stays until Ctrl-C.")
