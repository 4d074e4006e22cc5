"""Socket Mode: sockets that come and go, envelopes sent, acknowledged and sent again."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import uuid
from collections import deque
from collections.abc import Coroutine
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from bot.demo.slack.answers import announce_failure, take_acknowledgement, what_slack_says
from bot.demo.slack.interaction import Interaction
from bot.demo.slack.workspace import Workspace

Json = dict[str, Any]

MOST_SOCKETS = 10
MOST_RETRIES = 3
TICKET_SECONDS = 30.0
LEAVING_SECONDS = 1.0


class Sent:
    """An envelope on its way: what is in it, by which socket, and the clock that runs."""

    def __init__(
        self, interaction: Interaction, link: web.WebSocketResponse, timer: asyncio.TimerHandle
    ) -> None:
        self.interaction, self.link, self.timer = interaction, link, timer


class SocketMode:
    """The app's sockets. Everything here runs on the server's loop but what says otherwise."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self._links: list[web.WebSocketResponse] = []
        self._transports: dict[web.WebSocketResponse, asyncio.Transport | None] = {}
        self._leaving: set[web.WebSocketResponse] = set()
        self._turns = itertools.count()
        self._sent: dict[str, Sent] = {}
        self._waiting: deque[tuple[Interaction, str]] = deque()
        self._tickets: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def connected(self) -> int:
        """Sockets now open."""
        return len(self._links)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say which loop serves the sockets."""
        self._loop = loop

    def new_ticket(self) -> str:
        """A ticket for one connection."""
        now = self._ws.times.steady()
        self._tickets = {key: until for key, until in self._tickets.items() if until > now}
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = now + TICKET_SECONDS
        return ticket

    # ── from any thread ─────────────────────────────────────────────────────

    def deliver(self, interaction: Interaction) -> None:
        """Send it by whichever socket comes next."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._send, interaction)

    def refresh(self) -> None:
        """Tell every client to reconnect, then close its socket."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._refresh)

    def cut(self) -> None:
        """Break every connection without a word, as a network does."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._cut)

    # ── one socket ──────────────────────────────────────────────────────────

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A client's connection, from hello to close."""
        until = self._tickets.pop(request.query.get("ticket", ""), 0.0)
        if self._ws.times.steady() > until:
            return web.Response(status=401, text="invalid ticket")
        link = web.WebSocketResponse(heartbeat=10)
        try:
            await link.prepare(request)
        except ConnectionResetError:
            return link  # the client died while it was joining
        if self.connected >= MOST_SOCKETS:
            await link.send_str(_disconnect("too_many_websockets"))
            await link.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return link
        self._transports[link] = request.transport
        await link.send_str(self._hello(self.connected + 1))
        self._joined(link)
        try:
            async for message in link:
                if message.type is WSMsgType.TEXT:
                    self._heard(message.data)
        finally:
            self._left(link)
            del self._transports[link]
        return link

    async def close(self) -> None:
        """Close every socket; nothing is delivered any more."""
        for sent in self._sent.values():
            sent.timer.cancel()
            self._fail(sent.interaction)
        self._sent.clear()
        for link in list(self._links):
            await link.close(code=WSCloseCode.GOING_AWAY)

    def _cut(self) -> None:
        for link in self._links:
            transport = self._transports[link]
            if transport is not None:
                transport.abort()

    def _joined(self, link: web.WebSocketResponse) -> None:
        with self._ws.lock:
            self._links.append(link)
            self._ws.announce({"kind": "connected", "connected": self.connected})
        for old in self._leaving - {link}:
            self._start(_close(old))
        waiting, self._waiting = self._waiting, deque()
        for interaction, reason in waiting:
            self._send(interaction, reason)

    def _left(self, link: web.WebSocketResponse) -> None:
        with self._ws.lock:
            self._links.remove(link)
            self._leaving.discard(link)
            self._ws.announce({"kind": "connected", "connected": self.connected})
        for envelope_id, sent in list(self._sent.items()):
            if sent.link is link and sent.interaction.envelope_type == "events_api":
                sent.timer.cancel()
                del self._sent[envelope_id]
                self._again(sent.interaction, "connection_failed")

    # ── envelopes ───────────────────────────────────────────────────────────

    def _send(self, interaction: Interaction, reason: str = "") -> None:
        assert self._loop is not None
        if not self._links:
            if interaction.envelope_type == "events_api":
                self._waiting.append((interaction, reason))
            else:
                self._fail(interaction)
            return
        staying = [link for link in self._links if link not in self._leaving] or self._links
        link = staying[next(self._turns) % len(staying)]
        envelope_id = str(uuid.uuid4())
        timer = self._loop.call_later(self._ws.limits.ack_seconds, self._late, envelope_id)
        self._sent[envelope_id] = Sent(interaction, link, timer)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": interaction.envelope_type,
            "payload": interaction.payload,
            "accepts_response_payload": interaction.envelope_type != "events_api",
        }
        if interaction.envelope_type == "events_api":
            envelope |= {"retry_attempt": interaction.attempts, "retry_reason": reason}
        interaction.attempts += 1
        self._start(_write(link, msgspec.json.encode(envelope).decode()))

    def _heard(self, text: str) -> None:
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return
        if not isinstance(message, dict):
            return
        sent = self._sent.pop(str(message.get("envelope_id")), None)
        if sent is None:
            return  # Too late: Slack no longer listens either.
        sent.timer.cancel()
        answer = message.get("payload")
        answer = answer if isinstance(answer, dict) else {}
        acked_at = self._ws.times.steady()
        with self._ws.lock:
            failed = take_acknowledgement(self._ws, sent.interaction, answer)
            sent.interaction.finish(acked_at=acked_at, answer=answer, failed=failed)
            if failed:
                announce_failure(self._ws, sent.interaction, failed)
            self._ws.announce({"kind": "acknowledged"})

    def _late(self, envelope_id: str) -> None:
        sent = self._sent.pop(envelope_id)
        if sent.interaction.envelope_type == "events_api":
            self._again(sent.interaction, "timeout")
        else:
            self._fail(sent.interaction)

    def _again(self, interaction: Interaction, reason: str) -> None:
        if interaction.attempts <= MOST_RETRIES:
            self._send(interaction, reason)
        else:
            self._fail(interaction)

    def _fail(self, interaction: Interaction) -> None:
        sentence = what_slack_says(interaction)
        with self._ws.lock:
            interaction.finish(failed=sentence)
            announce_failure(self._ws, interaction, sentence)

    def _refresh(self) -> None:
        for link in list(self._links):
            self._leaving.add(link)
            self._start(_send_away(link))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        assert self._loop is not None
        task = self._loop.create_task(work)
        self._tasks.add(task)  # The loop itself holds tasks only weakly.
        task.add_done_callback(self._tasks.discard)

    def _hello(self, count: int) -> str:
        hello = {
            "type": "hello",
            "num_connections": count,
            "connection_info": {"app_id": self._ws.app_id},
            "debug_info": {
                "host": "applink-1",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
        }
        return msgspec.json.encode(hello).decode()


def _disconnect(reason: str) -> str:
    message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
    return msgspec.json.encode(message).decode()


async def _write(link: web.WebSocketResponse, text: str) -> None:
    try:
        await link.send_str(text)
    except ConnectionError:
        return  # The socket went; its reader notices and sends the events again.


async def _send_away(link: web.WebSocketResponse) -> None:
    """A client opens its next socket before it leaves this one: give it a moment for that."""
    await _write(link, _disconnect("refresh_requested"))
    await asyncio.sleep(LEAVING_SECONDS)
    await _close(link)


async def _close(link: web.WebSocketResponse) -> None:
    if not link.closed:
        await link.close()
