"""Record on SQS → card posted, while no channel limit is reached."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from bot.bench import load
from bot.demo.stage import wait_until

MEDIAN_MS = 500.0
P99_MS = 1500.0


def measure(manifest: str, *, records: int, seed: int) -> dict[str, object]:
    """One EventBridge record at a time, in turn to ten channels; seconds from send to post."""
    busy = load.average()
    chance = random.Random(seed)  # noqa: S311 - spacing, not a secret
    sent: dict[str, float] = {}
    with load.stage(manifest, seed=seed) as stage:
        stage.start_bot()
        for number in range(records):
            actor = f"latency-{number:05}"
            sent[actor] = time.monotonic()
            stage.aws.send_event(load.emergency_login(actor, load.instance_id(number % 10)))
            # Ten channels at a post a second each: stay well below.
            time.sleep(chance.uniform(0.12, 0.28))

        def posts() -> int:
            return sum(call.ok for call in stage.slack.calls("chat.postMessage"))

        wait_until(lambda: posts() >= records, 30, f"{records} posts")
        posted: dict[str, float] = {}
        for call in stage.slack.calls("chat.postMessage"):
            text = str(call.args.get("text", ""))
            actor = next((name for name in sent if name in text), "")
            if call.ok and actor:
                posted.setdefault(actor, call.at)
    took = [posted[actor] - at for actor, at in sent.items() if actor in posted]
    result: dict[str, object] = {
        "load_average": busy,
        "records": records,
        "lost": records - len(took),
        **load.summary(took),
    }
    return result | {"faults": faults(result)}


def faults(result: Mapping[str, object]) -> list[str]:
    """The targets that were missed, each as a sentence."""
    lost = result["lost"]
    return [
        *([f"{lost} records were not posted"] if lost else []),
        *load.missed("record → card, median", result["median_ms"], MEDIAN_MS, "ms"),
        *load.missed("record → card, p99", result["p99_ms"], P99_MS, "ms"),
    ]
