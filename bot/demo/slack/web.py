"""The HTTP side: Web API calls, response_urls and the Socket Mode link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct

from bot.demo.slack.answers import take_answer
from bot.demo.slack.faults import Fault, Orders, SlackError
from bot.demo.slack.limits import Rates
from bot.demo.slack.methods import METHODS, Ask, Method, carry_out
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.workspace import Workspace

Json = dict[str, Any]

Carry = Callable[[], tuple[int, Json]]
"""A call ready to be carried out: gives its HTTP status and body."""

_SECRET = frozenset({"token", "app_token", "client_secret"})


class Call(Struct, frozen=True, kw_only=True):
    """A line of the call log. *at* is the steady clock's; *args* hold no token.

    *ok* says that it was carried out; *status* is the HTTP status, 0 where the connection was
    closed without an answer; *error* is Slack's code or the fault that was ordered.
    """

    method: str
    at: float
    ok: bool
    error: str
    status: int
    args: dict[str, Any]


class Tokens(Struct, frozen=True):
    """The tokens that are good here."""

    bot: str
    app: str


class Api:
    """Answers HTTP requests. Runs on the server's loop; its log may be read from any thread."""

    def __init__(self, workspace: Workspace, socket_mode: SocketMode, tokens: Tokens) -> None:
        self._ws = workspace
        self._socket_mode = socket_mode
        self._tokens = tokens
        self._rates = Rates(workspace.limits)
        self.orders = Orders()
        self.log: list[Call] = []

    def routes(self) -> list[web.RouteDef]:
        """Where it listens."""
        return [
            web.route("*", "/api/{method}", self.call),
            web.post("/response/{key}", self.answer),
            web.post("/upload/{key}", self.upload),
            web.get("/link/", self._socket_mode.serve),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """A Web API call: ordered faults first, then token, scope, rate, and the method itself."""
        name = request.match_info["method"]
        try:
            args = await _arguments(request)
        except SlackError as error:
            return self._respond(name, {}, 200, {"ok": False, "error": error.code})
        channel = str(args.get("channel") or "")
        token = _token(request, args)
        kept = {key: value for key, value in args.items() if key not in _SECRET}
        return await self._faulty(
            request, name, channel, kept, lambda: self._carried_out(request, name, token, kept)
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A POST to a response_url; in the log it is the method `response_url`."""
        try:
            body = await _arguments(request)
        except SlackError as error:
            return self._respond("response_url", {}, 400, {"ok": False, "error": error.code})

        def carried_out() -> tuple[int, Json]:
            try:
                with self._ws.lock:
                    take_answer(self._ws, request.match_info["key"], body)
            except SlackError as error:
                return 404, {"ok": False, "error": error.code} | error.more
            return 200, {"ok": True}

        return await self._faulty(request, "response_url", "", body, carried_out)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file; in the log it is the method `upload`."""
        content = await request.read()

        def carried_out() -> tuple[int, Json]:
            with self._ws.lock:
                taken = self._ws.files.fill(request.match_info["key"], content)
            return (200, {"ok": True}) if taken else (404, {"ok": False, "error": "not_found"})

        return await self._faulty(request, "upload", "", {"size": len(content)}, carried_out)

    async def _faulty(
        self, request: web.Request, name: str, channel: str, kept: Json, carry: Carry
    ) -> web.StreamResponse:
        """Carry out a call, or what the next ordered fault makes of it."""
        with self._ws.lock:
            fault = self.orders.next(name, channel)
        if fault is None:
            return self._respond(name, kept, *carry())
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.seconds)
                return self._respond(name, kept, *carry())
            case "unheard":
                await asyncio.sleep(fault.seconds)
                if request.transport is None:
                    return self._unheard(name, kept)
                return self._respond(name, kept, *carry())
            case "drop_after":
                _, result = carry()
                self._note(name, kept, result, 0)
                return _dropped(request)
            case "drop_before":
                self._note(name, kept, {"ok": False, "error": "drop_before"}, 0)
                return _dropped(request)
            case "error":
                self._note(name, kept, {"ok": False, "error": "error"}, fault.status)
                return web.Response(status=fault.status, text="upstream request failed")
            case _:
                return self._respond(name, kept, *_refused(fault))

    def _carried_out(
        self, request: web.Request, name: str, token: str, args: Json
    ) -> tuple[int, Json]:
        method = METHODS.get(name)
        if name == "apps.connections.open":
            refusal = self._refusal(token, "app")
            return 200, refusal or {"ok": True, "url": self._link(request)}
        refusal = self._refusal(token, method.token if method else "bot")
        if refusal:
            return 200, refusal
        if method is None:
            return 200, {"ok": False, "error": "unknown_method", "req_method": name}
        wait = self._wait(name, method, args)
        if wait:
            return 429, {"ok": False, "error": "ratelimited", "retry_after": wait}
        return 200, carry_out(method, Ask(self._ws, args))

    def _wait(self, name: str, method: Method, args: Json) -> int:
        target = str(args.get("channel") or "")
        with self._ws.lock:
            found = self._ws.find(target)
            channel = found.id if found else target
            return self._rates.admit(name, method.tier, channel, self._ws.times.steady())

    def _refusal(self, token: str, kind: str) -> Json | None:
        if kind == "none":
            return None
        if not token:
            return {"ok": False, "error": "not_authed"}
        if token not in (self._tokens.bot, self._tokens.app):
            return {"ok": False, "error": "invalid_auth"}
        if self._ws.revoked:
            return {"ok": False, "error": "token_revoked"}
        if token != getattr(self._tokens, kind):
            return {"ok": False, "error": "not_allowed_token_type"}
        return None

    def _link(self, request: web.Request) -> str:
        return f"ws://{request.host}/link/?ticket={self._socket_mode.new_ticket()}"

    def _respond(self, name: str, args: Json, status: int, result: Json) -> web.Response:
        headers = {"x-oauth-scopes": ",".join(sorted(self._ws.manifest.scopes))}
        if status == 429:
            headers["Retry-After"] = str(result.pop("retry_after", 1))
        self._note(name, args, result, status)
        return web.Response(
            status=status,
            body=msgspec.json.encode(result),
            content_type="application/json",
            headers=headers,
        )

    def _unheard(self, name: str, args: Json) -> web.StreamResponse:
        """The caller has gone; the request is taken for one that never arrived."""
        self._note(name, args, {"ok": False, "error": "unheard"}, 0)
        return web.Response()

    def _note(self, name: str, args: Json, result: Json, status: int) -> None:
        with self._ws.lock:
            call = Call(
                method=name,
                at=self._ws.times.steady(),
                ok=bool(result["ok"]),
                error=str(result.get("error", "")),
                status=status,
                args=args,
            )
            self.log.append(call)
            self._ws.announce({"kind": "called"})


def _refused(fault: Fault) -> tuple[int, Json]:
    if fault.kind == "ratelimited":
        return 429, {"ok": False, "error": "ratelimited", "retry_after": fault.retry_after}
    return 200, {"ok": False, "error": fault.code}


def _dropped(request: web.Request) -> web.StreamResponse:
    """Close the connection without a word: the client sees it end where an answer was due."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _token(request: web.Request, args: Mapping[str, object]) -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else str(args.get("token") or "")


async def _arguments(request: web.Request) -> Json:
    """The query and the body together: JSON, a form, or nothing at all. Raises SlackError."""
    args: Json = dict(request.query)
    body = await request.read()
    if not body:
        return args
    if request.content_type == "application/json":
        try:
            tree = msgspec.json.decode(body)
        except msgspec.DecodeError:
            raise SlackError("invalid_json") from None
        if not isinstance(tree, dict):
            raise SlackError("json_not_object")
        return args | tree
    form = await request.post()
    return args | {key: value for key, value in form.items() if isinstance(value, str)}
