"""The state of a Slack workspace behind one lock; every change is announced."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.demo.slack.conversations import Conversation
from bot.demo.slack.faults import SlackError
from bot.demo.slack.files import Files
from bot.demo.slack.limits import Limits
from bot.demo.slack.manifest import Manifest
from bot.demo.slack.modals import Modals
from bot.demo.slack.people import DemoPerson, cast, slack_id
from bot.errors import BadInput

Json = dict[str, Any]
Listener = Callable[[Json], None]

_VISITORS = ("guest", "stranger")


@dataclass(frozen=True)
class Times:
    """Where time comes from: *wall* stamps messages, *steady* measures (both in seconds)."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


@dataclass
class Trigger:
    """A trigger_id: who pressed what, and until when a modal may be opened for it."""

    user: str
    until: float
    used: bool = False


@dataclass
class AnswerUrl:
    """A response_url: where its answers go. *original* is the ts of the message pressed."""

    user: str
    channel: str
    until: float
    left: int
    original: str = ""
    ephemeral: bool = False
    thread: str = ""


class Workspace:
    """People, channels, messages and modals. Hold `lock` while reading or changing."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        seed: int,
        channels: Sequence[str],
        limits: Limits,
        times: Times,
    ) -> None:
        self.lock = threading.Condition(threading.RLock())
        self.version = 0
        self.manifest, self.limits, self.times = manifest, limits, times
        self.seed = seed
        self.people = cast(seed)
        self.by_id = {person.id: person for person in self.people.values()}
        self.team = self.people["admin"].team
        self.domain = "callwarden-demo"
        self.app_id = slack_id("A", seed, "app")
        self.bot_user = slack_id("U", seed, "bot")
        self.bot_id = slack_id("B", seed, "bot")
        self.groups = self._make_groups()
        self.conversations: dict[str, Conversation] = {}
        self.channels = self._make_channels(channels)
        self.ephemerals: dict[str, list[Json]] = {}
        self.modals = Modals(self)
        self.files = Files(self)
        self.url = ""
        self.triggers: dict[str, Trigger] = {}
        self.answer_urls: dict[str, AnswerUrl] = {}
        self.revoked = False
        self._last_ts = 0
        self._serial = 0
        self._listeners: list[Listener] = []

    # ── changes ─────────────────────────────────────────────────────────────

    def announce(self, change: Json) -> None:
        """Wake whoever waits for a change and tell the pages. Call it with the lock held."""
        self.version += 1
        for listener in self._listeners:
            listener(change)
        self.lock.notify_all()

    def listen(self, listener: Listener) -> None:
        """Call *listener* at every change, with the lock held: it must not block."""
        with self.lock:
            self._listeners.append(listener)

    def new_ts(self) -> str:
        """A timestamp later than every one before."""
        self._last_ts = max(int(self.times.wall() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def serial(self, prefix: str) -> str:
        """The next id with this prefix."""
        self._serial += 1
        return slack_id(prefix, self.seed, "serial", self._serial)

    # ── finding ─────────────────────────────────────────────────────────────

    def person(self, key: str) -> DemoPerson:
        """The person with this key or user id. Raises BadInput."""
        found = self.people.get(key) or self.by_id.get(key)
        if found is None:
            raise BadInput(f"There is nobody called {key!r} here.", where="person")
        return found

    def conversation(self, channel: str) -> Conversation:
        """A channel by id or name, a direct message by its id or the person's. Raises BadInput."""
        with self.lock:
            found = self.find(channel)
            if found is None:
                raise BadInput(f"There is no channel {channel!r} here.", where="channel")
            return found

    def find(self, channel: str) -> Conversation | None:
        """As `conversation`, but None where there is none."""
        name = channel.removeprefix("#")
        known = self.conversations.get(self.channels.get(name, channel))
        return known or next(
            (one for one in self.conversations.values() if channel and one.person == channel), None
        )

    def direct(self, user: str) -> Conversation:
        """The direct message between *user* and the bot, opened when first asked for."""
        if user not in self.by_id:
            raise SlackError("user_not_found")
        found = self.find(user)
        if found is None:
            found = Conversation(
                id=slack_id("D", self.seed, user),
                name="directmessage",
                kind="im",
                created=int(self.times.wall()),
                members=[user, self.bot_user],
                person=user,
            )
            self.conversations[found.id] = found
            self.announce({"kind": "channels"})
        return found

    def shares_channel(self, user: str) -> bool:
        """Whether *user* is in a channel with the bot."""
        return any(
            user in one.members and self.bot_user in one.members
            for one in self.conversations.values()
        )

    def described(self, channel: Conversation) -> Json:
        """*channel* as Slack describes it: shared by Slack Connect where a member is from
        another workspace."""
        strangers = any(
            self.by_id[member].team != self.team
            for member in channel.members
            if member in self.by_id
        )
        return channel.described(self.team, self.bot_user, shared_out=strangers)

    # ── messages ────────────────────────────────────────────────────────────

    def post(self, channel: Conversation, user: str, body: Json) -> Json:
        """Store a message by *user* (a person's id or the bot's) and announce it."""
        message: Json = {"type": "message", "ts": self.new_ts(), "user": user, "team": self.team}
        if user == self.bot_user:
            message |= {"bot_id": self.bot_id, "app_id": self.app_id}
        else:
            message["team"] = self.by_id[user].team
        message |= self.finished(body)
        for ts in channel.add(message):
            self.announce({"kind": "message", "channel": channel.id, "message": channel.get(ts)})
        return message

    def edit(self, channel: Conversation, message: Json, body: Json) -> Json:
        """Replace the named fields of a message; keeps an edited mark."""
        edited = {"user": self.bot_user, "ts": self.new_ts()}
        changed = message | self.finished(body) | {"edited": edited}
        channel.replace(changed)
        self.announce({"kind": "message", "channel": channel.id, "message": changed})
        return changed

    def delete(self, channel: Conversation, ts: str) -> None:
        """Take a message away."""
        channel.remove(ts)
        self.announce({"kind": "deleted", "channel": channel.id, "ts": ts})

    def whisper(self, channel: str, user: str, body: Json) -> Json:
        """Show *user* a message that only they see; it is in no history."""
        message: Json = {
            "type": "message",
            "ts": self.new_ts(),
            "user": self.bot_user,
            "bot_id": self.bot_id,
            "channel": channel,
            "is_ephemeral": True,
        }
        message |= self.finished(body)
        self.ephemerals.setdefault(user, []).append(message)
        self.announce({"kind": "ephemeral", "user": user, "channel": channel, "message": message})
        return message

    def replace_whisper(self, user: str, ts: str, body: Json | None) -> bool:
        """Change an ephemeral, or take it away where *body* is None; False where it is gone."""
        kept = self.ephemerals.get(user, [])
        for place, message in enumerate(kept):
            if message["ts"] != ts:
                continue
            change: Json = {"kind": "ephemeral", "user": user, "channel": message["channel"]}
            if body is None:
                del kept[place]
                self.announce(change | {"kind": "ephemeral_gone", "ts": ts})
            else:
                kept[place] = message | self.finished(body)
                self.announce(change | {"message": kept[place]})
            return True
        return False

    def finished(self, body: Json) -> Json:
        """*body* with a block_id on every block and an action_id on every element."""
        if "blocks" not in body:
            return body
        return body | {"blocks": self.finished_blocks(body["blocks"])}

    def finished_blocks(self, blocks: Sequence[Json]) -> list[Json]:
        """The blocks as Slack hands them back: what has no id is given one."""
        return [self._finished_block(block) for block in blocks]

    def _finished_block(self, block: Json) -> Json:
        done = block if block.get("block_id") else block | {"block_id": self.serial("b")[-5:]}
        if "element" in done:
            done = done | {"element": self._finished_element(done["element"])}
        if "accessory" in done:
            done = done | {"accessory": self._finished_element(done["accessory"])}
        if done["type"] == "actions":
            done = done | {"elements": [self._finished_element(one) for one in done["elements"]]}
        return done

    def _finished_element(self, element: Json) -> Json:
        if element["type"] == "image" or element.get("action_id"):
            return element
        return element | {"action_id": self.serial("a")[-5:]}

    # ── tickets ─────────────────────────────────────────────────────────────

    def new_trigger(self, user: str) -> str:
        """A trigger_id for something *user* just did."""
        now = self.times.steady()
        for old in [key for key, one in self.triggers.items() if one.until < now - 60]:
            del self.triggers[old]
        trigger = f"{self.new_ts()}.{secrets.token_hex(16)}"
        self.triggers[trigger] = Trigger(user, now + self.limits.trigger_seconds)
        return trigger

    def new_answer_url(self, url: AnswerUrl) -> str:
        """The path of a response_url, as the server serves it."""
        now = self.times.steady()
        for old in [key for key, one in self.answer_urls.items() if one.until < now]:
            del self.answer_urls[old]
        key = secrets.token_urlsafe(24)
        self.answer_urls[key] = url
        return f"response/{key}"

    # ── making ──────────────────────────────────────────────────────────────

    def _make_groups(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """Handle → (id, member ids)."""
        parts = {"soc-analysts": ("analyst", "analyst2"), "soc-leads": ("approver", "admin")}
        return {
            handle: (
                slack_id("S", self.seed, handle),
                tuple(self.people[key].id for key in keys),
            )
            for handle, keys in parts.items()
        }

    def _make_channels(self, names: Sequence[str]) -> dict[str, str]:
        """Visitors are in the first channel only; full members in all of them."""
        made = {}
        for place, name in enumerate(names):
            members = [
                person.id
                for person in self.people.values()
                if not person.deleted and (place == 0 or person.key not in _VISITORS)
            ]
            channel = Conversation(
                id=slack_id("C", self.seed, name),
                name=name,
                kind="channel",
                created=int(self.times.wall()),
                members=[*members, self.bot_user],
            )
            self.conversations[channel.id] = channel
            made[name] = channel.id
        return made
