"""A source whose measures the test sets, and a watch over it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bot.health import FeedWatch, Patience
from bot.model import Alert, AlertState, Backlog, Checkup, Diagnosis, Unreadable
from bot.ports import Bot, Feed, Folding, Store
from tests.builders import FakeClock, make_bot, make_triage


class Watched:
    """A source, at first well in every respect, that is looked at by hand."""

    def __init__(
        self,
        store: Store,
        clock: FakeClock,
        *,
        folding: Callable[[], Folding] = make_triage,
        source: str = "main",
        **patience: int,
    ) -> None:
        self.name = self.source = source
        self.store, self.clock, self.folding = store, clock, folding
        self.feed = Feed(name=source)
        self.backlog = Backlog(waiting=0, dead=0, dead_queue="trail-dead")
        self.patience = Patience(**patience)
        self.start()

    def start(self) -> None:
        """The process starts, perhaps once more."""
        self.feed = Feed(name=self.source)
        self.watch = FeedWatch([self], self.folding(), {self.source: self.patience})
        self.bot: Bot = dataclasses.replace(make_bot(self.store, self.clock), pulse=self)

    # ── what happens ────────────────────────────────────────────────────────

    def speak(self, minutes: float = 0) -> None:
        """Records come, after so many minutes."""
        self.clock.tick(minutes * 60)
        now = self.clock.iso
        self.feed = msgspec.structs.replace(self.feed, last_at=now, delivered_at=now, waited=1.0)
        self.look()

    def change(self, **changes: Any) -> None:
        """Something else about the feed changes."""
        self.feed = msgspec.structs.replace(self.feed, **changes)

    def refuse(self, number: int) -> None:
        """Something cannot be read."""
        item = Unreadable(where=f"s3://b/k#{number}", reason="no JSON")
        self.store.keep_unreadable("main", [item], self.clock.iso)

    def look(self, minutes: float = 0) -> list[Alert]:
        """Look again after so many minutes; the alerts as they are then."""
        self.clock.tick(minutes * 60)
        self.watch.look(self.bot)
        return self.alerts()

    def pass_by(self, minutes: int) -> list[Alert]:
        """So many minutes, with a look at each."""
        for _ in range(minutes):
            self.look(1)
        return self.alerts()

    def alerts(self) -> list[Alert]:
        """All alerts."""
        return list(self.store.alerts(list(AlertState), limit=1_000))

    def now(self, rule: str) -> Diagnosis:
        """What the last look said about *rule*."""
        [checkup] = self.watch.checkups()
        [found] = [one for one in checkup.diagnoses if one.rule == rule]
        return found

    # ── it is its own gauge and pulse ───────────────────────────────────────

    def measure(self) -> Backlog:
        """What the test says."""
        return self.backlog

    def feeds(self) -> Sequence[Feed]:
        """The one source."""
        return (self.feed,)

    def sender_error(self) -> str:
        """Nothing wrong."""
        return ""

    def job_errors(self) -> Mapping[str, str]:
        """No job has failed."""
        return {}

    def channel_warnings(self) -> Sequence[str]:
        """Every channel is as it should be."""
        return ()

    def checkups(self) -> Sequence[Checkup]:
        """What the watch has seen."""
        return self.watch.checkups()

    def baselines(self) -> str:
        """They are off."""
        return "Baselines are off."
