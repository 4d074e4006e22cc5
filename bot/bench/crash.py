"""kill -9 at random moments: every alert posted exactly once, none lost, the ledger whole."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bot.bench import load
from bot.demo.acts import cards
from bot.demo.slack import Fault as SlackFault
from bot.demo.slack.faults import Kind
from bot.demo.stage import Stage, wait_until
from bot.errors import Fault
from bot.model import SendKind
from bot.store import SqliteStore

START = 1.5
"""Seconds within which a bot is killed that shall die during its start: about what that takes."""

LONGEST = 2.0
"""Seconds that a bot may live after it has joined the workspace."""

AT_START = 0.2
"""Share of the kills that are drawn from the process's start; the others from its joining."""

ANSWERS = (0.05, 0.25)
"""Seconds that Slack takes to answer a post: about as long as the real one, and long enough to be
killed in. Half of the posts whose sender died meanwhile are made all the same, half are not."""

ENOUGH = 20
"""Kills of which one at least must cut off a send, or this run has not tried what it is for."""

Claim = tuple[str, int]
"""A send's id and which try it was: one claim, however often it is seen."""


class Killed(Struct, frozen=True):
    """How one bot ended: before it had *joined*, and with which sends *under_way*."""

    joined: bool
    under_way: frozenset[Claim]


def measure(
    manifest: str, *, kills: int, alerts: int, seed: int, tell: Callable[[str], None]
) -> dict[str, object]:
    """Deliver *alerts* alerts over ten channels while killing the bot *kills* times."""
    chance = random.Random(seed)  # noqa: S311 - moments to kill at, not a secret
    started = time.monotonic()
    killed = []
    # A killed bot's messages come back after the visibility timeout: the shortest there is.
    with load.stage(manifest, seed=seed, visibility_seconds=10) as stage:
        waiting = [
            load.emergency_login(f"crash-{number:05}", load.instance_id(number % 10))
            for number in range(alerts)
        ]
        _take_time(stage, 2 * alerts, chance)
        for kill in range(kills):
            share = len(waiting) // (kills - kill)
            killed.append(_live_and_die(stage, waiting[:share], chance))
            del waiting[:share]
            tell(f"kill {kill + 1} of {kills}")
        _deliver(stage, waiting, chance)
        stage.start_bot()
        lost_at = _settle(stage, alerts)
        status, _ = stage.stop_bot()
        accounts = _account(stage, alerts)
    result: dict[str, object] = {
        "kills": kills,
        "kills_during_start": sum(not one.joined for one in killed),
        "cut_off": len(frozenset().union(*(one.under_way for one in killed))),
        "alerts": alerts,
        **accounts,
        "stuck": lost_at,
        "exit_status": status,
        "seconds": round(time.monotonic() - started, 1),
    }
    return result | {"faults": faults(result)}


def faults(result: Mapping[str, object]) -> list[str]:
    """What must not be, each as a sentence."""
    wrong = ("lost", "duplicates", "stuck", "refused", "dead_letters", "exit_status")
    found = [f"{name}: {result[name]}" for name in wrong if result[name]]
    if not result["ledger_whole"]:
        found.append("the ledger is broken")
    kills = result["kills"]
    if isinstance(kills, int) and kills >= ENOUGH and not result["cut_off"]:
        found.append(f"none of {kills} kills cut off a send")
    return found


# ── one life ────────────────────────────────────────────────────────────────


def _take_time(stage: Stage, posts: int, chance: random.Random) -> None:
    """Have Slack take its time for so many *posts*."""
    kinds: tuple[Kind, ...] = ("slow", "unheard")
    for _ in range(posts):
        kind, seconds = chance.choice(kinds), chance.uniform(*ANSWERS)
        stage.slack.order(SlackFault(method="chat.postMessage", kind=kind, seconds=seconds))


def _live_and_die(stage: Stage, records: list[dict[str, object]], chance: random.Random) -> Killed:
    """Start the bot and kill it; half of *records* wait for it, half come while it lives."""
    half = len(records) // 2
    _deliver(stage, records[:half], chance)
    stage.start_bot(wait=False)
    if chance.random() < AT_START:
        life = chance.uniform(0.0, START)
    else:
        stage.await_bot()
        life = chance.uniform(0.0, LONGEST)
    ends = time.monotonic() + life
    _deliver(stage, records[half:], chance)
    _sleep_until(ends - 0.1 * life)
    _press_something(stage, chance)
    _sleep_until(ends)
    joined = stage.slack.connected > 0
    stage.kill_bot()
    return Killed(joined, under_way(stage.store) if joined else frozenset())


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def under_way(database: Path) -> frozenset[Claim]:
    """The claims that a dead bot has left behind in *database*.

    We look into a copy: opening the store would tidy up what the next bot must find as it is.
    """
    with tempfile.TemporaryDirectory(prefix="callwarden-bench-") as folder:
        copy = Path(folder) / database.name
        for ending in ("", "-wal"):
            if (part := Path(f"{database}{ending}")).exists():
                shutil.copyfile(part, f"{copy}{ending}")
        store = SqliteStore(copy)
        try:
            return frozenset((send.id, send.attempts) for send in store.sends_under_way())
        finally:
            store.close()


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


# ── the end ─────────────────────────────────────────────────────────────────


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
        refused = store.refused_sends(limit=10_000)
    finally:
        store.close()
    hanging = cards(stage.slack)
    posted = Counter(card.alert for card in hanging)
    if counts.get("alerts", 0) > alerts:
        raise Fault(f"{counts['alerts']} alerts were opened for {alerts} causes.")
    # An answer that only one person sees is sent at most once, so a kill may take it.
    whispers = sum(send.kind is SendKind.EPHEMERAL for send in refused)
    return {
        "stored": counts.get("alerts", 0),
        "posted": len(posted),
        "lost": alerts - len(posted),
        "duplicates": len(hanging) - len(posted),
        "refused": counts.get("sends.refused", 0) - whispers,
        "whispers_cut_off": whispers,
        "decisions": counts.get("decisions", 0),
        "ledger_links": chain.length,
        "ledger_whole": chain.whole,
        "dead_letters": len(stage.aws.dead_letters()),
    }
