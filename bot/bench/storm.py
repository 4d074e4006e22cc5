"""A flood: what the channels hear of it, how soon criticals come, and whether anything is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from bot.bench import flood, load
from bot.bench.flood import Flood
from bot.bench.memory import Memory
from bot.demo.acts import cards
from bot.demo.slack import SlackServer
from bot.demo.slack.web import Call
from bot.demo.stage import Stage, wait_until
from bot.errors import Fault
from bot.model import AlertState, Storm
from bot.store import SqliteStore

POST, EDIT = "chat.postMessage", "chat.update"

CRITICALS = 12
CRITICALS_S = 5.0
POSTS = 60
EDITS = 50
MEMORY_MB = 20.0
NORMAL_S = 120.0
WARM = 50
"""Records a channel that the bot has judged, stored and posted about before its memory counts."""


def measure(
    manifest: str, *, records: int, seconds: float, seed: int, tell: Callable[[str], None]
) -> dict[str, object]:
    """*records* over *seconds* in ten channels; a storm is over after a minute of calm, in a flood
    that is shorter than that after as long as the flood took, ten seconds at least."""
    busy = load.average()
    chance = random.Random(seed)  # noqa: S311 - who does what when, not a secret
    begun = time.monotonic()
    with load.stage(manifest, seed=seed) as stage:
        flood.prepare(stage, calm=round(max(10.0, min(60.0, seconds))))
        stage.start_bot()
        _warm_up(stage)
        store = SqliteStore(stage.store)
        try:
            with Memory(stage.pid) as memory:
                tell("the flood")
                poured = flood.pour(
                    stage, records=records, seconds=seconds, criticals=CRITICALS, chance=chance
                )
                tell("until it is stored and calm")
                stuck = _settle(stage, store, poured)
                normal = time.monotonic() - poured.ended
                again = _posted_by_itself(stage)
            figures = _account(stage, store, poured)
            listed = _listed_in_slack(stage, store)
        finally:
            store.close()
        status, _ = stage.stop_bot()
    result: dict[str, object] = {
        "load_average": busy,
        "records": records,
        "flood_seconds": round(poured.ended - poured.began, 1),
        **figures,
        "memory_mb": memory.figures(),
        "normal_again_after_s": None if stuck else round(normal, 1),
        "posted_by_itself_again": again,
        "listed_in_slack": listed,
        "stuck": stuck,
        "exit_status": status,
        "seconds": round(time.monotonic() - begun, 1),
    }
    return result | {"faults": faults(result)}


def faults(result: Mapping[str, object]) -> list[str]:
    """The targets that were missed, each as a sentence."""
    memory = result["memory_mb"]
    assert isinstance(memory, Mapping)
    grown = None if memory["before"] is None else round(memory["peak"] - memory["before"], 1)
    found = [f"{name}: {result[name]}" for name in ("lost", "stuck", "exit_status") if result[name]]
    if not result["posted_by_itself_again"]:
        found.append("after it an alert was not posted by itself")
    if not result["listed_in_slack"]:
        found.append("the list in Slack is not what the storm held back")
    if not result["storms"]:
        found.append("no storm began: too few records")
    return [
        *found,
        *load.missed("criticals, the slowest", result["criticals_within_s"], CRITICALS_S, "s"),
        *_over("posts to a channel in a minute", result["posts_per_channel_minute"], POSTS),
        *_over("edits in a minute", result["edits_minute"], EDITS),
        *load.missed("memory, peak over warm", grown, MEMORY_MB, "MB"),
        *load.missed("normal again after", result["normal_again_after_s"], NORMAL_S, "s"),
    ]


def _over(what: str, found: object, most: int) -> list[str]:
    if isinstance(found, int) and found <= most:
        return []
    return [f"{what}: {found}; the target is at most {most}"]


# ── before and after ────────────────────────────────────────────────────────


def _warm_up(stage: Stage) -> None:
    """An alert in every channel, posted and edited: what a bot that has just started lacks."""
    for channel in range(len(load.CHANNELS)):
        records = [flood.record(flood.EVENTS[0], "warm", channel) for _ in range(WARM)]
        flood.deliver(stage, records)
    wait_until(lambda: len(cards(stage.slack)) >= len(load.CHANNELS), 60, "a card in each channel")
    _calm_down(stage)


def _calm_down(stage: Stage, still: float = 5.0) -> None:
    """Until Slack has heard nothing for so many seconds."""

    def quiet() -> bool:
        calls = stage.slack.calls()
        return not calls or time.monotonic() - calls[-1].at > still

    wait_until(quiet, 60, "the bot to be done")


def _settle(stage: Stage, store: SqliteStore, poured: Flood) -> str:
    """Wait until all is stored, no storm is on and nothing waits. Returns what did not end."""
    due = len(load.CHANNELS) * WARM + poured.records + len(poured.criticals)

    def settled() -> bool:
        if (status := stage.ended()) is not None:
            raise Fault(f"The bot ended with status {status}.\n{stage.log_end()}")
        counts = store.counts()
        return (
            counts.get("findings", 0) >= due
            and not store.storms_on()
            and counts.get("sends.waiting", 0) + counts.get("sends.sending", 0) == 0
        )

    try:
        wait_until(settled, NORMAL_S + 60.0, "everything to be stored, sent and calm")
    except TimeoutError as error:
        return f"{error} {store.counts()}"
    return ""


def _posted_by_itself(stage: Stage) -> bool:
    """Whether the next alert that is not critical gets its card."""
    who = "after the storm"
    stage.aws.send_event(flood.record(flood.EVENTS[0], who, 0))
    try:
        wait_until(lambda: any(who in card.text for card in cards(stage.slack)), 15, "a card")
    except TimeoutError:
        return False
    return True


# ── what came of it ─────────────────────────────────────────────────────────


def _account(stage: Stage, store: SqliteStore, poured: Flood) -> dict[str, object]:
    """What was said, how fast, and what is stored and can be reached."""
    posts = [call for call in stage.slack.calls(POST) if call.ok and call.at >= poured.began]
    edits = [call for call in stage.slack.calls(EDIT) if call.ok and call.at >= poured.began]
    busiest = Counter(str(call.args.get("channel")) for call in posts)
    late = [_within(actor, at, posts) for actor, at in poured.criticals.items()]
    counts = store.counts()
    # Before the flood an alert a channel, after it one more.
    channels = len(load.CHANNELS)
    findings = counts.get("findings", 0) - channels * WARM - 1
    alerts = counts.get("alerts", 0) - channels - 1
    reachable = _reachable(stage, store) - channels - 1
    missing = poured.records + len(poured.criticals) - findings
    return {
        "findings": findings,
        "alerts": alerts,
        "storms": counts.get("storms", 0),
        "held_back": sum(storm.alerts for storm in _storms(store)),
        "posts": len(posts),
        "edits": len(edits),
        "criticals": len(late),
        "criticals_within_s": _slowest(late),
        "posts_per_channel_minute": max(
            (most_within([c.at for c in posts if c.args.get("channel") == one]) for one in busiest),
            default=0,
        ),
        "edits_minute": most_within([call.at for call in edits]),
        "rate_limited": sum(call.status == 429 for call in stage.slack.calls()),
        "reachable": reachable,
        "lost": missing + (alerts - reachable),
    }


def _slowest(late: Sequence[float | None]) -> float | None:
    """None where one of them never came."""
    known = [one for one in late if one is not None]
    return round(max(known), 2) if known and len(known) == len(late) else None


def _within(actor: str, at: float, posts: Iterable[Call]) -> float | None:
    """Seconds from the record to its card; None where there is none."""
    found = [call.at - at for call in posts if actor in str(call.args.get("text"))]
    return min(found, default=None)


def most_within(moments: list[float], window: float = 60.0) -> int:
    """The most of *moments* that any window holds."""
    most = start = 0
    for end, at in enumerate(moments):
        while moments[start] <= at - window:
            start += 1
        most = max(most, end - start + 1)
    return most


def _storms(store: SqliteStore) -> list[Storm]:
    """Those of the ledger."""
    begun = [link.subject for link in store.links(limit=100_000) if link.kind == "storm.begin"]
    return [storm for one in begun if (storm := store.storm(one)) is not None]


def _reachable(stage: Stage, store: SqliteStore) -> int:
    """Alerts that have a card in a channel, or are listed under a storm."""
    found = {card.alert for card in cards(stage.slack)}
    offset = 0
    while page := store.alerts(list(AlertState), 100, offset, storm="any"):
        found |= {alert.id for alert in page}
        offset += len(page)
    return len(found)


def _listed_in_slack(stage: Stage, store: SqliteStore) -> bool:
    """Whether **Show the alerts** and **Next** lead to all that a storm held back: the smallest."""
    storms = [storm for storm in _storms(store) if storm.ts]
    if not storms:
        return False
    storm = min(storms, key=lambda one: one.alerts)
    pages = _turn(stage.slack, storm)
    wanted = store.how_many([AlertState.OPEN, AlertState.TAKEN], storm=storm.id)
    return len(pages) == len(set(pages)) == wanted


def _turn(slack: SlackServer, storm: Storm) -> list[str]:
    """The alerts on all pages, as somebody sees them who presses **Next** to the end."""
    who, seen = "analyst", []
    slack.press(who, storm.place, storm.ts, "storm_alerts").wait(10)
    wait_until(lambda: bool(slack.ephemerals(who)), 10, "the list")
    while True:
        shown = slack.ephemerals(who)[-1]
        blocks = shown["blocks"]
        seen += [
            block["accessory"]["value"] for block in blocks if block.get("accessory") is not None
        ]
        buttons = {
            element["action_id"]
            for block in blocks
            if block["type"] == "actions"
            for element in block["elements"]
        }
        if "alerts_on" not in buttons:
            return seen
        slack.press(who, storm.place, shown["ts"], "alerts_on").wait(10)
        before = shown["text"]
        wait_until(partial(_turned, slack, who, before), 10, "the next page")


def _turned(slack: SlackServer, who: str, before: str) -> bool:
    """Whether the list says something else than *before*."""
    return bool(slack.ephemerals(who)[-1]["text"] != before)
