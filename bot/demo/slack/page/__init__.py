"""The workspace's web page: its files, its state, its live changes, and what people do on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from bot.demo.slack.workspace import Workspace
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.demo.slack.hands import Hands
    from bot.demo.slack.interaction import Interaction

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FOLDER = Path(__file__).parent
SHOWN = 100
"""Messages of a channel that the page starts with."""
BEHIND = 1000
"""Changes a page may lag behind before it is told to start over."""
HEARTBEAT_SECONDS = 15.0

_FILES = {
    "/": ("index.html", "text/html"),
    "/page/page.css": ("page.css", "text/css"),
    "/page/page.js": ("page.js", "text/javascript"),
}

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_FOR_ALL = frozenset({"channels", "connected", "message", "deleted"})
_FOR_ONE = frozenset({"ephemeral", "ephemeral_gone", "view", "failed"})


class Reader:
    """One open page: the changes it has not been sent yet."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.queue: asyncio.Queue[Json | None] = asyncio.Queue()

    def put(self, change: Json) -> None:
        """Keep a change for it; a page far behind starts over instead."""
        if self.queue.qsize() >= BEHIND:
            while not self.queue.empty():
                self.queue.get_nowait()
            change = {"kind": "hello"}
        self.queue.put_nowait(change)


class Page:
    """Serves the page. Answers only requests from pages that came from here."""

    def __init__(self, workspace: Workspace, hands: Hands) -> None:
        self._ws, self._hands = workspace, hands
        self._readers: list[Reader] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        workspace.listen(self._changed)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say which loop serves it."""
        self._loop = loop

    def stop(self) -> None:
        """End every live stream."""
        for reader in self._readers:
            reader.queue.put_nowait(None)

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        doings = {
            "press": self._press,
            "press_in_view": self._press_in_view,
            "shortcut": self._shortcut,
            "submit": self._submit,
            "close": self._close,
            "slash": self._slash,
            "say": self._say,
        }
        return [
            *(web.get(path, self._guarded(_file(path))) for path in _FILES),
            web.get("/page/state", self._guarded(self._state)),
            web.get("/page/thread", self._guarded(self._thread)),
            web.get("/page/file/{id}", self._guarded(self._file)),
            web.get("/page/events", self._guarded(self._events)),
            *(
                web.post(f"/page/{name}", self._guarded(_doing(doing)))
                for name, doing in doings.items()
            ),
        ]

    # ── showing ─────────────────────────────────────────────────────────────

    async def _state(self, request: web.Request) -> web.Response:
        """All that a page shows to one person when it starts."""
        ws = self._ws
        with ws.lock:
            me = ws.person(request.query.get("person", "analyst"))
            ws.direct(me.id)
            mine = [one for one in ws.conversations.values() if me.id in one.members]
            view = ws.modals.top(me.id)
            state: Json = {
                "me": {"key": me.key, "id": me.id, "name": me.name},
                "bot": {"id": ws.bot_user, "name": ws.manifest.bot_name},
                "people": [
                    {"key": one.key, "id": one.id, "name": one.name, "title": one.title}
                    for one in ws.people.values()
                ],
                "groups": {group[0]: handle for handle, group in ws.groups.items()},
                "channels": [
                    {
                        "id": one.id,
                        "name": one.name,
                        "kind": one.kind,
                        "archived": one.archived,
                        "messages": one.top(SHOWN),
                    }
                    for one in mine
                ],
                "ephemerals": ws.ephemerals.get(me.id, []),
                "view": view,
                "errors": ws.modals.errors(view["id"]) if view else {},
                "commands": ws.manifest.commands,
                "shortcuts": ws.manifest.shortcuts,
                "connected": self._hands.connected,
            }
            return _json(state)

    async def _thread(self, request: web.Request) -> web.Response:
        with self._ws.lock:
            channel = self._ws.conversation(request.query.get("channel", ""))
            return _json({"messages": channel.replies(request.query.get("ts", ""))})

    async def _file(self, request: web.Request) -> web.Response:
        """A picture that a block shows."""
        with self._ws.lock:
            file = self._ws.files.find(request.match_info["id"])
        if file is None or not file.content.startswith(b"\x89PNG"):
            return _json({"ok": False, "failed": "There is no such picture."}, 404)
        return web.Response(body=file.content, content_type="image/png", headers=_HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Changes as server-sent events. It begins with hello: then the page reads the state."""
        reader = Reader(self._ws.person(request.query.get("person", "analyst")).id)
        reader.put({"kind": "hello"})
        with self._ws.lock:
            self._readers.append(reader)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"} | _HEADERS)
        try:
            await response.prepare(request)
            await self._stream(reader, response)
        except ConnectionError:
            return response  # The page went away.
        finally:
            with self._ws.lock:
                self._readers.remove(reader)
        return response

    async def _stream(self, reader: Reader, response: web.StreamResponse) -> None:
        while True:
            try:
                change = await asyncio.wait_for(reader.queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            if change is None:
                return
            await response.write(b"data: " + msgspec.json.encode(change) + b"\n\n")

    def _changed(self, change: Json) -> None:
        """Hand a change to the pages it concerns. Runs with the workspace's lock held."""
        if self._loop is None:
            return
        for reader in self._readers:
            if self._concerns(reader.user, change):
                self._loop.call_soon_threadsafe(reader.put, change)

    def _concerns(self, user: str, change: Json) -> bool:
        if change["kind"] in _FOR_ONE:
            return bool(change["user"] == user)
        if change["kind"] not in _FOR_ALL:
            return False
        return "channel" not in change or user in self._ws.conversation(change["channel"]).members

    # ── doing ───────────────────────────────────────────────────────────────

    async def _press(self, ask: Json) -> Json:
        return await _outcome(
            self._hands.press(
                ask["person"], ask["channel"], ask["ts"], ask["action_id"], ask.get("option")
            )
        )

    async def _shortcut(self, ask: Json) -> Json:
        return await _outcome(
            self._hands.shortcut(ask["person"], ask["channel"], ask["ts"], ask["callback_id"])
        )

    async def _press_in_view(self, ask: Json) -> Json:
        return await _outcome(
            self._hands.press_in_view(
                ask["person"],
                ask["view_id"],
                ask["action_id"],
                ask.get("values", {}),
                ask.get("option"),
            )
        )

    async def _submit(self, ask: Json) -> Json:
        return await _outcome(
            self._hands.submit(ask["person"], ask["view_id"], ask.get("values", {}))
        )

    async def _close(self, ask: Json) -> Json:
        self._hands.close_view(ask["person"], ask["view_id"])
        return {"ok": True}

    async def _slash(self, ask: Json) -> Json:
        return await _outcome(
            self._hands.slash(ask["person"], ask["channel"], ask["command"], ask.get("text", ""))
        )

    async def _say(self, ask: Json) -> Json:
        message = self._hands.say(ask["person"], ask["channel"], ask["text"], ask.get("thread"))
        return {"ok": True, "ts": message["ts"]}

    # ── guarding ────────────────────────────────────────────────────────────

    def _guarded(self, handler: Handler) -> Handler:
        """Turn away other origins: a site open in the same browser must not press buttons."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            port = self._hands.page_url.rsplit(":", 1)[1].rstrip("/")
            hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
            origin = request.headers.get("Origin")
            if request.host not in hosts or origin not in (None, f"http://{request.host}"):
                return _json({"ok": False, "failed": "Only pages from here may ask."}, 403)
            if request.method == "POST" and request.content_type != "application/json":
                return _json({"ok": False, "failed": "Send JSON."}, 415)
            try:
                return await handler(request)
            except BadInput as fault:
                return _json({"ok": False, "failed": fault.sentence}, 400)

        return guarded


def _file(path: str) -> Handler:
    name, content_type = _FILES[path]

    async def serve(_request: web.Request) -> web.Response:
        body = (FOLDER / name).read_bytes()
        return web.Response(body=body, content_type=content_type, charset="utf-8", headers=_HEADERS)

    return serve


def _doing(doing: Callable[[Json], Awaitable[Json]]) -> Handler:
    async def serve(request: web.Request) -> web.Response:
        try:
            return _json(await doing(msgspec.json.decode(await request.read(), type=Json)))
        except (KeyError, msgspec.MsgspecError) as error:
            raise BadInput(f"The request cannot be read: {error}.") from error

    return serve


async def _outcome(interaction: Interaction) -> Json:
    """Wait for the bot, at most as long as Slack does; says what a person would be told."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()

    def settle() -> None:
        if not over.done():
            over.set_result(None)

    def tell() -> None:
        loop.call_soon_threadsafe(settle)

    interaction.when_over(tell)
    await over
    return {"ok": not interaction.failed, "failed": interaction.failed}


def _json(body: Json, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=_HEADERS,
    )
