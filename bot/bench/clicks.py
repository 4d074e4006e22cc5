"""Click → ack at a steady rate while matching records are being stored."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

from msgspec import Struct

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.slack import Interaction
from bot.demo.stage import Stage, wait_until
from bot.errors import Fault
from bot.store import SqliteStore

ALERTS = 30
FILE = 500

P99_MS = 100.0
SHARE = 0.5
"""Of the clicks, so many at least must fall while records are being stored."""


class Flood(Struct, frozen=True):
    """When the flood was *told* of, and when its *first* and *last* records were stored."""

    told: float
    first: float
    last: float

    def covers(self, click: Interaction) -> bool:
        """Whether records were being stored when the click was made."""
        return self.first <= click.sent_at < self.last


def measure(
    manifest: str, *, records: int, least: int, rate: float, seed: int
) -> dict[str, object]:
    """Press Take it and Details on cards, *rate* a second, while *records* are being stored.

    The files of the flood lie ready before the first click, so that what the clicks compete with
    is the bot's own work. A thread tells the bot of them and watches the store.
    """
    busy = load.average()
    chance = random.Random(seed)  # noqa: S311 - who clicks what, not a secret
    with load.stage(manifest, seed=seed) as stage:
        stage.start_bot()
        _open_alerts(stage)
        messages = _shelve(stage, records)
        with ThreadPoolExecutor(1) as beside:
            under_way = beside.submit(_flood, stage, messages, records)
            started = time.monotonic()
            clicks = _click_on(stage, chance, rate, least, under_way.done)
            clicked_in = time.monotonic() - started
            flood = under_way.result()
        for click in clicks:
            with suppress(TimeoutError):
                click.wait(10)
    meanwhile = [click for click in clicks if flood.covers(click)]
    result: dict[str, object] = {
        "load_average": busy,
        "records": records,
        "records_per_second": round(records / (flood.last - flood.told)),
        "clicks": len(clicks),
        "clicks_per_second": round(len(clicks) / clicked_in, 1),
        "clicks_while_storing": len(meanwhile),
        "unanswered": sum(click.acked_at is None for click in clicks),
        **load.summary([click.took for click in meanwhile if click.acked_at is not None]),
    }
    return result | {"faults": faults(result)}


def faults(result: Mapping[str, object]) -> list[str]:
    """What was missed, each as a sentence. Times are those of the clicks while storing."""
    unanswered = result["unanswered"]
    found = [f"{unanswered} clicks were not answered"] if unanswered else []
    clicks, meanwhile = result["clicks"], result["clicks_while_storing"]
    assert isinstance(clicks, int)
    assert isinstance(meanwhile, int)
    if meanwhile < SHARE * clicks:
        found.append(
            f"the flood ended too early: {meanwhile} of {clicks} clicks fell while records were"
            " being stored; give it more --records"
        )
    return found + load.missed("click → ack, p99", result["p99_ms"], P99_MS, "ms")


# ── the flood ───────────────────────────────────────────────────────────────


def _open_alerts(stage: Stage) -> None:
    """Open alerts and wait until their cards hang."""
    for number in range(ALERTS):
        stage.aws.send_event(
            load.emergency_login(f"clicks-{number:03}", load.instance_id(number % 10))
        )
    wait_until(lambda: len(cards(stage.slack)) >= ALERTS, 60, f"{ALERTS} cards")


def _shelve(stage: Stage, records: int) -> list[str]:
    """*records* matching records by 40 actors, as files. Returns the messages that tell of them."""
    at = datetime.now(UTC)
    messages = []
    for start in range(0, records, FILE):
        batch = [
            load.emergency_login(
                f"flood-{number % 40:03}",
                load.instance_id(number % 10),
                ip=f"203.0.113.{number % 250}",
            )
            for number in range(start, min(start + FILE, records))
        ]
        _, message = stage.aws.shelve(batch, account=load.ACCOUNT, region="eu-central-1", at=at)
        messages.append(message)
    return messages


def _flood(stage: Stage, messages: list[str], records: int) -> Flood:
    """Tell the bot of every file; wait until it has stored them."""
    store = SqliteStore(stage.store)
    before = load.counts(store, "records")

    def stored(so_many: int) -> bool:
        if (status := stage.ended()) is not None:
            raise Fault(f"The bot ended with status {status}.\n{stage.log_end()}")
        return load.counts(store, "records") - before >= so_many

    try:
        told = time.monotonic()
        for message in messages:
            stage.aws.send(message)
        wait_until(lambda: stored(1), 60, "the first of the flood to be stored")
        first = time.monotonic()
        wait_until(lambda: stored(records), 60 + records / 50, f"{records} records to be stored")
        return Flood(told, first, time.monotonic())
    finally:
        store.close()


# ── the clicks ──────────────────────────────────────────────────────────────


def _click_on(
    stage: Stage, chance: random.Random, rate: float, least: int, over: Callable[[], bool]
) -> list[Interaction]:
    """Click at a steady *rate* until it is *over*, and *least* times in any case."""
    started = time.monotonic()
    clicks: list[Interaction] = []
    while len(clicks) < least or not over():
        clicks.append(_click(stage, chance))
        ahead = started + len(clicks) / rate - time.monotonic()
        time.sleep(max(0.0, ahead))
    return clicks


def _click(stage: Stage, chance: random.Random) -> Interaction:
    """Somebody takes an alert that is still open, or looks at one that is not."""
    card = chance.choice(cards(stage.slack))
    action = "alert_take" if "alert_take" in card.shown else "alert_details"
    person = chance.choice(("analyst", "analyst2", "approver"))
    return stage.slack.press(person, card.channel, card.ts, action)
