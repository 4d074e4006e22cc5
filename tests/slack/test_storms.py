"""A storm as the channel sees it: one message that counts, criticals by themselves, a report."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot import escalation, snoozes
from bot.alerts import judge
from bot.escalation import Plan, Step
from bot.exemptions import propose
from bot.model import Alert, AlertState, Aspect, Level, Scope, SendKind, Verb
from bot.storms import Storms, brought_out, end_those_over
from tests.builders import ANA, make_actor, make_ask, make_bot
from tests.slack.desk import Desk

POST, EDIT = "chat.postMessage", "chat.update"
STORMS = Storms(cards_per_minute=5, calm=timedelta(seconds=60))


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A sender in a channel that takes five cards a minute."""
    desk.storms = STORMS
    return desk


def arrive(desk: Desk, *names: str, level: Level = Level.HIGH, **more: Any) -> None:
    """Each of *names* does something that a rule speaks of."""
    for name in names:
        event = f"{name}-{desk.clock.iso}"
        desk.find(event, level=level, actor=make_actor(name), target=name, **more)


def flood(desk: Desk, number: int = 10, head: str = "crowd") -> None:
    """So many people at once."""
    arrive(desk, *(f"{head}-{one}" for one in range(number)))


def work(desk: Desk, seconds: float) -> None:
    """Let the sender work for so long, and the job that ends storms with it."""
    ends = desk.clock.monotonic() + seconds
    while (left := ends - desk.clock.monotonic()) > 0:
        desk.store.settle_storms(STORMS, desk.clock.iso)
        desk.clock.tick(min(max(desk.outbox.step(), 0.01), left, 1.0))


def of(desk: Desk, name: str) -> Alert:
    """The alert about somebody."""
    [found] = desk.store.alerts(list(AlertState), actor=name)
    return found


def titles(desk: Desk) -> list[str]:
    """The headers of what stands in the channel."""
    return [str(one["blocks"][0]["text"]["text"]) for one in desk.cards]


def shown(message: dict[str, Any]) -> str:
    """All that a message says."""
    return str(message["blocks"])


# ── the beginning ───────────────────────────────────────────────────────────


def test_a_flood_is_one_message_from_its_beginning_on(desk: Desk) -> None:
    """The cards that waited are not dribbled out before it."""
    flood(desk, 100)
    work(desk, 3)

    assert titles(desk) == ["🌩️ Storm: 100 alerts held back"]
    assert (desk.calls(POST), desk.waiting) == (1, 0)


def test_the_message_says_what_it_is_about(desk: Desk) -> None:
    """How many, which rules and actors, that criticals come, and how to reach the rest."""
    flood(desk, 9)
    arrive(desk, "mallory", rule="other_rule")
    work(desk, 3)

    [message] = desk.cards
    [storm] = desk.store.storms_on()
    for said in (
        "*10 alerts* with 10 findings so far",
        "*Critical alerts are posted as always.*",
        "`connect_security_profile_updated` ×9",
        "`other_rule` ×1",
        "`crowd-0` ×1",
        "… 5 more",
        "🟠 10 high",
        f"/callwarden alerts storm {storm.id}",
    ):
        assert said in shown(message)
    [row] = [block for block in message["blocks"] if block["type"] == "actions"]
    [button] = row["elements"]
    assert (button["action_id"], button["value"]) == ("storm_alerts", f"0 open storm {storm.id}")


# ── going on ────────────────────────────────────────────────────────────────


def test_a_minute_of_flood_is_few_edits_and_no_post(desk: Desk) -> None:
    """Five alerts a second: the message is never more than some seconds behind."""
    flood(desk)
    work(desk, 1)
    for second in range(60):
        flood(desk, 5, f"second-{second}")
        work(desk, 1)

    assert desk.calls(POST) == 1
    assert 10 <= desk.calls(EDIT) <= 13
    work(desk, 6)
    assert titles(desk) == ["🌩️ Storm: 310 alerts held back"]


def test_criticals_come_by_themselves_in_the_middle_of_it(desk: Desk) -> None:
    """At Slack's pace, and at once."""
    flood(desk, 50)
    work(desk, 1)
    for number in range(3):
        arrive(desk, f"mallory-{number}", level=Level.CRITICAL)
        flood(desk, 50, f"more-{number}")
    work(desk, 4)

    assert len(titles(desk)) == 4
    assert all("mallory" in title for title in titles(desk)[1:])


def test_one_that_rises_to_critical_is_posted_in_the_middle_of_it(desk: Desk) -> None:
    """It has been counted; now it stands by itself."""
    flood(desk)
    work(desk, 2)
    arrive(desk, "crowd-4", level=Level.CRITICAL)
    work(desk, 2)

    assert len(titles(desk)) == 2
    assert titles(desk)[1].startswith("🔴 Critical")
    assert of(desk, "crowd-4").ts == desk.cards[1]["ts"]


def test_a_click_is_answered_before_the_message_is_edited(desk: Desk) -> None:
    """Edits for clicks go first, whatever the flood."""
    arrive(desk, "ana")
    work(desk, 2)
    flood(desk)
    work(desk, 2)
    flood(desk, 5, "more")
    work(desk, 4)
    desk.clock.tick(2)
    desk.store.decide(make_ask(of(desk, "ana").id, moment=desk.clock.iso), judge)
    desk.outbox.step()

    assert "Taken" in shown(desk.cards[0])


# ── who asks gets the card ──────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (Verb.TAKE, "*Taken* by"),
        (Verb.RESOLVE, "*Resolved: true positive*"),
        (Verb.NOTE, "She is on leave."),
    ],
)
def test_a_decision_about_a_held_alert_brings_its_card(desk: Desk, verb: Verb, said: str) -> None:
    """With the decision on it, and nothing else."""
    flood(desk)
    work(desk, 2)
    desk.store.decide(make_ask(of(desk, "crowd-3").id, verb, moment=desk.clock.iso), judge)
    work(desk, 2)

    assert len(desk.cards) == 2
    assert said in shown(desk.cards[1])
    assert desk.refused == []


def test_a_look_at_a_held_alert_brings_its_card(desk: Desk) -> None:
    """From then on it is like any other: the next finding edits it."""
    flood(desk)
    work(desk, 2)
    bring_out = functools.partial(brought_out, by=ANA, now=desk.clock.iso)
    desk.store.change_alert(of(desk, "crowd-3").id, bring_out, desk.clock.iso)
    work(desk, 2)
    arrive(desk, "crowd-3")
    work(desk, 4)

    assert len(desk.cards) == 2
    assert "×2" in shown(desk.cards[1])


def test_a_proposal_at_a_held_alert_stands_in_its_thread(desk: Desk) -> None:
    """With its Agree button; the card says why it comes late."""
    flood(desk)
    work(desk, 2)
    ask = make_ask(of(desk, "crowd-3").id, Verb.EXCEPT, note="a drill", moment=desk.clock.iso)
    ask = msgspec.structs.replace(ask, equal=(Aspect.ACTOR,), days=30)
    assert propose(make_bot(desk.store, desk.clock), ask).accepted
    work(desk, 4)

    held = of(desk, "crowd-3")
    assert "Held back by ST-" in shown(desk.cards[1])
    assert "Ana decided about it" in shown(desk.cards[1])
    [reply] = desk.slack.messages(held.channel, held.ts)
    assert "except_agree" in shown(reply)
    assert desk.refused == []


def test_three_hundred_that_a_snooze_kept_quiet_are_one_message(desk: Desk) -> None:
    """When it ends they are a storm: no card is dribbled out, all can be listed."""
    arrive(desk, "mallory")
    work(desk, 2)
    bot, alert = make_bot(desk.store, desk.clock), of(desk, "mallory")
    ask = make_ask(alert.id, Verb.SNOOZE, note="a drill", moment=desk.clock.iso)
    ask = msgspec.structs.replace(ask, scope=Scope.RULE_ACTOR, hours=1)
    assert snoozes.decide(bot, ask).accepted
    for number in range(300):
        desk.find(f"e-{number}", level=Level.HIGH, instance=f"i-{number}", target=f"t-{number}")
    work(desk, 2)
    assert len(desk.cards) == 2  # the first card, and that it is snoozed

    desk.clock.tick(3_600)
    snoozes.settle(bot, STORMS)
    work(desk, 10)

    assert titles(desk)[2:] == ["🌩️ Storm: 300 alerts held back"]
    assert len(desk.store.alerts(list(AlertState), 400, storm="any")) == 300
    assert desk.refused == []


# ── the end ─────────────────────────────────────────────────────────────────


def test_the_message_becomes_the_report(desk: Desk) -> None:
    """In its place; a line in its thread says that it is over."""
    flood(desk)
    work(desk, 2)
    desk.store.decide(make_ask(of(desk, "crowd-3").id, Verb.RESOLVE, moment=desk.clock.iso), judge)
    work(desk, 70)

    report = desk.cards[0]
    assert titles(desk)[0] == "✅ Storm over: 10 alerts held back"
    assert "None was skipped" in shown(report)
    assert "🟠 9 high" in shown(report)
    [line] = [reply["text"] for reply in desk.slack.messages(desk.main, report["ts"])]
    assert line == (
        "The storm is over, after 60 seconds. It held back 10 alerts; 9 of them are not resolved."
        " New alerts are posted one by one again. The first of the high ones come here in the next"
        " minutes; the rest stay listed."
    )


def test_after_it_the_first_high_ones_come_and_one_call_names_the_rest(desk: Desk) -> None:
    """One a minute where a storm begins above five; the call stands under the report."""
    bot = make_bot(desk.store, desk.clock)
    plan = Plan(steps=(Step(minutes=10, to=("group:S0SOC",), levels=(Level.HIGH,)),))
    flood(desk)
    arrive(desk, "quiet", level=Level.MEDIUM)
    work(desk, 62)
    for second in range(0, 660, 10):
        end_those_over(bot, STORMS)
        escalation.walk(bot, plan)
        work(desk, 10)
        if second == 50:
            assert len(desk.cards) == 2

    assert len(desk.cards) == 6
    assert "Held back by ST-" in shown(desk.cards[-1])
    said = [reply["text"] for reply in desk.slack.messages(desk.main, desk.cards[0]["ts"])]
    assert len(said) == 2
    assert said[1].startswith("<!subteam^S0SOC> Nobody has taken 5 alerts that the storm ST-")
    assert said[1].endswith("for 10 minutes: 5 high")


def test_after_it_alerts_are_posted_again(desk: Desk) -> None:
    """Also what goes on about one that was held."""
    flood(desk)
    work(desk, 70)
    arrive(desk, "ana", "crowd-3")
    work(desk, 5)

    assert len(titles(desk)) == 3


def test_a_message_that_somebody_deleted_is_posted_anew(desk: Desk) -> None:
    """As a card is."""
    flood(desk)
    work(desk, 2)
    desk.delete(desk.cards[0]["ts"])
    flood(desk, 5, "more")
    work(desk, 10)

    assert titles(desk) == ["🌩️ Storm: 15 alerts held back"]
    assert desk.store.storms_on()[0].ts == desk.cards[0]["ts"]


def test_a_message_whose_channel_is_closed_hangs_where_cards_do_then(desk: Desk) -> None:
    """And counts on there."""
    desk.slack.archive(desk.main)
    flood(desk)
    work(desk, 2)
    flood(desk, 5, "more")
    work(desk, 10)

    [message] = desk.slack.messages(desk.other)
    assert message["blocks"][0]["text"]["text"] == "🌩️ Storm: 15 alerts held back"


# ── a restart ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("arrived", [True, False])
def test_a_kill_while_the_message_is_posted(desk: Desk, arrived: bool) -> None:
    """It stands there once, whether or not Slack had taken it."""
    flood(desk)
    claimed = desk.store.claim_send(desk.clock.iso, horizon="9999-01-01T00:00:00.000Z")
    assert claimed is not None
    assert claimed.kind is SendKind.CARD
    if arrived:
        desk.outbox._deliver(claimed)
    desk.restart()
    flood(desk, 5, "more")
    work(desk, 10)

    assert titles(desk) == ["🌩️ Storm: 15 alerts held back"]


def test_a_restart_in_the_middle_goes_on_and_ends_it(desk: Desk) -> None:
    """One message from beginning to end."""
    flood(desk)
    work(desk, 2)
    desk.restart()
    flood(desk, 5, "more")
    work(desk, 80)

    assert titles(desk) == ["✅ Storm over: 15 alerts held back"]
    assert desk.calls(POST) == 2
