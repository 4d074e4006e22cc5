"""Click → ack at a steady rate while matching records are being stored."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from datetime import UTC, datetime

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.slack import Interaction
from bot.demo.stage import Stage, wait_until
from bot.store import SqliteStore

ALERTS = 30
FILE = 500


def measure(manifest: str, *, records: int, rate: float, seed: int) -> dict[str, object]:
    """Press Take it and Details on cards, *rate* a second, until *records* are stored."""
    chance = random.Random(seed)  # noqa: S311 - who clicks what, not a secret
    with load.stage(manifest, seed=seed) as stage:
        stage.start_bot()
        _open_alerts(stage)
        store = SqliteStore(stage.store)
        try:
            before = load.counts(store, "records")
            _flood(stage, records)
            started = time.monotonic()
            clicks: list[Interaction] = []
            while load.counts(store, "records") - before < records:
                clicks.append(_click(stage, chance))
                ahead = started + len(clicks) / rate - time.monotonic()
                time.sleep(max(0.0, ahead))
            stored_in = time.monotonic() - started
        finally:
            store.close()
        for click in clicks:
            with suppress(TimeoutError):
                click.wait(10)
        took = [click.took for click in clicks if click.acked_at is not None]
    return {
        "records": records,
        "records_per_second": round(records / stored_in),
        "clicks_per_second": round(len(clicks) / stored_in, 1),
        "unanswered": len(clicks) - len(took),
        **load.summary(took),
    }


def _open_alerts(stage: Stage) -> None:
    """Open alerts and wait until their cards hang."""
    for number in range(ALERTS):
        stage.aws.send_event(
            load.emergency_login(f"clicks-{number:03}", load.instance_id(number % 10))
        )
    wait_until(lambda: len(cards(stage.slack)) >= ALERTS, 60, f"{ALERTS} cards")


def _flood(stage: Stage, records: int) -> None:
    """*records* matching records, by 40 actors, as files in the trail's bucket."""
    at = datetime.now(UTC)
    for start in range(0, records, FILE):
        batch = [
            load.emergency_login(
                f"flood-{number % 40:03}",
                load.instance_id(number % 10),
                ip=f"203.0.113.{number % 250}",
            )
            for number in range(start, min(start + FILE, records))
        ]
        stage.aws.deliver(batch, account=load.ACCOUNT, region="eu-central-1", at=at)


def _click(stage: Stage, chance: random.Random) -> Interaction:
    """Somebody takes an alert that is still open, or looks at one that is not."""
    card = chance.choice(cards(stage.slack))
    action = "alert_take" if "alert_take" in card.shown else "alert_details"
    person = chance.choice(("analyst", "analyst2", "approver"))
    return stage.slack.press(person, card.channel, card.ts, action)
