"""A sender at work against Slack on loopback, by a clock that the test turns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slack_sdk import WebClient

from bot.alerts import judge
from bot.demo.slack import Fault, SlackServer
from bot.model import AlertState, Decision, Finding, Level, Send, SendKind, Verb
from bot.ports import Storming
from bot.slack.client import SlackClient
from bot.slack.outbox import SlackOutbox
from bot.store import SqliteStore
from bot.storms import NEVER
from tests.builders import FakeClock, judged, make_ask, make_finding, make_record, make_triage

MANIFEST = str(Path(__file__).parents[2] / "manifest.yml")
MAIN, OTHER = "contact-centre-alerts", "general"


class Desk:
    """The store, the sender and the workspace, with the few things that tests do to them."""

    def __init__(
        self,
        slack: SlackServer,
        path: Path,
        kind: Callable[[Path], SqliteStore] = SqliteStore,
        *,
        clock: FakeClock | None = None,
    ) -> None:
        self.slack = slack
        # Slack stamps messages with the machine's time, so ours must be near it.
        self.clock = clock or FakeClock(datetime.now(UTC))
        self.main, self.other = slack.channels[MAIN], slack.channels[OTHER]
        self._path, self._kind = path, kind
        self._opened: list[SqliteStore] = []
        self.storms: Storming = NEVER
        self.start()

    def start(self) -> None:
        """Open everything anew, as after a kill."""
        self.store = self._kind(self._path)
        self._opened.append(self.store)
        client = SlackClient(self.slack.bot_token, self.slack.api_url, timeout=5)
        self.outbox = SlackOutbox(
            self.store,
            client,
            self.clock,
            fallback=self.other,
            instances={},
            monotonic=self.clock.monotonic,
        )
        # A start has no edits to spend, and tests begin a little later.
        self.clock.tick(3)

    def restart(self) -> None:
        """Start anew, as whoever invited us does, and let the sender work."""
        self.start()
        self.outbox.recover()
        self.send_all()

    def close(self) -> None:
        """Close every store that was opened."""
        for store in self._opened:
            store.close()

    # ── what happens ────────────────────────────────────────────────────────

    def find(self, event: str = "e-1", *, channel: str = "", **changes: Any) -> Finding:
        """A rule speaks of record *event*; the alert belongs to *channel*."""
        level = changes.pop("level", Level.CRITICAL)
        rule = changes.pop("rule", "connect_security_profile_updated")
        record = make_record(event, **({"time": self.clock.iso} | changes))
        finding = make_finding(record, level=level, rule=rule)
        triage = make_triage(channel_of=lambda _: channel or self.main, storms=self.storms)
        self.store.keep(judged(finding), triage, self.clock.iso)
        return finding

    def press(self, verb: Verb = Verb.TAKE, **changes: Any) -> Decision:
        """Somebody decides about the only alert."""
        ask = make_ask(self.alert_id, verb, moment=self.clock.iso, **changes)
        return self.store.decide(ask, judge)

    def queue(self, kind: SendKind, **changes: Any) -> Send:
        """One send of *kind* about the only alert."""
        fields = {"id": f"{kind}-1", "subject": self.alert_id, "channel": self.main} | changes
        send = Send(kind=kind, **fields)
        self.store.queue([send], self.clock.iso)
        return send

    def order(self, method: str, kind: Any, **more: Any) -> None:
        """Something goes wrong with the next call of *method*."""
        self.slack.order(Fault(method=method, kind=kind, **more))

    def delete(self, ts: str) -> None:
        """Somebody deletes a message of the bot's."""
        client = WebClient(token=self.slack.bot_token, base_url=self.slack.api_url)
        client.chat_delete(channel=self.main, ts=ts)

    # ── what comes of it ────────────────────────────────────────────────────

    def send_all(self, steps: int = 300) -> float:
        """Let the sender work until nothing waits; returns the seconds that took."""
        start = self.clock.monotonic()
        for _ in range(steps):
            if not self.waiting:
                return self.clock.monotonic() - start
            if wait := self.outbox.step():
                self.clock.tick(max(wait, 0.001))
        raise AssertionError(f"{self.waiting} send(s) still wait")

    @property
    def waiting(self) -> int:
        """Sends that wait."""
        return self.store.counts().get("sends.waiting", 0)

    @property
    def record_id(self) -> str:
        """The newest record behind the one alert."""
        return self.store.records_of(self.alert_id, limit=1)[0].id

    @property
    def alert_id(self) -> str:
        """The id of the only alert."""
        [alert] = self.store.alerts(list(AlertState))
        return alert.id

    @property
    def cards(self) -> list[dict[str, Any]]:
        """Messages outside threads in the main channel."""
        return self.slack.messages(self.main)

    def thread(self) -> list[str]:
        """What was said under the only card."""
        alert = self.store.alert(self.alert_id)
        assert alert is not None
        return [reply["text"] for reply in self.slack.messages(alert.channel, alert.ts)]

    def calls(self, method: str) -> int:
        """How often *method* was called."""
        return len(self.slack.calls(method))

    @property
    def refused(self) -> list[str]:
        """Why what was given up was given up, latest first."""
        return [send.error for send in self.store.refused_sends()]
