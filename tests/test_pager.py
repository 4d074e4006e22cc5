"""The pager: what wakes people goes out, also where Slack, SNS or we ourselves do not hold."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot import escalation, snoozes
from bot.alerts import judge
from bot.errors import Refused, Unavailable
from bot.escalation import Plan, Step
from bot.model import AlertState, Level, Page, PageKind, Scope, Send, Verb, iso
from bot.pager import ASKED_MOST, RETRY, TRIES, Pages
from bot.ports import Contact
from bot.store import SqliteStore
from bot.storms import Storms
from tests.builders import (
    HORIZON,
    INSTANCE,
    NOON,
    Bell,
    FakeClock,
    judged,
    make_actor,
    make_ask,
    make_bot,
    make_finding,
    make_record,
    make_triage,
)
from tests.handlers.stage import eventually

DOWN = "Slack could not answer chat.postMessage (HTTP 503)."
REFUSED = Refused("sns:Publish", "AuthorizationError", "AWS refused sns:Publish.")


class Pocket:
    """`ports.Pager`: somebody's pager; *faults* come first, one a call."""

    def __init__(self) -> None:
        self.rang: list[Page] = []
        self.faults: list[Exception] = []
        self.calls = 0

    def publish(self, page: Page) -> None:
        """Ring, or fail as ordered."""
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        self.rang.append(page)


class Night:
    """A store, a clock, somebody's pager, and Slack as the sender sees it."""

    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.pocket = Pocket()
        self.slack = Contact(answered=True)
        self.bell = Bell()
        self._path = path
        self._opened: list[SqliteStore] = []
        self.start()

    def start(self) -> None:
        """Open everything anew, as after a kill."""
        self.store = SqliteStore(self._path)
        self._opened.append(self.store)
        self.pages = Pages(
            self.store,
            self.pocket,
            self.clock,
            lambda: self.slack,
            patience=timedelta(minutes=2),
            instances={INSTANCE: "prod"},
            channel="C0MAIN",
            wake=self.bell.wake,
            monotonic=self.clock.monotonic,
        )

    def close(self) -> None:
        """Close every store that was opened."""
        for store in self._opened:
            store.close()

    def alert(self, name: str = "mallory", level: Level = Level.CRITICAL) -> str:
        """An open alert; returns its id."""
        record = make_record(f"e-{name}", actor=make_actor(name))
        self.store.keep(judged(make_finding(record, level=level)), make_triage(), self.clock.iso)
        return self.store.alerts([AlertState.OPEN], actor=name)[0].id

    def wait(self, minutes: float, look: float = 1.0) -> None:
        """Time goes by; escalation is looked at every minute, the pager every *look* seconds."""
        plan = Plan(steps=(Step(minutes=10, to=("page",)),))
        for second in range(int(minutes * 60 / look)):
            self.clock.tick(look)
            if second * look % 60 < look:
                escalation.walk(make_bot(self.store, self.clock), plan)
            self.pages.step()

    def lose_slack(self, minutes: float) -> None:
        """Nothing could be sent for so long."""
        self.slack = Contact(lost_for=timedelta(minutes=minutes), why=DOWN, answered=True)

    @property
    def rang(self) -> list[str]:
        """The titles of what went out."""
        return [page.title for page in self.pocket.rang]

    @property
    def said(self) -> list[str]:
        """What was said in Slack of pages themselves."""
        rows = self.store.reader.execute(
            "SELECT channel || ': ' || json_extract(body, '$.text') FROM outbox"
            " WHERE subject = 'paging' ORDER BY seq"
        )
        return [row[0] for row in rows]

    @property
    def ledger(self) -> list[str]:
        """What the ledger says of pages."""
        return [link.kind for link in self.store.links() if link.kind.startswith("page.")]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    """Nobody is awake."""
    made = Night(tmp_path / "callwarden.db")
    yield made
    made.close()


# ── alerts ──────────────────────────────────────────────────────────────────


def test_a_critical_alert_that_nobody_takes_rings_once(night: Night) -> None:
    """After its ten minutes, and not again in the hour that follows."""
    alert = night.alert()
    night.wait(9.9)
    assert night.rang == []
    night.wait(60, look=10)
    assert night.rang == [f"Critical {alert}: nobody has taken it"]
    assert "Who: mallory" in night.pocket.rang[0].text
    assert night.ledger == ["page.sent"]


def test_a_re_opened_alert_rings_again(night: Night) -> None:
    """Once more, ten minutes after somebody opened it again."""
    alert = night.alert()
    night.wait(11, look=10)
    for verb in (Verb.RESOLVE, Verb.REOPEN):
        night.store.decide(make_ask(alert, verb, moment=night.clock.iso), judge)
    night.wait(9, look=10)
    assert len(night.rang) == 1
    night.wait(3, look=10)
    assert len(night.rang) == 2


def test_an_alert_that_was_taken_while_its_page_waited_rings_no_more(night: Night) -> None:
    """SNS did not answer for a while; the ledger says why it never went out."""
    alert = night.alert()
    night.pocket.faults = [Unavailable("AWS did not answer.")] * 4
    night.wait(10.1)
    night.store.decide(make_ask(alert, Verb.TAKE, moment=night.clock.iso), judge)
    night.wait(10, look=10)
    assert night.rang == []
    assert night.ledger == ["page.dropped"]


@pytest.mark.parametrize("taken", [False, True])
def test_what_a_storm_left_behind_rings_once_unless_all_of_it_is_taken(
    night: Night, taken: bool
) -> None:
    """SNS did not answer for a while, in which somebody has perhaps been through the list."""
    storms = Storms(cards_per_minute=2, calm=timedelta(seconds=60))
    for name in ("ana", "ben", "cam"):
        finding = make_finding(make_record(name, actor=make_actor(name)), level=Level.HIGH)
        night.store.keep(judged(finding), make_triage(storms=storms), night.clock.iso)
    night.clock.tick(61)
    assert night.store.settle_storms(storms, night.clock.iso) == 1
    plan = Plan(steps=(Step(minutes=0.5, to=("page",), levels=(Level.HIGH,)),))
    night.clock.tick(30)
    escalation.walk(make_bot(night.store, night.clock), plan)
    night.pocket.faults = [Unavailable("AWS did not answer.")]
    night.pages.step()
    if taken:
        for alert in night.store.alerts([AlertState.OPEN]):
            night.store.decide(make_ask(alert.id, Verb.TAKE, moment=night.clock.iso), judge)
    night.clock.tick(10)
    night.pages.step()

    assert len(night.rang) == (not taken)
    assert night.ledger == ["page.dropped" if taken else "page.sent"]


def test_many_alerts_ring_once_together(night: Night) -> None:
    """A storm is one call; each of its pages is settled and in the ledger."""
    for number in range(8):
        night.alert(f"mallory-{number}")
    night.wait(11, look=10)
    assert night.rang == ["Critical: 8 alerts need somebody"]
    assert night.ledger == ["page.sent"] * 8
    assert '"together":8' in night.store.links(after=8)[0].body


def test_a_few_alerts_ring_one_by_one(night: Night) -> None:
    """As many as somebody can still listen to."""
    for number in range(5):
        night.alert(f"mallory-{number}")
    night.wait(11, look=10)
    assert len(night.rang) == 5


# ── cards that Slack refuses ────────────────────────────────────────────────


def test_a_card_that_slack_refuses_for_good_rings_once_an_alert(night: Night) -> None:
    """With Slack's reason; however often it is refused again."""
    alert = night.alert()
    card = night.store.claim_send(night.clock.iso, horizon=HORIZON)
    assert card is not None
    night.store.send_refused(card, "Slack refused chat.postMessage: is_archived.", night.clock.iso)
    night.pages.step()
    night.start()
    night.pages.step()
    assert night.rang == [f"Critical {alert}: Slack does not show it"]
    assert "is_archived" in night.pocket.rang[0].text


def refuse_calls(night: Night) -> None:
    """Everything that calls somebody is refused for good, all else is sent."""
    while send := night.store.claim_send(night.clock.iso, horizon=HORIZON):
        if "untaken" in send.body:
            night.store.send_refused(send, "Slack refused it: user_not_found.", night.clock.iso)
        else:
            night.store.send_done(send, "C0MAIN", "1.1", night.clock.iso)


@pytest.mark.parametrize("state", ["open", "taken", "low"])
def test_a_call_that_slack_refuses_for_good_rings(night: Night, state: str) -> None:
    """Once, also over a restart; not where somebody took it, nor for what is not critical."""
    level = Level.LOW if state == "low" else Level.CRITICAL
    alert = night.alert(level=level)
    plan = Plan(steps=(Step(minutes=5, to=("user:U0GONE",), levels=tuple(Level)),))
    night.clock.tick(300)
    escalation.walk(make_bot(night.store, night.clock), plan)
    refuse_calls(night)
    if state == "taken":
        night.store.decide(make_ask(alert, Verb.TAKE, moment=night.clock.iso), judge)
    night.pages.step()
    night.start()
    night.pages.step()
    night.pages.step()
    title = f"Critical {alert}: nobody has taken it, and a call was refused"
    assert night.rang == ([title] if state == "open" else [])
    if state == "open":
        assert "Slack does not tell U0GONE" in night.pocket.rang[0].text
        assert "user_not_found" in night.pocket.rang[0].text


def storm(night: Night, alerts: int = 12) -> Send:
    """So many alerts in a channel that begins a storm above five; returns its message, claimed."""
    triage = make_triage(storms=Storms(cards_per_minute=5, calm=timedelta(minutes=1)))
    for number in range(alerts):
        record = make_record(f"s-{number}", actor=make_actor(f"m{number}"))
        finding = make_finding(record, level=Level.HIGH)
        night.store.keep(judged(finding), triage, night.clock.iso)
    [on] = night.store.storms_on()
    while (send := night.store.claim_send(HORIZON, horizon=HORIZON)) and send.subject != on.id:
        night.store.send_done(send, "C0MAIN", f"1.{send.revision}", night.clock.iso)
    assert send is not None
    return send


def test_a_storms_message_that_slack_refuses_for_good_rings_once(night: Night) -> None:
    """For all that the storm holds back, however long it lasts."""
    card = storm(night)
    night.store.send_refused(card, "Slack refused chat.postMessage: is_archived.", night.clock.iso)
    night.pages.step()
    night.start()
    night.pages.step()
    [page] = night.pocket.rang
    held = len([one for one in night.store.alerts([AlertState.OPEN], 50) if one.held])
    assert page.title == f"High {card.subject}: Slack does not show a storm of {held} alerts"
    assert "is_archived" in page.text
    assert night.ledger == ["page.sent"]


def test_a_storms_message_that_comes_after_all_rings_nobody(night: Night) -> None:
    """Somebody invited us before the page went out."""
    card = storm(night)
    night.store.send_refused(card, "Slack refused chat.postMessage: is_archived.", night.clock.iso)
    night.pocket.faults = [Unavailable("AWS did not answer.")]
    night.pages.step()
    night.store.send_done(card, "C0MAIN", "1.99", night.clock.iso)
    night.wait(1)
    assert night.rang == []
    assert night.ledger == ["page.dropped"]


# ── Slack ───────────────────────────────────────────────────────────────────


def test_an_outage_of_slack_rings_when_it_begins_and_when_it_ends(night: Night) -> None:
    """Each once, also where we are started anew in the middle of it."""
    night.lose_slack(1.9)
    night.pages.step()
    assert night.rang == []
    night.lose_slack(2.1)
    night.pages.step()
    night.lose_slack(5)
    night.pages.step()
    night.start()
    night.slack = Contact()
    night.pages.step()
    night.lose_slack(9)
    night.pages.step()
    assert night.rang == ["Callwarden cannot reach Slack"]
    night.slack = Contact(answered=True)
    night.pages.step()
    night.pages.step()
    assert night.rang[1:] == ["Callwarden reaches Slack again"]
    assert night.ledger == ["page.sent", "page.sent"]


def test_critical_alerts_ring_while_slack_is_down(night: Night) -> None:
    """The pager does not need Slack."""
    night.alert()
    night.lose_slack(30)
    night.wait(11, look=10)
    assert len(night.rang) == 2


# ── SNS ─────────────────────────────────────────────────────────────────────


def test_a_topic_that_does_not_answer_is_asked_ever_more_slowly(night: Night) -> None:
    """At most once a minute in the end, and the page goes out when it answers."""
    night.alert()
    night.pocket.faults = [Unavailable("AWS did not answer.")] * 10
    night.wait(10.1)
    early = night.pocket.calls
    night.wait(10)
    assert early <= 4
    assert night.pocket.calls == 11
    assert len(night.rang) == 1
    assert night.ledger == ["page.sent"]


def test_the_time_that_aws_names_is_kept(night: Night) -> None:
    """Not a second earlier, for no page; but nobody makes us wait for hours."""
    night.alert("one")
    night.pocket.faults = [Unavailable("Slow down.", retry_after=120)]
    night.wait(10.1)
    night.lose_slack(5)
    night.wait(1.8)
    assert (night.rang, night.pocket.calls) == ([], 1)
    night.wait(0.3)
    assert len(night.rang) == 2
    night.alert("two")
    night.pocket.faults = [Unavailable("Slow down.", retry_after=86_400)]
    night.wait(11 + ASKED_MOST / 60, look=10)
    assert len(night.rang) == 3


def test_a_page_that_aws_refuses_is_tried_until_it_goes_out(
    night: Night, caplog: pytest.LogCaptureFixture
) -> None:
    """Its credentials had expired. Status, log and channel say that nobody is woken; once they are
    renewed it rings, and that is said too."""
    alert = night.alert()
    night.pocket.faults = [REFUSED] * (TRIES + 3)
    night.wait(12)
    assert night.pocket.calls == TRIES
    assert night.ledger == ["page.refused"]
    [failed] = night.store.failed_pages()
    assert (failed.subject, failed.error) == (alert, "AWS refused sns:Publish.")
    assert f"Nobody is woken for: Critical {alert}" in caplog.text
    [said] = night.said
    assert said.startswith("C0MAIN: Nobody can be paged since 12:10 UTC: AWS refused sns:Publish.")
    assert night.bell.rings == 1

    night.wait(4 * RETRY / 60 + 1)
    assert night.rang == [f"Critical {alert}: nobody has taken it"]
    assert night.ledger == ["page.refused", "page.sent"]
    assert night.said[1:] == ["C0MAIN: Pages go out again; what still needs somebody is paged now."]
    night.wait(30, look=10)
    assert len(night.rang) == 1


def test_once_one_page_goes_out_those_refused_before_do_too(night: Night) -> None:
    """At once, and only those that still need somebody."""
    for name in ("one", "two"):
        night.alert(name)
    night.pocket.faults = [REFUSED for _ in range(2 * TRIES)]
    night.wait(12)
    assert night.rang == []
    night.store.decide(
        make_ask(night.store.alerts([AlertState.OPEN], actor="two")[0].id, Verb.TAKE), judge
    )
    night.lose_slack(3)
    night.wait(0.1)
    assert len(night.rang) == 2
    assert len(night.said) == 2
    assert sorted(night.ledger) == [
        "page.dropped",
        "page.refused",
        "page.refused",
        "page.sent",
        "page.sent",
    ]


def test_several_pages_that_go_out_again_are_said_once(night: Night) -> None:
    """They were refused together and go out in one look."""
    for name in ("one", "two", "three"):
        night.alert(name)
    night.pocket.faults = [REFUSED for _ in range(3 * TRIES)]
    night.wait(12)
    night.start()
    night.pages.step()
    assert (len(night.rang), len(night.said)) == (3, 2)


def test_a_start_tries_what_was_refused_and_says_nothing_twice(night: Night) -> None:
    """Whoever starts us has perhaps mended it; where not, people know already."""
    night.alert()
    night.pocket.faults = [REFUSED] * (TRIES + 1)
    night.wait(12)
    night.start()
    night.pages.step()
    assert (night.pocket.calls, len(night.said)) == (TRIES + 1, 1)
    night.start()
    night.pages.step()
    assert (len(night.rang), len(night.said)) == (1, 2)


def test_a_topic_that_never_answers_is_said_too(night: Night) -> None:
    """Once; a short silence is not."""
    night.alert()
    night.pocket.faults = [Unavailable("AWS did not answer.")] * (TRIES + 3)
    night.wait(10.3)
    assert night.said == []
    night.wait(3)
    assert len(night.said) == 1


@pytest.mark.parametrize("back", [True, False])
def test_that_slack_is_down_is_paged_late_only_while_it_is(night: Night, back: bool) -> None:
    """AWS had refused the page for a while."""
    night.pocket.faults = [REFUSED] * TRIES
    night.lose_slack(3)
    night.wait(1)
    assert night.rang == []
    if back:
        night.slack = Contact(answered=True)
    night.wait(5)
    down = "Callwarden cannot reach Slack"
    assert (down in night.rang) is not back


def test_a_refusal_that_passes_leaves_no_trace(night: Night) -> None:
    """The page goes out with the next try, and no other page waits for it."""
    night.pocket.faults = [REFUSED]
    night.alert("one")
    night.wait(10.1)
    night.wait(0.2)
    assert len(night.rang) == 1
    assert night.ledger == ["page.sent"]
    assert night.store.failed_pages() == []


def test_our_own_bug_holds_no_other_page_up(night: Night, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried a few times, then shown; what comes after it goes out."""
    night.pocket.faults = [KeyError("x")] * TRIES
    night.alert("one")
    night.wait(12)
    assert night.ledger == ["page.refused"]
    assert "A page broke." in caplog.text
    night.lose_slack(5)
    night.pages.step()
    assert night.rang == ["Callwarden cannot reach Slack"]


def test_pages_behind_one_that_found_no_answer_are_not_lost(night: Night) -> None:
    """They were claimed with it, and wait with it."""
    for name in ("one", "two", "three"):
        night.alert(name)
    night.pocket.faults = [Unavailable("AWS did not answer.")]
    night.wait(11)
    assert len(night.rang) == 3
    assert len({page.subject for page in night.pocket.rang}) == 3


# ── kill -9 and the clock ───────────────────────────────────────────────────


def test_a_page_that_was_cut_off_by_a_kill_goes_out_again(night: Night) -> None:
    """It may have gone out: twice is better than never. The ledger has it once."""
    alert = night.alert()
    night.wait(10.1)
    assert len(night.rang) == 1
    page = msgspec.structs.replace(night.pocket.rang[0], id="another", subject=alert)
    night.store.queue_page(page, night.clock.iso)
    assert night.store.claim_page(night.clock.iso, HORIZON) is not None
    night.start()
    night.pages.step()
    assert len(night.rang) == 2
    assert night.ledger == ["page.sent", "page.sent"]


def test_a_page_does_not_wait_for_a_clock_that_was_fast(night: Night) -> None:
    """It was put off by a clock that has been set back since."""
    page = Page(
        id="p",
        kind=PageKind.SLACK_BACK,
        subject="slack",
        level=Level.LOW,
        title="t",
        text="t",
    )
    night.store.queue_page(page, iso(NOON + timedelta(hours=5)))
    night.pages.step()
    assert night.rang == ["t"]


def test_the_thread_goes_on_after_a_fault_of_the_store(night: Night) -> None:
    """Its disk may be full for a while; then the page goes out."""
    night.lose_slack(5)
    calls: list[int] = []

    def contact() -> Contact:
        calls.append(1)
        if len(calls) == 1:
            raise Unavailable("The store's disk is full.")
        return night.slack

    pages = Pages(
        night.store,
        night.pocket,
        night.clock,
        contact,
        patience=timedelta(minutes=2),
        instances={},
        channel="C0MAIN",
        wake=night.bell.wake,
    )
    thread = threading.Thread(target=pages.run)
    thread.start()
    try:
        assert eventually(lambda: bool(night.rang))
    finally:
        pages.stop()
        thread.join(5)
    assert not thread.is_alive()


def test_a_page_that_waits_does_not_ring_while_its_alert_is_snoozed(night: Night) -> None:
    """It rings once the snooze is over: its step is taken, and nobody has been woken."""
    alert = night.alert()
    night.pocket.faults = [Unavailable("slow down", retry_after=120.0)]
    night.wait(11)
    ask = make_ask(alert, Verb.SNOOZE, note="a drill", moment=night.clock.iso)
    bot = make_bot(night.store, night.clock)
    assert snoozes.decide(bot, msgspec.structs.replace(ask, scope=Scope.ALERT, hours=1)).accepted
    night.wait(59)
    assert night.pocket.rang == []
    night.wait(3)
    assert [page.subject for page in night.pocket.rang] == [alert]
