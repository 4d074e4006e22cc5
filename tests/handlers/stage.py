"""A whole app without a network: the real store and listeners, fakes where Slack would be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.errors import Unavailable
from bot.model import Alert, AlertState, Allowed, Checkup, Member, Person, Send, Timeline, Verb, iso
from bot.ports import Bot, Feed, Opened, Rules
from bot.store import SqliteStore
from handlers import register
from tests.builders import (
    ANA,
    BEN,
    CHANNEL,
    HORIZON,
    FakeClock,
    judged,
    make_finding,
    make_rulebook,
    make_triage,
)

EVE = Person(user="U0EVE", team="T0TEAM", name="Eve")
"""A full member whom no setting names."""

PEOPLE = {
    Verb.LOOK: Allowed(groups=("S0SEC",)),
    Verb.TAKE: Allowed(groups=("S0SEC",)),
    Verb.RESOLVE: Allowed(users=(ANA.user, BEN.user)),
    Verb.RAW: Allowed(users=(BEN.user,)),
    Verb.HAND_OVER: Allowed(groups=("S0SEC",)),
    Verb.NOTE: Allowed(groups=("S0SEC",)),
    Verb.REOPEN: Allowed(users=(BEN.user,)),
    Verb.SNOOZE: Allowed(groups=("S0SEC",)),
    Verb.AGREE: Allowed(groups=("S0SEC",)),
    Verb.WAKE: Allowed(groups=("S0SEC",)),
    Verb.EXCEPT: Allowed(groups=("S0SEC",)),
    Verb.AGREE_EXCEPT: Allowed(groups=("S0SEC",)),
    Verb.UNEXCEPT: Allowed(groups=("S0SEC",)),
    Verb.RELOAD: Allowed(users=(BEN.user,)),
}


def member(person: Person, **changes: Any) -> Member:
    """*person* as Slack knows them; Ana and Ben are in the group of the security team."""
    groups = ("S0SEC",) if person in (ANA, BEN) else ()
    facts: dict[str, Any] = {"user": person.user, "team": person.team, "groups": groups}
    return Member(**(facts | changes))


class FakeDirectory:
    """`ports.Directory`: *slack* is what Slack would answer, *cached* what was asked already."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.slack = {one.user: one for one in members}
        self.cached = dict(self.slack)
        self.down = False
        self.refreshed = 0
        self.forgotten: list[str | None] = []
        self.unknown_groups: frozenset[str] = frozenset()
        self.undecided: set[str] = set()
        self.vain: dict[str, str] = {}

    def known(self, user: str, team: str, groups: Sequence[str] = ()) -> Member | None:
        """From the cache only."""
        if groups and user in self.undecided:
            return None
        return self.cached.get(user) if self.unknown_groups.isdisjoint(groups) else None

    def look_up(self, user: str, team: str, groups: Sequence[str] = ()) -> Member:
        """From Slack, into the cache."""
        if self.down or user not in self.slack:
            self.vain[user] = "Slack does not answer." if self.down else f"No user {user}."
            raise Unavailable(self.vain[user])
        self.undecided.discard(user)
        self.vain.pop(user, None)
        self.cached[user] = self.slack[user]
        return self.slack[user]

    def refusal(self, user: str) -> str:
        """Why the last look-up was in vain."""
        return self.vain.get(user, "")

    def forget(self, name: str | None = None) -> None:
        """Empty the cache, or drop one person or one group from it."""
        self.forgotten.append(name)
        for one in list(self.cached.values()):
            if name in (None, one.user, *one.groups):
                del self.cached[one.user]

    def refresh(self) -> None:
        """Fill the cache."""
        self.refreshed += 1
        self.cached = dict(self.slack)


class FakeDialogs:
    """`ports.Dialogs` that keeps what was opened; *fault* is raised instead, where set."""

    def __init__(self) -> None:
        self.opened: list[dict[str, Any]] = []
        self.fault: Exception | None = None

    def open(self, trigger_id: str, view: dict[str, Any]) -> Opened:
        """Open *view*."""
        if self.fault:
            raise self.fault
        self.opened.append(view)
        return Opened(id=f"V{len(self.opened)}", hash="1.a")


class FakePictures:
    """`ports.Pictures` that keeps what it was to show."""

    def __init__(self) -> None:
        self.asked: list[tuple[Opened, Timeline, dict[str, Any]]] = []
        self.why = ""

    def show(
        self,
        opened: Opened,
        chart: Callable[[], Timeline],
        view: Callable[[str], dict[str, Any]],
    ) -> None:
        """As if it were drawn and in the file F1."""
        self.asked.append((opened, chart(), view("F1")))

    def tidy(self) -> None:
        """There is nothing to delete."""

    def error(self) -> str:
        """Why none comes."""
        return self.why


class FakeOutbox:
    """`ports.Outbox` that counts."""

    def __init__(self) -> None:
        self.woken = 0

    def wake(self) -> None:
        """Something was queued."""
        self.woken += 1


class FakePulse:
    """`ports.Pulse` of a calm process; *fault* is raised instead, where set."""

    def __init__(self) -> None:
        self.fault: Exception | None = None

    def feeds(self) -> Sequence[Feed]:
        """One feed."""
        if self.fault:
            raise self.fault
        return [Feed(name="main", records=3)]

    def job_errors(self) -> Mapping[str, str]:
        """No job has failed."""
        return {}

    def sender_error(self) -> str:
        """Nothing is wrong."""
        return ""

    def channel_warnings(self) -> Sequence[str]:
        """Every channel is as it should be."""
        return ()

    def checkups(self) -> Sequence[Checkup]:
        """Nothing was looked at yet."""
        return ()

    def baselines(self) -> str:
        """They are off."""
        return "Baselines are off."


class Stage:
    """People press, type and submit; the stage says what came of it."""

    def __init__(self, store: SqliteStore, clock: FakeClock, rules: Rules | None = None) -> None:
        self.store = store
        self.clock = clock
        self.directory = FakeDirectory([member(ANA), member(BEN), member(EVE)])
        self.dialogs = FakeDialogs()
        self.pictures = FakePictures()
        self.outbox = FakeOutbox()
        self.pulse = FakePulse()
        self.bot = Bot(
            store=store,
            clock=clock,
            directory=self.directory,
            dialogs=self.dialogs,
            pictures=self.pictures,
            outbox=self.outbox,
            pulse=self.pulse,
            rules=rules or make_rulebook(store, clock),
            team="T0TEAM",
            people=PEOPLE,
        )
        self.app = App(
            authorize=lambda: AuthorizeResult(
                enterprise_id=None, team_id="T0TEAM", bot_id="B0", bot_user_id="U0BOT"
            ),
            client=WebClient(token="xoxb-none", base_url="http://127.0.0.1:9/"),
        )
        register(self.app, self.bot)
        self._presses = 0

    # ── what people do ──────────────────────────────────────────────────────

    def press(
        self, action: str, alert: str, by: Person = ANA, *, in_modal: bool = False, **more: Any
    ) -> BoltResponse:
        """*by* presses a button of a card, or of a modal."""
        place = {} if in_modal else {"channel": {"id": CHANNEL, "name": "alerts"}}
        body = {
            "type": "block_actions",
            "user": _user(by),
            "team": {"id": "T0TEAM"},
            "trigger_id": self._trigger(),
            "actions": [
                {
                    "type": "button",
                    "action_id": action,
                    "block_id": "b",
                    "value": alert,
                    "action_ts": "1.0",
                }
            ],
        }
        return self.say(body | place | more)

    def pick(self, action: str, value: str, by: Person = ANA, **more: Any) -> BoltResponse:
        """*by* picks something in a menu of names."""
        option = {"text": {"type": "plain_text", "text": value}, "value": value}
        picked = {
            "type": "static_select",
            "action_id": action,
            "block_id": "b",
            "selected_option": option,
            "action_ts": "1.0",
        }
        return self._in_channel(picked, by, **more)

    def choose(self, choice: str, alert: str, by: Person = ANA) -> BoltResponse:
        """*by* chooses something in the ⋯ menu of a card."""
        option = {"text": {"type": "plain_text", "text": choice}, "value": f"{choice} {alert}"}
        pressed = {
            "type": "overflow",
            "action_id": "alert_more",
            "block_id": "b",
            "selected_option": option,
            "action_ts": "1.0",
        }
        return self._in_channel(pressed, by)

    def _in_channel(self, done: dict[str, Any], by: Person, **more: Any) -> BoltResponse:
        """*by* has *done* something with an element of a message."""
        body = {
            "type": "block_actions",
            "user": _user(by),
            "team": {"id": "T0TEAM"},
            "trigger_id": self._trigger(),
            "channel": {"id": CHANNEL, "name": "alerts"},
            "actions": [done],
        }
        return self.say(body | more)

    def keep(self, text: str, thread_ts: str | None, by: Person = ANA, **more: Any) -> BoltResponse:
        """*by* uses the message shortcut on a message that says *text*."""
        message = {"type": "message", "ts": "1.000900", "text": text, "user": BEN.user}
        body = {
            "type": "message_action",
            "callback_id": "note_from_message",
            "user": _user(by),
            "team": {"id": "T0TEAM"},
            "trigger_id": self._trigger(),
            "channel": {"id": CHANNEL, "name": "alerts"},
            "message": message | ({"thread_ts": thread_ts} if thread_ts else {}),
        }
        return self.say(body | more)

    def type(self, text: str, by: Person = ANA, **more: Any) -> BoltResponse:
        """*by* types `/callwarden` and *text*."""
        body = {
            "command": "/callwarden",
            "text": text,
            "user_id": by.user,
            "user_name": by.name,
            "team_id": by.team,
            "channel_id": CHANNEL,
            "trigger_id": self._trigger(),
        }
        return self.say(body | more)

    def submit(self, view: dict[str, Any], by: Person = ANA, **more: Any) -> BoltResponse:
        """*by* submits the modal *view*."""
        body = {
            "type": "view_submission",
            "user": _user(by),
            "team": {"id": "T0TEAM"},
            "trigger_id": self._trigger(),
            "view": view,
        }
        return self.say(body | more)

    def happen(self, event: dict[str, Any]) -> BoltResponse:
        """Slack tells of an event."""
        body = {"type": "event_callback", "team_id": "T0TEAM", "event_id": "Ev1", "event": event}
        return self.say(body)

    def say(self, body: dict[str, Any]) -> BoltResponse:
        """Slack delivers *body* by Socket Mode."""
        return self.app.dispatch(BoltRequest(body=body, mode="socket_mode"))

    def _trigger(self) -> str:
        self._presses += 1
        return f"trigger-{self._presses}"

    # ── what came of it ─────────────────────────────────────────────────────

    def open_alert(self) -> Alert:
        """An alert on its channel, with nothing left to send."""
        triage = make_triage()
        self.store.keep(judged(make_finding()), triage, iso(self.clock.now()))
        (alert,) = self.store.alerts([AlertState.OPEN], 1)
        self.sends()
        return self.alert(alert.id)

    def alert(self, alert_id: str) -> Alert:
        """The alert as it is now."""
        found = self.store.alert(alert_id)
        assert found is not None
        return found

    def sends(self) -> list[Send]:
        """What waits to be sent, taken out of the queue."""
        found = []
        now = iso(self.clock.now())
        while send := self.store.claim_send(HORIZON, horizon=HORIZON):
            self.store.send_done(send, send.channel, "1.000100", now)
            found.append(send)
        return found

    def ledger(self) -> list[tuple[str, str, str]]:
        """(kind, subject, by) of every line."""
        return [(link.kind, link.subject, link.by) for link in self.store.links()]


def _user(person: Person) -> dict[str, str]:
    return {
        "id": person.user,
        "username": person.name,
        "name": person.name,
        "team_id": person.team,
    }


def told(response: BoltResponse) -> str:
    """What the ack shows the person: a command's answer, a field's error or a modal's sentence."""
    assert response.status == 200
    if not response.body:
        return ""
    answer = json.loads(response.body)
    if answer.get("response_action") == "errors":
        return " ".join(answer["errors"].values())
    blocks = answer.get("view", answer)["blocks"]
    return "\n".join(one["text"]["text"] for one in blocks if "text" in one)


def eventually(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Wait until *true*; False where it does not become so in time."""
    ends = time.monotonic() + seconds
    while not true():
        if time.monotonic() > ends:
            return False
        time.sleep(0.01)
    return True
