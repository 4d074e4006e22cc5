"""A Slack workspace on loopback that an unmodified Bolt app can join by its base_url."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from bot.demo.slack.faults import Fault
from bot.demo.slack.files import StoredFile
from bot.demo.slack.hands import Hands
from bot.demo.slack.interaction import Interaction
from bot.demo.slack.limits import Limits
from bot.demo.slack.manifest import read_manifest
from bot.demo.slack.page import Page
from bot.demo.slack.people import DemoPerson
from bot.demo.slack.socket_mode import SocketMode
from bot.demo.slack.web import Api, Call, Tokens
from bot.demo.slack.workspace import Times, Workspace
from bot.errors import BadInput

Json = dict[str, Any]
T = TypeVar("T")

LARGEST_BODY = 4 * 1024 * 1024


class SlackServer(Hands):
    """The server, in a thread of its own. All methods may be called from any thread.

    *manifest* is the app manifest's text or path; *port* 0 takes a free one. Messages and
    payloads handed out are those stored: read them, do not change them. Times are in seconds.
    """

    def __init__(
        self,
        *,
        manifest: str,
        seed: int = 0,
        port: int = 0,
        limits: Limits | None = None,
        channels: Sequence[str] = ("contact-centre-alerts", "general"),
        times: Times | None = None,
    ) -> None:
        workspace = Workspace(
            read_manifest(manifest),
            seed=seed,
            channels=channels,
            limits=limits or Limits(),
            times=times or Times(),
        )
        super().__init__(workspace, SocketMode(workspace), port)
        self.bot_token = f"xoxb-{secrets.token_hex(16)}"
        self.app_token = f"xapp-1-{self._ws.app_id}-{secrets.token_hex(16)}"
        self._api = Api(self._ws, self._socket_mode, Tokens(self.bot_token, self.app_token))
        self._page = Page(self._ws, self)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._up = threading.Event()
        self._fault: OSError | None = None

    # ── life ────────────────────────────────────────────────────────────────

    def start(self) -> SlackServer:
        """Listen. Raises BadInput where the port is taken."""
        self._up.clear()
        self._thread = threading.Thread(target=self._run, name="slack-on-loopback", daemon=True)
        self._thread.start()
        self._up.wait()
        if self._fault is not None:
            self._thread.join()
            raise BadInput(
                f"Port {self._port} cannot be used: {self._fault}.", where="port"
            ) from self._fault
        return self

    def stop(self) -> None:
        """Close every connection and wait for the thread."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join()
        self._loop = self._stop = self._thread = None

    def __enter__(self) -> SlackServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # ── what is here ────────────────────────────────────────────────────────

    @property
    def api_url(self) -> str:
        """The base_url for a WebClient."""
        return f"{self.page_url}api/"

    @property
    def team(self) -> str:
        """The workspace's id."""
        return self._ws.team

    @property
    def bot_user(self) -> str:
        """The bot's user id."""
        return self._ws.bot_user

    @property
    def people(self) -> Mapping[str, DemoPerson]:
        """Everybody, by key."""
        return self._ws.people

    @property
    def channels(self) -> Mapping[str, str]:
        """Name → id."""
        return self._ws.channels

    @property
    def groups(self) -> Mapping[str, str]:
        """Handle → id."""
        return {handle: group[0] for handle, group in self._ws.groups.items()}

    # ── looking ─────────────────────────────────────────────────────────────

    def calls(self, method: str | None = None) -> list[Call]:
        """The call log, oldest first, of one method or of all."""
        with self._ws.lock:
            log = self._api.log
            return log[:] if method is None else [call for call in log if call.method == method]

    def interactions(self) -> list[Interaction]:
        """What people did and the bot was told of, oldest first."""
        with self._ws.lock:
            return self._sent[:]

    def messages(self, channel: str, thread: str | None = None) -> list[Json]:
        """Messages of a channel (id, name, or a person's id for their direct messages).

        Oldest first: those outside threads or, given *thread*, the replies in that thread.
        """
        with self._ws.lock:
            found = self._ws.find(channel)
            if found is None and channel in self._ws.by_id:
                return []
            place = self._ws.conversation(channel)
            return place.top() if thread is None else place.replies(thread)

    def ephemerals(self, user: str) -> list[Json]:
        """What only this person (key or id) was shown, oldest first."""
        with self._ws.lock:
            return list(self._ws.ephemerals.get(self._ws.person(user).id, ()))

    def view_of(self, person: str) -> Json | None:
        """The top open modal of that person."""
        with self._ws.lock:
            return self._ws.modals.top(self._ws.person(person).id)

    def files(self) -> list[StoredFile]:
        """The app's files, the oldest first."""
        with self._ws.lock:
            return self._ws.files.all()

    def errors_of(self, view_id: str) -> dict[str, str]:
        """What the last submission of this view was told, by block_id."""
        with self._ws.lock:
            return dict(self._ws.modals.errors(view_id))

    def wait(self, predicate: Callable[[], T], timeout: float = 10) -> T:
        """Wait until *predicate* holds; returns what it gave.

        It is asked again after every change here, and at least four times a second for what
        changes elsewhere. Raises TimeoutError.
        """
        end = self._ws.times.steady() + timeout
        while True:
            with self._ws.lock:
                seen = self._ws.version
            # Outside the lock: a predicate may take its time without holding up the server.
            found = predicate()
            if found:
                return found
            left = end - self._ws.times.steady()
            if left <= 0:
                name = getattr(predicate, "__qualname__", repr(predicate))
                line = getattr(getattr(predicate, "__code__", None), "co_firstlineno", "?")
                raise TimeoutError(f"Not so after {timeout} s: {name}, line {line}.")
            with self._ws.lock:
                self._ws.lock.wait_for(
                    lambda seen=seen: self._ws.version != seen,  # type: ignore[misc]
                    min(left, 0.25),
                )

    # ── what may happen ─────────────────────────────────────────────────────

    def order(self, fault: Fault) -> None:
        """Let something go wrong."""
        with self._ws.lock:
            self._api.orders.add(fault)

    def recover(self) -> None:
        """Let all go well again, whatever was ordered."""
        with self._ws.lock:
            self._api.orders.clear()

    def disconnect(self) -> None:
        """Ask every socket to reconnect, as Slack does now and then, and close it."""
        self._socket_mode.refresh()

    def cut(self) -> None:
        """Break every socket without a word."""
        self._socket_mode.cut()

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        with self._ws.lock:
            self._ws.conversation(channel).archived = True
            self._ws.announce({"kind": "channels"})

    def kick(self, channel: str) -> None:
        """Remove the bot from a channel."""
        with self._ws.lock:
            self._ws.conversation(channel).members.remove(self.bot_user)
            self._ws.announce({"kind": "channels"})

    def invite(self, channel: str) -> None:
        """Take the bot into a channel."""
        with self._ws.lock:
            members = self._ws.conversation(channel).members
            if self.bot_user not in members:
                members.append(self.bot_user)
            self._ws.announce({"kind": "channels"})

    def make_private(self, channel: str) -> None:
        """Turn a channel private."""
        with self._ws.lock:
            self._ws.conversation(channel).kind = "group"
            self._ws.announce({"kind": "channels"})

    def revoke(self) -> None:
        """Make both tokens worthless."""
        with self._ws.lock:
            self._ws.revoked = True
            self._ws.announce({"kind": "revoked"})

    # ── inside ──────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._fault = error
        finally:
            self._up.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._socket_mode.start(self._loop)
        self._page.start(self._loop)
        app = web.Application(client_max_size=LARGEST_BODY)
        app.add_routes([*self._api.routes(), *self._page.routes()])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port).start()
            self._port = runner.addresses[0][1]
            self._ws.url = self.page_url
            self._up.set()
            await self._stop.wait()
        finally:
            self._page.stop()
            await self._socket_mode.close()
            await runner.cleanup()
