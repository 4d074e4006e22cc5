"""One alert, a hundred, ten thousand, and names of every kind: all that people see of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot import escalation, exemptions, paging
from bot.demo.slack.blocks import check_message_blocks, check_view
from bot.escalation import Plan, Step
from bot.model import (
    AlertState,
    ExemptionState,
    Level,
    Page,
    Record,
    Send,
    SendKind,
    SnoozeState,
    Storm,
    iso,
)
from bot.slack.drawing import Drawing
from bot.slack.lint import lint, lint_view
from bot.slack.modals import DetailsModal
from bot.store import SqliteStore
from bot.storms import Storms
from handlers import listing
from tests.builders import (
    ANA,
    BEN,
    CHANNEL,
    NOON,
    FakeClock,
    judged,
    make_actor,
    make_finding,
    make_record,
    make_triage,
)
from tests.handlers.stage import Stage, told
from tests.slack.made import schema_faults, texts
from tests.slack.mrkdwn import effects

NAMES = {
    "ordinary": "mallory",
    "long": "x" * 200,
    "long words": "Anna-Lena " * 20,
    "hebrew": "דוד כהן 12",
    "arabic": "أحمد (٣) <b>",
    "long hebrew": "דוד " * 50,
    "emoji": "👩\u200d👩\u200d👧\u200d👦 🇨🇭 👋🏽 ❤\ufe0f",
    "long emoji": "🇨🇭👩\u200d👩\u200d👧" * 40,
    "marks": "Zoe\u0301\u0323" + "a\u0301" * 90,
    "markup": ': * _ ~ ` <@U1ABCDEF> <!channel> <#C1> & " :smile: <https://x.example|y>',
    "lines": "one\ntwo\r\n> three\n```four",
    "reordering": "evil\u202egnp.exe\u2066 \u2069\u2069",
}
SIZES = (1, 100, 10_000)
STORMS = Storms(cards_per_minute=30, calm=timedelta(minutes=5))
OURS = re.compile(r"<(?:@U0(?:ANA|BEN)|!subteam\^S0SEC|!date\^\d+\^[^|<>]*\|[^<>]*)>")
LINK = re.compile(r"<https://[a-z0-9-]+\.console\.aws\.amazon\.com/cloudtrailv2/[^|<>]*\|[^<>]*>")


# ── what holds for everything that is shown ─────────────────────────────────


def sound(drawn: Any) -> None:
    """Fail where Slack would refuse *drawn*, or a name in it does what only we may."""
    view = drawn.get("type") == "modal"
    assert (lint_view if view else lint)(drawn) == []
    assert (check_view(drawn) if view else check_message_blocks(drawn["blocks"])) == []
    marked = [drawn.get("text", ""), *texts(drawn, "mrkdwn")]
    for text in marked:
        angles = [one for one in effects(text) if one.startswith("<")]
        assert [one for one in angles if not (OURS.fullmatch(one) or LINK.fullmatch(one))] == []
        assert not {"italic", "strike", "emoji", "quote", "backtick"} & set(effects(text))
        assert not re.search("&[a-z]*…|<[^<>]*…(?![^<>]*>)", text)
    for text in [*marked, *texts(drawn, "plain_text")]:
        whole(text)


def whole(text: str) -> None:
    """Fail where *text* is cut in two, or turns round what stands behind it."""
    assert text.count("🇨") == text.count("🇭")
    assert "\u200d…" not in text
    assert text.count("\u2068") == text.count("\u2069")
    depth = 0
    for sign in text:
        depth += {"\u2068": 1, "\u2069": -1}.get(sign, 0)
        assert depth in (0, 1)
        # The words and numbers of ours stand outside; hence no name moves them.
        assert depth or not "\u0590" <= sign <= "\u08ff"
    assert not set("\u202a\u202b\u202d\u202e\u2066\u2067") & set(text)


def shown(drawn: Any) -> str:
    """All text of *drawn*, as one."""
    return "\n".join([*texts(drawn, "plain_text"), *texts(drawn, "mrkdwn")])


def published(drawn: Any) -> None:
    """Fail where Slack's published types say something against *drawn*; skip without them."""
    kind = "SlackView" if drawn.get("type") == "modal" else "SlackMessage"
    assert schema_faults(drawn if kind == "SlackView" else {"blocks": drawn["blocks"]}, kind) == []


# ── however many ────────────────────────────────────────────────────────────


def named(number: int, name: str, **changes: Any) -> Record:
    """Somebody called *name*, with the *number* of the alert behind it, does something."""
    fields = {"actor": make_actor(f"{name} {number}"), "target": f"{name} {number}"} | changes
    return make_record(f"e-{number}", **fields)


def fill(store: SqliteStore, size: int) -> None:
    """So many open alerts, every tenth of them critical; the names take turns."""
    names = list(NAMES.values())
    triage = make_triage(storms=STORMS)
    findings = [
        make_finding(
            named(number, names[number % len(names)]),
            level=Level.MEDIUM if number % 10 else Level.CRITICAL,
            rule=f"rule_{number % 7}",
            fold=(str(number),),
        )
        for number in range(size)
    ]
    for begin in range(0, size, 100):
        store.keep(judged(*findings[begin : begin + 100]), triage, iso(NOON))


@pytest.fixture(scope="module")
def crowds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Stage]]:
    """A stage for each of `SIZES`. Its tests only look."""
    stages = {}
    for size in SIZES:
        store = SqliteStore(tmp_path_factory.mktemp("crowd") / "callwarden.db")
        fill(store, size)
        stages[size] = Stage(store, FakeClock())
    yield stages
    for stage in stages.values():
        stage.store.close()


@pytest.mark.parametrize("size", SIZES)
def test_every_list_of_so_many_alerts_fits_and_counts_right(
    crowds: dict[int, Stage], size: int
) -> None:
    """The first page of each filter; what nothing matches says so."""
    stage = crowds[size]
    criticals = -(-size // 10)
    expected = {
        "alerts": size,
        "alerts all": size,
        "alerts mine": 0,
        "alerts resolved": 0,
        "alerts rule rule_0": -(-size // 7),
        "alerts actor MALLORY": -(-size // len(NAMES)),
        "alerts storm": size - criticals if size > 30 else 0,
        f"alerts actor {'q' * 200}": 0,
    }
    for typed, total in expected.items():
        answer = json.loads(stage.type(typed).body)
        sound(answer)
        last = min(8, total)
        assert (f": 1 to {last:,} of {total:,}, worst first" in shown(answer)) == bool(total)
    assert f"Alerts open {size} ·" in shown(json.loads(stage.type("status").body))


@pytest.mark.parametrize("size", SIZES)
def test_every_page_of_so_many_alerts_fits(crowds: dict[int, Stage], size: int) -> None:
    """First, some in the middle, last, and beyond: there the last is shown."""
    bot = crowds[size].bot
    last = (size - 1) // 8 * 8
    for offset in {0, 8, 16, 24, 32, 40, 48, 56, size // 2, last, size, size + 8, 10**20}:
        page = listing.draw(bot, ANA, ["open"], offset)
        sound(page)
        begins = min(offset, last) if offset < size else last
        ends = min(begins + 8, size)
        assert f": {begins + 1:,} to {ends:,} of {size:,}, worst first" in shown(page)
        sections = [block for block in page["blocks"] if block["type"] == "section"]
        assert len(sections) == ends - begins
    published(listing.draw(bot, ANA, ["open"]))


@pytest.mark.parametrize("size", SIZES)
def test_every_answer_about_so_many_alerts_fits(crowds: dict[int, Stage], size: int) -> None:
    """Status, help and the other lists, and a storm of them with its report."""
    stage = crowds[size]
    for typed in ("status", "help", "snoozes", "exceptions"):
        sound(json.loads(stage.type(typed).body))
    drawing = Drawing(stage.store, {})
    for storm in stage.store.storms_on():
        card = drawing.message(Send(id="s", kind=SendKind.CARD, subject=storm.id))
        sound(card)
        published(card)
        held = stage.store.tally(storm.id).alerts
        assert held == size - size // 10
        assert f"{held:,} alerts held back" in shown(card)
        listed = json.loads(stage.type(f"alerts storm {storm.id}").body)
        assert f"1 to 8 of {held:,}, worst first" in shown(listed)
    assert len(stage.store.storms_on()) == (size > 30)


@pytest.mark.parametrize("name", list(NAMES.values()), ids=list(NAMES))
def test_a_storm_of_any_name_fits(store: SqliteStore, name: str) -> None:
    """While it lasts, when it is over, and its line in the thread."""
    findings = [
        make_finding(named(one, name), level=Level.HIGH, rule=name, fold=(str(one),))
        for one in range(40)
    ]
    store.keep(judged(*findings), make_triage(storms=STORMS), iso(NOON))
    [storm] = store.storms_on()
    sends = [Send(id="s", kind=kind, subject=storm.id) for kind in (SendKind.CARD, SendKind.NOTE)]
    for _ in range(2):
        for send in sends:
            sound(Drawing(store, {}).message(send))
        store.settle_storms(STORMS, iso(NOON + timedelta(hours=1)))
    ended: Storm | None = store.storm(storm.id)
    assert ended is not None
    assert ended.ended_at


# ── whatever it is called ───────────────────────────────────────────────────


class Life:
    """One alert with everything in it called *name*; people do all that can be done about it."""

    def __init__(self, stage: Stage, name: str) -> None:
        self.stage, self.name = stage, name
        self.instances = {make_record().instance: f"{name} desk"}
        self.drawing = Drawing(stage.store, self.instances)
        self.record = named(0, name, user_agent=name, error_code=name[:60])
        self._find(self.record)
        [alert] = stage.store.alerts([AlertState.OPEN], 1)
        self.id = alert.id

    def _find(self, record: Record) -> None:
        finding = make_finding(
            record,
            headline=f"{record.actor.name} opened emergency access to {self.name} 7",
            why=self.name,
            runbook=(self.name,) * 6,
            fold=("one",),
        )
        self.stage.store.keep(judged(finding), make_triage(), iso(NOON))

    def again(self) -> None:
        """It happens again, from elsewhere: new context."""
        changes = {"source_ip": "203.0.113.9", "user_agent": f"{self.name} 2"}
        self._find(msgspec.structs.replace(self.record, id="e-9", key="e-9", **changes))

    def draw(self) -> list[str]:
        """Look at all that waits to be sent; its text."""
        said = []
        for send in self.stage.sends():
            message = self.drawing.message(send)
            sound(message)
            published(message)
            said.append(shown(message))
        return said

    def modal(self) -> dict[str, Any]:
        """Look at the modal that was opened."""
        view = self.stage.dialogs.opened.pop()
        sound(view)
        published(view)
        return view

    def answer(self, choice: str, **values: Any) -> None:
        """Choose *choice* in the ⋯ menu and fill its modal in."""
        self.stage.choose(choice, self.id)
        view = self.modal()
        state = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                given = {"value": self.name, "selected_user": BEN.user}
                if "initial_option" in element:
                    given["selected_option"] = element["initial_option"]
                if "initial_options" in element:
                    given["selected_options"] = element["initial_options"]
                given |= values.get(block["block_id"], {})
                state[block["block_id"]] = {element["action_id"]: given}
        response = self.stage.submit(view | {"state": {"values": state}})
        assert not response.body, response.body


@pytest.fixture(params=list(NAMES.values()), ids=list(NAMES))
def life(request: pytest.FixtureRequest, stage: Stage) -> Life:
    """An alert of everything that is called so."""
    return Life(stage, request.param)


def test_a_card_and_its_thread_fit_whatever_it_is_called(life: Life) -> None:
    """Open, taken, handed over, noted, resolved, opened again; with all modals."""
    stage = life.stage
    [card] = life.draw()
    assert "*Open* since" in card
    stage.press("alert_take", life.id)
    life.answer("hand_over")
    life.answer("note")
    life.again()
    assert life.draw()
    stage.press("alert_details", life.id)
    life.modal()
    stage.press("alert_resolve", life.id)
    view = life.modal()
    values = {
        "verdict": {"chosen": {"selected_option": {"value": "expected"}}},
        "note": {"written": {"value": life.name}},
    }
    stage.submit(view | {"state": {"values": values}})
    assert "*Resolved: expected* by <@U0ANA>" in "".join(life.draw())
    stage.choose("reopen", life.id, BEN)
    life.modal()
    for typed in (f"alert {life.id}", "alerts all", "alerts mine"):
        sound(json.loads(stage.type(typed).body))
    assert life.id in told(stage.type("alerts all"))


def test_a_snooze_fits_whatever_it_is_about(life: Life) -> None:
    """Asked for, agreed to, broken, in the thread, on the card and in the list."""
    stage = life.stage
    life.draw()
    life.answer("mute", hours={"selected_option": {"value": "24"}})
    assert "*A second person must agree.*" in "".join(life.draw())
    sound(json.loads(stage.type("snoozes").body))
    [asked] = stage.store.snoozes([SnoozeState.ASKED])
    stage.press("snooze_agree", asked.id, BEN)
    assert "<@U0BEN> agreed" in "".join(life.draw())
    sound(json.loads(stage.type("snoozes").body))
    life.again()
    assert "*Snooze over*: new context" in "".join(life.draw())


def test_an_exception_fits_whatever_it_is_about(life: Life) -> None:
    """Proposed with its diff, agreed to, ended, in the thread and in the list."""
    stage = life.stage
    life.draw()
    alert = stage.alert(life.id)
    if exemptions.offer(stage.bot, alert).why:
        stage.choose("expect", life.id)
        assert life.draw()
        return
    life.answer("expect")
    assert "*A second person must agree.*" in "".join(life.draw())
    sound(json.loads(stage.type("exceptions").body))
    [one] = stage.store.exemptions([ExemptionState.PROPOSED])
    stage.press("except_agree", one.id, BEN)
    assert "<@U0BEN> agreed" in "".join(life.draw())
    sound(json.loads(stage.type("exceptions").body))
    stage.press("except_end", one.id, BEN)
    assert "by <@U0BEN>" in "".join(life.draw())


def test_a_call_and_a_page_fit_whatever_it_is_about(life: Life) -> None:
    """In the thread, by direct message, in another channel; by SMS and e-mail in a few lines."""
    life.draw()
    to = ("group:S0SEC", f"user:{BEN.user}", "channel:C0LEADS", "page")
    plan = Plan(steps=(Step(minutes=5, to=to, levels=(Level.CRITICAL,)),), hours=None)
    alert = life.stage.alert(life.id)
    [due] = escalation.due(alert, (), plan, life.instances, NOON + timedelta(minutes=9))
    for send in due.sends:
        message = life.drawing.message(send)
        sound(message)
        assert "Nobody has taken" in shown(message)
    unseen = paging.unseen(alert, life.name, life.instances)
    for page in (*due.pages, unseen, paging.together([unseen] * 30)):
        readable(page)


def readable(page: Page) -> None:
    """Fail where SNS would refuse *page*, or an SMS of it would not be readable."""
    assert page.title.isascii()
    assert len(page.title) < 100
    assert len(page.text) < 1_600
    assert len(page.text.encode()) < 256 * 1024
    lines = page.text.splitlines()
    assert len(lines) <= 5
    assert all(line.replace(" ", "").isprintable() for line in lines)
    assert page.text.count("🇨") == page.text.count("🇭")


def test_details_of_any_name_fit_however_often_it_happened(life: Life) -> None:
    """Five records, and a reader who may have the raw one."""
    alert = life.stage.alert(life.id)
    view = DetailsModal.build(
        alert, [life.record] * 5, [], life.instances, may_raw=True, times=[iso(NOON)] * 3
    )
    sound(view)
    published(view)
    raw = life.drawing.message(
        Send(id="s", kind=SendKind.DM, subject=life.id, channel=CHANNEL, body={"record": "e-0"})
    )
    sound(raw)
    published(raw)
