"""kill -9 at random moments: every alert posted exactly once, none lost, the ledger whole."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.stage import Stage, wait_until
from bot.errors import Fault
from bot.store import SqliteStore

LONGEST = 2.5
"""Seconds that a bot may live before it is killed; shorter than its start to long after it."""


def measure(
    manifest: str, *, kills: int, alerts: int, seed: int, tell: Callable[[str], None]
) -> dict[str, object]:
    """Deliver *alerts* alerts over ten channels while killing the bot *kills* times."""
    chance = random.Random(seed)  # noqa: S311 - moments to kill at, not a secret
    started = time.monotonic()
    # A killed bot's messages come back after the visibility timeout: the shortest there is.
    with load.stage(manifest, seed=seed, visibility_seconds=10) as stage:
        waiting = [
            load.emergency_login(f"crash-{number:05}", load.instance_id(number % 10))
            for number in range(alerts)
        ]
        for kill in range(kills):
            share = len(waiting) // (kills - kill)
            _deliver(stage, waiting[:share], chance)
            del waiting[:share]
            stage.start_bot(wait=False)
            life = chance.uniform(0.0, LONGEST)
            time.sleep(0.9 * life)
            _press_something(stage, chance)
            time.sleep(0.1 * life)
            stage.kill_bot()
            tell(f"kill {kill + 1} of {kills}")
        _deliver(stage, waiting, chance)
        stage.start_bot()
        lost_at = _settle(stage, alerts)
        status, _ = stage.stop_bot()
        result = _account(stage, alerts)
    return {
        "kills": kills,
        "alerts": alerts,
        **result,
        "stuck": lost_at,
        "exit_status": status,
        "seconds": round(time.monotonic() - started, 1),
    }


def _deliver(stage: Stage, records: list[dict[str, object]], chance: random.Random) -> None:
    """Half by EventBridge, half as files, so that both ways are cut off."""
    at = datetime.now(UTC)
    if len(records) > 1 and chance.random() < 0.5:
        stage.aws.deliver(records, account=load.ACCOUNT, region="eu-central-1", at=at)
        return
    for record in records:
        stage.aws.send_event(record)


def _press_something(stage: Stage, chance: random.Random) -> None:
    """Somebody takes an alert just before the bot dies; the click may well be lost."""
    open_cards = [card for card in cards(stage.slack) if "alert_take" in card.shown]
    if open_cards:
        card = chance.choice(open_cards)
        stage.slack.press("analyst", card.channel, card.ts, "alert_take")


def _settle(stage: Stage, alerts: int) -> str:
    """Wait until everything is stored and nothing waits to be sent. Returns what did not end."""
    store = SqliteStore(stage.store)

    def done() -> bool:
        counts = store.counts()
        return (
            counts.get("findings", 0) >= alerts
            and counts.get("sends.waiting", 0) + counts.get("sends.sending", 0) == 0
            and stage.aws.queue_depth() == 0
        )

    try:
        wait_until(done, 60 + alerts / 5, "everything to be stored and sent")
    except TimeoutError as error:
        return str(error)
    finally:
        store.close()
    return ""


def _account(stage: Stage, alerts: int) -> dict[str, object]:
    store = SqliteStore(stage.store)
    try:
        chain = store.verify()
        counts = store.counts()
    finally:
        store.close()
    hanging = cards(stage.slack)
    posted = Counter(card.alert for card in hanging)
    if counts.get("alerts", 0) > alerts:
        raise Fault(f"{counts['alerts']} alerts were opened for {alerts} causes.")
    return {
        "stored": counts.get("alerts", 0),
        "posted": len(posted),
        "lost": alerts - len(posted),
        "duplicates": len(hanging) - len(posted),
        "refused": counts.get("sends.refused", 0),
        "decisions": counts.get("decisions", 0),
        "ledger_links": chain.length,
        "ledger_whole": chain.whole,
        "dead_letters": len(stage.aws.dead_letters()),
    }
