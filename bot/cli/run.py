"""`callwarden run`: the bot, in one process, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path

import click

from bot.cli import config_option
from bot.cli.signals import Ending, on_ending

log = logging.getLogger("callwarden")

STOP_WITHIN = 9.0
"""Seconds that a clean stop may take; most process hosts kill after ten."""

CLOSE_WITHIN = 2.0
"""Seconds that Socket Mode, and then the listeners under way, get to end. Closing hears no new
click from its first moment on; what it then waits for are its own threads."""


@click.command()
@click.option("--verbose", is_flag=True, help="Log what every part does.")
@config_option
def run(config: Path, verbose: bool) -> None:
    """Take records in, post alerts, answer people. Needs callwarden.toml and the Slack tokens."""
    on_ending(_leave)
    from bot import wiring
    from bot.settings import load
    from bot.slack.bolt import join, make_app, make_socket
    from handlers import register

    _log_to_stderr(verbose)
    # Many short turns: a click's listener must not wait long behind the ingest thread.
    sys.setswitchinterval(0.001)
    settings = load(config)
    built = wiring.build(settings, again=lambda: load(config).rules)
    app, listeners = make_app(settings.bot_token.reveal(), settings.api_url, built.identity)
    register(app, built.bot)
    socket = make_socket(app, settings.app_token.reveal())
    join(socket.connect)
    ending = Ending(again=built.rulebook.reload_quietly)
    built.start()
    log.info("Callwarden is running on %s.", settings.database)
    ending.wait()

    log.info("Stopping.")
    ends = time.monotonic() + STOP_WITHIN
    built.wind_down()
    # Library threads may hang in a network call; none of them is waited for without end.
    for last in (socket.close, listeners.shutdown):
        closing = threading.Thread(target=last, daemon=True)
        closing.start()
        closing.join(CLOSE_WITHIN)
    ended = built.stop(max(0.5, ends - time.monotonic()))
    log.info("Stopped." if ended else "Stopped; a part did not end in time. Nothing is lost.")
    logging.shutdown()
    # Everything is on disk. Leaving by the door would join every library's threads first.
    os._exit(0)


def _leave(*_: object) -> None:
    """Nothing was taken in yet, so there is nothing to stop: leave, whatever we wait for."""
    os._exit(0)


def _log_to_stderr(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("bot").setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in ("apscheduler", "botocore", "slack_bolt.App", "slack_sdk", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
