"""Cards say what matters, fit any alert into Slack, and let nothing speak through them."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo.slack.blocks import check_message_blocks
from bot.model import (
    OWN_SOURCE,
    Alert,
    Aspect,
    Backlog,
    Backtest,
    Checkup,
    Clause,
    Condition,
    Decision,
    Diagnosis,
    Exemption,
    ExemptionState,
    Latency,
    Level,
    Mark,
    Page,
    PageKind,
    PageState,
    Record,
    Release,
    Send,
    SendKind,
    Snooze,
    SnoozeState,
    Storm,
    Tally,
    Trouble,
    Unreadable,
    Verb,
    Verdict,
)
from bot.ports import Feed
from bot.slack import cards
from bot.slack.lint import lint
from bot.slack.text import date
from tests.slack import made
from tests.slack.made import ALERT, ANA, BEN, INSTANCES, LATER, RESOLVED, TAKEN
from tests.slack.mrkdwn import effects

slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
TOKEN = re.compile(
    r"<!date\^-?\d+\^\{date_short_pretty\} at \{time\}\|[\d: -]+ UTC>|<@(?:U0ANA|U0BEN)>"
)


def card(alert: Alert, **more: Any) -> cards.Message:
    """The card of *alert*."""
    return cards.alert_card(alert, instances=INSTANCES, **more)


def said(message: Any) -> str:
    """All text of *message*, as one."""
    return "\n".join([*made.texts(message, "plain_text"), *made.texts(message, "mrkdwn")])


def no_voice(message: Any) -> None:
    """Fail where anything but our own tokens could come out of *message*."""
    for text in [message.get("text", ""), *made.texts(message, "mrkdwn")]:
        angles = [effect for effect in effects(text) if effect.startswith("<")]
        assert [one for one in angles if not TOKEN.fullmatch(one)] == []
        assert not {"italic", "strike", "quote", "backtick"} & set(effects(text))
    assert all(node.get("verbatim") for node in _mrkdwn_objects(message))
    assert json.dumps(message, ensure_ascii=False).encode()


def _mrkdwn_objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if node.get("type") == "mrkdwn" else []
        return own + [found for inner in node.values() for found in _mrkdwn_objects(inner)]
    if isinstance(node, list):
        return [found for inner in node for found in _mrkdwn_objects(inner)]
    return []


# ── the card ────────────────────────────────────────────────────────────────


def test_a_lock_screen_says_it_all() -> None:
    """Two lines of fallback: level and headline; who, where and id."""
    assert card(ALERT)["text"].splitlines() == [
        "🔴 Critical: mallory opened emergency access to Hotline EU",
        "mallory · Hotline EU · A-7K2QF",
    ]


def test_an_open_card_says_who_what_where_when_and_why() -> None:
    """The facts, the reason, the steps and the id all stand on the card."""
    text = said(card(ALERT))

    for part in (
        "🔴 Critical: mallory opened emergency access",
        "*Who:* `mallory` · `role/Admin`\n",
        "*What:* `AdminGetEmergencyAccessToken` · succeeded",
        "*Where:* *Hotline EU* · account `111122223333`",
        "from `203.0.113.7`",
        "*When:* <!date^1795341791^",
        "*Why it matters*\nIt bypasses",
        "1. Look for an approved request.\n2. Ask the actor.",
        "*A-7K2QF* · rule `connect_emergency_access`",
        "Nobody has taken it yet",
    ):
        assert part in text


def test_a_card_that_comes_late_says_why() -> None:
    """What held it back, until when, and why it came out; once it is resolved that is past."""
    late = Release(held="SN-7K2QF", why="its time is up", at=LATER)

    text = said(card(msgspec.structs.replace(ALERT, released=late)))

    assert re.search(r"Held back by SN-7K2QF until <!date\^[^>]+>: its time is up", text)
    assert "Held back" not in said(card(msgspec.structs.replace(RESOLVED, released=late)))
    assert "Held back" not in said(card(ALERT))


def test_a_refused_call_is_shown_as_refused() -> None:
    """An error code replaces "succeeded"."""
    text = said(card(msgspec.structs.replace(ALERT, error_code="AccessDenied")))

    assert "refused: `AccessDenied`" in text
    assert "succeeded" not in text


def test_repetition_is_counted() -> None:
    """Several findings show first and last time, the count and the replica's copies."""
    many = msgspec.structs.replace(ALERT, count=3, replays=2, last_time=made.LATER)

    assert "to <!date^1795341900^" in said(card(many))
    assert "×3 (and 2 in the replica Region)" in said(card(many))
    assert "×" not in said(card(ALERT))


def test_new_context_stands_right_below_the_headline() -> None:
    """The newest lines are shown, with their time; older ones are pointed to."""
    lines = tuple(f"network 203.0.{n}.0/24 ({made.LATER})" for n in range(7))
    drawn = card(msgspec.structs.replace(ALERT, news=lines))
    news = drawn["blocks"][1]["text"]["text"]

    assert news.startswith(
        "… 2 earlier in Details\n🆕 *New:* `network 203.0.2.0/24` <!date^1795341900"
    )
    assert len(news.splitlines()) == 6


def test_a_long_runbook_points_to_details() -> None:
    """Four steps are shown, a fifth is a pointer."""
    four = msgspec.structs.replace(ALERT, runbook=("a", "b", "c", "d"))
    five = msgspec.structs.replace(ALERT, runbook=("a", "b", "c", "d", "e"))

    assert "more in Details" not in said(card(four))
    assert "4. d\n… more in Details" in said(card(five))


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (ALERT, ["alert_take", "alert_resolve", "alert_details"]),
        (TAKEN, ["alert_resolve", "alert_details"]),
        (RESOLVED, ["alert_details"]),
    ],
    ids=["open", "taken", "resolved"],
)
def test_buttons_are_those_that_still_do_something(alert: Alert, expected: list[str]) -> None:
    """Take only while open, Resolve until resolved, Details always; each carries the id only."""
    assert made.buttons(card(alert)) == [(action, "A-7K2QF") for action in expected]


def test_a_taken_card_names_its_owner() -> None:
    """Who took it, and when, in the card and on the lock screen."""
    assert "*Taken* by <@U0ANA> <!date^1795341900^" in said(card(TAKEN))
    assert card(TAKEN)["text"].endswith("taken by ana")


def test_a_resolved_card_is_short_and_calm() -> None:
    """It says the verdict, by whom, and the note; why and runbook are gone."""
    drawn = card(RESOLVED)

    assert drawn["blocks"][0]["text"]["text"].startswith("✅ mallory opened")
    assert "*Resolved: false positive* by <@U0BEN>" in said(drawn)
    assert "Note: a drill <!here>" in list(made.texts(drawn, "plain_text"))
    assert "Why it matters" not in said(drawn)
    assert len(drawn["blocks"]) < len(card(ALERT)["blocks"])


def test_history_tells_what_the_state_does_not() -> None:
    """On a resolved card the taking is history; on a taken one it is the state."""
    history = [made.decision(), made.decision(Verb.RESOLVE, BEN, verdict=Verdict.FALSE_POSITIVE)]

    assert "<@U0ANA> took it" in said(card(RESOLVED, history=history))
    assert "took it" not in said(card(TAKEN, history=history[:1]))


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("alert", [ALERT, TAKEN, RESOLVED], ids=["open", "taken", "resolved"])
def test_cards_are_what_slack_publishes(alert: Alert, level: Level) -> None:
    """Every card agrees with Slack's own types and limits."""
    drawn = card(msgspec.structs.replace(alert, level=level, news=("actor eve",)))

    assert lint(drawn) == []
    assert check_message_blocks(drawn["blocks"]) == []
    assert made.schema_faults({"blocks": drawn["blocks"]}, "SlackMessage") == []


@slow
@given(made.any_alert, st.lists(made.any_decision, max_size=4))
def test_any_alert_makes_a_card(alert: Alert, history: list[Decision]) -> None:
    """Whatever an alert holds, its card is within every limit, has its buttons and no voice."""
    drawn = card(alert, history=history)

    assert lint(drawn) == []
    assert check_message_blocks(drawn["blocks"]) == []
    no_voice(drawn)
    assert ("alert_details", alert.id) in made.buttons(drawn)
    assert (alert.resolved is None) == (("alert_resolve", alert.id) in made.buttons(drawn))


# ── thread, lists, answers ──────────────────────────────────────────────────


def test_a_decision_is_told_in_the_thread() -> None:
    """The thread's line says who did what, and the note as it was written."""
    decided = made.decision(
        Verb.RESOLVE, BEN, verdict=Verdict.EXPECTED, note="a *planned* drill <!here>"
    )
    drawn = cards.decision_note(decided)

    assert "<@U0BEN> resolved it as expected" in said(drawn)
    assert "Note: a *planned* drill <!here>" in list(made.texts(drawn, "plain_text"))
    no_voice(drawn)


def test_news_is_told_in_the_thread() -> None:
    """Each line of new context, and how many were left out."""
    drawn = cards.news_note([f"actor eve ({made.LATER})", "level high"], more=3)

    assert "🆕 *New:* `actor eve` <!date^1795341900^" in said(drawn)
    assert "`level high`" in said(drawn)
    assert "3 more" in said(drawn)
    assert "more" not in said(cards.news_note(["level high"]))


def test_a_call_mentions_whom_the_settings_name_and_nobody_else() -> None:
    """Group and person; whatever the headline holds is text, and an id that is none is left out."""
    ids = ["S0SOC", "U0ANA", "C0LEADS", "here", "U0EVE> <!channel"]
    drawn = cards.call_note(ids, "Nobody has taken A-7K2QF: <!here> *x* <@U0EVE>")

    spoken = "<!subteam^S0SOC> <@U0ANA> Nobody has taken A-7K2QF: &lt;!here&gt; ∗x∗ &lt;@U0EVE&gt;"
    assert said(drawn) == f"⏰ {spoken}"
    assert drawn["text"] == spoken


def test_a_list_tells_each_alert_in_two_lines() -> None:
    """A phone shows eight of them without much scrolling."""
    many = msgspec.structs.replace(TAKEN, count=1_200, last_time=made.LATER)
    reopened = msgspec.structs.replace(ALERT, reopened=Mark(by=BEN, at=made.LATER))

    [_, *entries] = made.texts(cards.alert_list([ALERT, many, RESOLVED, reopened], "all"), "mrkdwn")
    lines = [entry.splitlines() for entry in ["", *entries]]
    assert [len(one) for one in lines[1:]] == [2] * len(entries)
    told = [line for _, line in lines[1:]]
    assert told[0].startswith("*Taken* by <@U0ANA> · ×1,200 · last <!date^1795341900^")
    assert told[1].startswith("*Resolved: false positive* by <@U0BEN> · <!date^1795341791^")
    assert told[2].startswith("*Open again* · <!date")


def test_the_place_in_a_list_is_said_whatever_was_looked_for() -> None:
    """A long filter is cut, not the numbers behind it."""
    words = f"open actor {'x' * 500}"
    drawn = cards.alert_list([ALERT], words, total=10_000)

    assert lint(drawn) == []
    assert drawn["text"].endswith("x…: 1 to 1 of 10,000, worst first")
    assert ("alerts_on", f"1 {words}") in made.buttons(drawn)


def test_one_untaken_alert_says_how_to_see_it() -> None:
    """To a person or another channel, where no card stands above it."""
    drawn = cards.untaken_note([("A-7K2QF", "Nobody has taken A-7K2QF for 1 minute: <!here>")])

    assert said(drawn) == (
        "Nobody has taken A-7K2QF for 1 minute: <!here>. /callwarden alert A-7K2QF shows it."
    )
    assert "&lt;!here&gt;" in drawn["text"]


def test_many_untaken_alerts_are_counted_for_those_who_are_called() -> None:
    """The first are named, all are counted, and the list of all is a command away."""
    untaken = [(f"A-0000{one}", f"Nobody has taken A-0000{one}") for one in range(3)]
    drawn = cards.untaken_note(untaken, 290, ["S0SOC", "here"])

    assert drawn["text"].startswith("<!subteam^S0SOC> Nobody has taken 293 alerts:")
    text = said(drawn)
    assert drawn["blocks"][0]["text"]["text"] == "⏰ <!subteam^S0SOC>"
    assert "• Nobody has taken A-00002" in text
    assert "… and 290 more." in text
    assert "/callwarden alerts open lists them." in text


def test_a_list_has_a_details_button_for_each() -> None:
    """Alerts stand one below the other; an empty list says so."""
    other = msgspec.structs.replace(RESOLVED, id="A-00002", count=4)
    drawn = cards.alert_list([ALERT, other], "all")

    assert made.buttons(drawn) == [("alert_details", "A-7K2QF"), ("alert_details", "A-00002")]
    assert "Alerts, all: 1 to 2 of 2, worst first" in said(drawn)
    assert "✅ *A-00002*" in said(drawn)
    assert "×4" in said(drawn)
    assert said(cards.alert_list([])) == "No alert is open."
    assert said(cards.alert_list([], "all")) == "There is no alert yet."
    assert said(cards.alert_list([], "mine rule x")) == "No alert matches: mine rule x."


@pytest.mark.parametrize(
    ("offset", "turning"),
    [
        (0, [("alerts_on", "8 open")]),
        (8, [("alerts_back", "0 open"), ("alerts_on", "16 open")]),
        (9_992, [("alerts_back", "9984 open")]),
    ],
)
def test_a_long_list_has_pages(offset: int, turning: list[tuple[str, str]]) -> None:
    """Ten thousand alerts are a page at a time; nobody is told that there are eight."""
    page = [msgspec.structs.replace(ALERT, headline="x" * 200)] * 8
    drawn = cards.alert_list(page, "open", offset=offset, total=10_000)

    assert lint(drawn) == []
    assert f"Alerts, open: {offset + 1:,} to {offset + 8:,} of 10,000" in said(drawn)
    assert [one for one in made.buttons(drawn) if one[0] != "alert_details"] == turning


def test_status_says_bad_news_first() -> None:
    """A broken feed, a blocked sender, a failed job, a refused send, an unreadable file: named."""
    send = Send(id="s", kind=SendKind.CARD, subject="A-7K2QF", error="channel_not_found")
    drawn = cards.status(
        counts={"records": 12, "alerts.open": 1},
        feeds=[Feed(name="main", error="AccessDenied <!here>"), Feed(name="spare", records=7)],
        sender_error="token_revoked",
        job_errors={"prune": "The store is busy."},
        refused=[send],
        unreadable=[(made.AT, Unreadable(where="s3://b/k", reason="cut off"))],
        ledger_length=9,
        ledger_head="abcdef01" * 8,
        channels=["#<!here> (C0X) is public: anyone in the workspace can read it."],
    )
    text = said(drawn)

    assert text.startswith("*Status*: 6 things need a look.")
    for part in (
        "`main`",
        "token_revoked",
        "Job `prune` failed",
        "channel_not_found",
        "`s3://b/k`: cut off",
        "(C0X) is public: anyone in the workspace can read it.",
    ):
        assert part in text
    for part in (
        "✅ `spare`: 7 records",
        "Records judged 12",
        "Alerts open 1 · taken 0",
        f"9 links, head `{'abcdef01' * 8}`",
    ):
        assert part in text
    no_voice(drawn)


def test_status_says_how_baselines_are_doing() -> None:
    """Warming up, or what of today's budget is used."""
    line = "Baselines are warming up: 2 more days before they speak."
    drawn = cards.status(counts={}, feeds=[], baselines=line)

    assert lint(drawn) == []
    assert line in said(drawn)


def test_a_card_says_whose_the_address_is() -> None:
    """Where that is known; whoever owns a network chooses its name."""
    known = msgspec.structs.replace(made.ALERT, origin="AS64500 <!here> Example, DE")
    drawn = card(known)

    assert lint(drawn) == []
    assert "from `203.0.113.7` (AS64500 &lt;!here&gt; Example, DE)" in said(drawn)
    no_voice(drawn)


def page(**changes: Any) -> Page:
    """A page about the alert that nobody takes."""
    fields: dict[str, Any] = {
        "id": "p",
        "kind": PageKind.UNTAKEN,
        "subject": "A-7K2QF",
        "level": Level.CRITICAL,
        "title": "Critical A-7K2QF: nobody has taken it",
        "text": "Nobody has taken A-7K2QF for 10 minutes.",
    }
    return Page(**(fields | changes))


def test_status_warns_that_nobody_is_woken() -> None:
    """Without a topic it says so, and how to mend it; nothing else is wrong for that."""
    drawn = cards.status(counts={}, feeds=[])
    assert "All is well." in said(drawn)
    assert "⚠️ No paging topic is set: nobody is woken when nobody takes a critical" in said(drawn)
    assert "Set `sns_topic` under `[paging]`." in said(drawn)


def test_status_shows_the_last_page_and_those_that_failed() -> None:
    """Where pages go; one that waits for its next try and one that is given up need a look."""
    topic = "arn:aws:sns:eu-central-1:111122223333:callwarden"
    quiet = said(cards.status(counts={}, feeds=[], pages_to=topic))
    assert f"📟 Pages go to `{topic}`, none yet" in quiet
    failed = [
        page(state=PageState.WAITING, attempts=3, error="AWS did not answer <!here>."),
        page(state=PageState.REFUSED, error="AWS refused sns:Publish."),
    ]
    last = page(done_at=made.AT)
    drawn = cards.status(counts={}, feeds=[], pages_to=topic, last_page=last, failed_pages=failed)
    text = said(drawn)
    assert text.startswith("*Status*: 2 things need a look.")
    assert (
        "❌ Page is tried again (tried 3×): Critical A-7K2QF: nobody has taken it: AWS did" in text
    )
    assert "; nobody was woken: Critical A-7K2QF" in text
    assert f"`{topic}`, last <!date^" in text
    no_voice(drawn)


def test_status_shows_a_head_that_can_be_copied() -> None:
    """A shortened head would be no use: verifying asks for all of it."""
    head = "0123456789abcdef" * 4
    drawn = cards.status(counts={}, feeds=[], ledger_length=7, ledger_head=head)

    assert f"Ledger: 7 links, head `{head}`" in said(drawn)
    assert lint(drawn) == []


def test_status_is_calm_when_all_is_well() -> None:
    """No trouble, no list of trouble."""
    drawn = cards.status(counts={}, feeds=[Feed(name="main", records=1, last_at=made.AT)])

    assert said(drawn).startswith("*Status*: All is well.")
    assert "❌" not in said(drawn)


def checkup(**changes: Any) -> Checkup:
    """A source that is well in every respect."""
    fields: dict[str, Any] = {
        "source": "main",
        "at": made.AT,
        "backlog": Backlog(waiting=0, dead=0, dead_queue="dlq"),
        "waited": 2.0,
        "refused": 0,
        "diagnoses": (Diagnosis(rule="feed_late", condition=Condition.WELL),),
    }
    return Checkup(**(fields | changes))


def test_status_shows_what_is_wrong_and_what_is_not_known_of_a_feed() -> None:
    """Each with its sentence; unknown is no kind of well."""
    ill = Diagnosis(
        rule="feed_dead_letters",
        condition=Condition.ILL,
        said="The dead-letter queue of main (dlq <!here>) holds 3 messages",
        since=made.AT,
    )
    unknown = Diagnosis(
        rule="feed_late", condition=Condition.UNKNOWN, said="how many wait: AWS refused it."
    )
    drawn = cards.status(counts={}, feeds=[], checkups=[checkup(diagnoses=(ill, unknown))])

    assert said(drawn).startswith("*Status*: 2 things need a look.")
    assert "❌ The dead-letter queue of main (dlq" in said(drawn)
    assert "holds 3 messages (since <!date^" in said(drawn)
    assert "❓ UNKNOWN: how many wait: AWS refused it." in said(drawn)
    no_voice(drawn)


def test_status_says_when_a_feed_is_well_again() -> None:
    """From when to when; that needs no look."""
    over = Trouble(source="main", rule="feed_silent", since=made.AT, ended=made.AT)
    drawn = cards.status(counts={}, feeds=[], checkups=[checkup()], recovered=[over])

    assert said(drawn).startswith("*Status*: All is well.")
    assert "✅ `main` is well again: `feed_silent` from <!date^" in said(drawn)


@pytest.mark.parametrize(
    ("changes", "figures"),
    [
        (
            {},
            "`main`: longest wait in the queue 2 s · 0 messages waiting · 0 dead letters"
            " · 0 not readable in the last 24 h",
        ),
        (
            {"waited": None, "backlog": Backlog(waiting=1), "refused": 7},
            "`main`: nothing received in the last 5 min · 1 message waiting"
            " · no dead-letter queue · 7 not readable in the last 24 h",
        ),
        (
            {"waited": 1_330.0, "backlog": Backlog(unknown="AWS refused it.")},
            "`main`: longest wait in the queue 22 min 10 s · messages waiting UNKNOWN"
            " · dead letters UNKNOWN · 0 not readable in the last 24 h",
        ),
    ],
)
def test_status_shows_each_figure_of_a_feed_with_its_unit(
    changes: dict[str, Any], figures: str
) -> None:
    """What was not measured is not nought."""
    assert figures in said(cards.status(counts={}, feeds=[], checkups=[checkup(**changes)]))


def test_status_says_that_the_feeds_were_not_looked_at_yet() -> None:
    """In the first moments after a start."""
    drawn = cards.status(counts={}, feeds=[Feed(name="main")])

    assert "The feeds were not looked at yet" in said(drawn)


def test_the_card_of_a_trouble_of_our_own_names_no_call_and_no_place() -> None:
    """Nobody called anything in AWS; nothing is said to have succeeded there."""
    own = msgspec.structs.replace(
        ALERT,
        event_source=OWN_SOURCE,
        event_name="feed_silent",
        target="main",
        instance="",
        account="",
        region="",
        source_ip="",
    )
    text = said(card(own))

    assert "*What:* `feed_silent` of `main`" in text
    assert "*Where:* Callwarden itself" in text
    assert "succeeded" not in text


def test_status_says_how_soon_cards_come() -> None:
    """With units and over how many; nothing measured is not nought."""
    one = Latency(cards=1, median=4.0, p95=4.0)
    many = Latency(cards=37, median=250.0, p95=542.0)

    assert "nothing to measure yet" in said(cards.status(counts={}, feeds=[]))
    drawn = cards.status(counts={}, feeds=[], latency=many)
    assert "Record to card: median 4 min 10 s, 95 % within 9 min 2 s" in said(drawn)
    assert "37 cards of the last 24 h" in said(drawn)
    assert "median 4 s, 95 % within 4 s (eventTime to post; 1 card" in said(
        cards.status(counts={}, feeds=[], latency=one)
    )


def test_help_names_every_verb() -> None:
    """Help lists help, status, alert and alerts."""
    for verb in ("help", "status", "alert A-7K2QF", "alerts [open|mine|resolved|all]"):
        assert f"/callwarden {verb}" in said(cards.help_text())


def test_the_raw_record_is_literal_and_blanked() -> None:
    """JSON, readable, without the secret, in preformatted text."""
    raw = {"eventName": "CreateUser", "requestParameters": {"password": "hunter2", "a": "<!here>"}}
    drawn = cards.raw_message(made.record(raw))
    boxes = [block for block in drawn["blocks"] if block["type"] == "rich_text"]
    text = boxes[0]["elements"][0]["elements"][0]["text"]

    assert "hunter2" not in str(drawn)
    assert json.loads(text)["requestParameters"]["a"] == "<!here>"
    assert "left out" not in said(drawn)


def test_a_large_raw_record_says_where_the_rest_is() -> None:
    """What one message cannot hold is pointed to by its event id."""
    raw = {"requestParameters": {"document": 'é\n"' * 20_000}}
    drawn = cards.raw_message(made.record(raw))

    assert lint(drawn) == []
    assert "characters are left out. The whole record is in your CloudTrail bucket" in said(drawn)
    assert "under event id `e-1`" in said(drawn)


@pytest.mark.parametrize("shift", range(6))
def test_a_raw_record_is_divided_between_signs(shift: int) -> None:
    """Neither a block nor what is left out begins in the middle of one."""
    raw = {"requestParameters": {"name": "x" * shift + "🇨🇭\u200b" * 1_500}}
    pieces = [
        block["elements"][0]["elements"][0]["text"]
        for block in cards.raw_message(made.record(raw))["blocks"]
        if block["type"] == "rich_text"
    ]
    assert len(pieces) > 2
    assert [piece.count("🇨") for piece in pieces] == [piece.count("🇭") for piece in pieces]
    assert "".join(pieces).count("\\") == "".join(pieces).count("\\u{200b}")


LONG_CHECKUP = Checkup(
    source="x" * 4000,
    at=made.AT,
    backlog=Backlog(unknown="y" * 9000),
    waited=None,
    refused=3,
    diagnoses=(Diagnosis(rule="feed_late", condition=Condition.UNKNOWN, said="y" * 9000),),
)


@pytest.mark.parametrize(
    "drawn",
    [
        cards.decision_note(made.decision(note="x" * 5000)),
        cards.news_note([f"actor {'x' * 4000} ({made.AT})"] * 60),
        cards.news_note([]),
        cards.call_note(["S0SOC"] * 60, "x" * 5000),
        cards.call_note([], ""),
        cards.untaken_note([("A-7K2QF", "x" * 5000)] * 10, 10_000, ["S0SOC"] * 60),
        cards.untaken_note([], 0),
        cards.note_text(["<!channel>", ""]),
        cards.note_text(["x" * 5000] * 80),
        cards.note_text([]),
        cards.alert_list([ALERT] * 60),
        cards.alert_list([]),
        cards.help_text(),
        cards.status(counts={}, feeds=[Feed(name="x" * 4000, error="y" * 9000)] * 60),
        cards.status(counts={}, feeds=[], checkups=[LONG_CHECKUP] * 60, channels=["z" * 9000] * 9),
        cards.raw_message(made.record(raw={"a": "b"})),
        cards.raw_message(made.record().__class__(id="i", key="k", raw=b"", actor=ALERT.actor)),
        cards.private_text("x" * 4000),
        cards.private_text(""),
    ],
)
def test_every_message_is_within_limits(drawn: cards.Message) -> None:
    """Notes, lists, status, help and answers fit too, and agree with Slack's types."""
    assert lint(drawn) == []
    assert check_message_blocks(drawn["blocks"]) == []
    assert made.schema_faults({"blocks": drawn["blocks"]}, "SlackMessage") == []


@slow
@given(made.any_decision, st.lists(made.news_lines, max_size=30), made.any_record, made.any_alert)
def test_no_message_speaks_for_others(
    decided: Decision, lines: list[str], record: Record, alert: Alert
) -> None:
    """Nothing hostile comes out of notes, lists, raw records or sentences, and all of it fits."""
    drawn = [
        cards.decision_note(decided),
        cards.news_note(lines, more=len(lines)),
        cards.call_note(["U0ANA", *lines], decided.sentence),
        cards.untaken_note([(line, line) for line in lines], len(lines), lines),
        cards.note_text(lines),
        cards.alert_list([alert, alert], "all"),
        cards.raw_message(record),
        cards.private_text(decided.sentence),
    ]
    for message in drawn:
        assert lint(message) == []
        assert check_message_blocks(message["blocks"]) == []
        no_voice(message)


def test_a_persons_name_is_never_a_mention() -> None:
    """A forged user id in a stored mark is shown as text."""
    forged = msgspec.structs.replace(ANA, user="U0ANA> <!channel", name="<!channel>")
    alert = msgspec.structs.replace(TAKEN, taken=Mark(by=forged, at=made.AT))

    assert "*Taken* by &lt;!channel&gt;" in said(card(alert))
    no_voice(card(alert))


@slow
@given(made.any_snooze, made.any_alert)
def test_any_snooze_fits_and_says_only_what_it_should(snooze: Snooze, alert: Alert) -> None:
    """On the card, in the thread and in the list, with any reason and any name."""
    drawn = [
        card(alert, snoozes=[snooze]),
        cards.snooze_list([snooze] * 60),
        *(cards.snooze_note(snooze, state) for state in SnoozeState),
    ]
    for message in drawn:
        assert lint(message) == []
        assert check_message_blocks(message["blocks"]) == []
        no_voice(message)


def test_a_snooze_shows_who_until_when_and_why() -> None:
    """While it waits for a second person, the buttons are theirs; once over, there are none."""
    on = made.snooze()
    asked = msgspec.structs.replace(on, state=SnoozeState.ASKED)
    over = msgspec.structs.replace(on, state=SnoozeState.OVER, why="its time is up", findings=3)

    shown = said(card(ALERT, snoozes=[on, asked]))
    assert "😴 *Snoozed* until" in shown
    assert "this rule and actor, by <@U0ANA>: a drill" in shown
    assert "*Asked to snooze*" in shown
    assert "Snoozed" not in said(card(ALERT))
    note = cards.snooze_note(asked, SnoozeState.ASKED)
    assert made.buttons(note) == [("snooze_agree", "SN-7K2QF"), ("snooze_end", "SN-7K2QF")]
    assert "this rule and actor, by <@U0ANA>: a drill\n*A second person must agree.*" in said(note)
    ended = cards.snooze_note(over, SnoozeState.OVER)
    assert made.buttons(ended) == []
    assert said(ended) == "*Snooze over*: its time is up\n3 findings kept quiet"
    why = f"new context: network <x> ({made.LATER}); program y ({made.LATER})"
    broken = said(cards.snooze_note(made.snooze(state=SnoozeState.OVER, why=why), SnoozeState.OVER))
    when = date(made.LATER)
    assert f"new context: network &lt;x&gt; {when}; program y {when}\n" in broken
    by_hand = msgspec.structs.replace(over, ended=Mark(by=BEN, at=made.LATER), findings=0)
    told = said(cards.snooze_note(by_hand, SnoozeState.OVER))
    assert told == "*Snooze over*: its time is up, by <@U0BEN>\nNothing was kept quiet"
    assert "3 findings kept quiet" in said(ended)
    assert said(cards.snooze_list([])) == "Nothing is snoozed."


def entries(drawn: cards.Message) -> list[str]:
    """The kinds of blocks below the header."""
    return [block["type"] for block in drawn["blocks"][1:]]


@pytest.mark.parametrize(("number", "size"), [(3, 10), (100, 10), (10_000, 400)])
def test_a_listed_snooze_is_never_parted_from_its_buttons(number: int, size: int) -> None:
    """However long: a button without its text would end the wrong one. The rest is on Next."""
    snooze = made.snooze(headline="h" * size, reason="r" * size)
    drawn = cards.snooze_list([snooze] * number)

    buttons = made.buttons(drawn)
    shown = len(buttons) - (number > 3)
    assert lint(drawn) == []
    assert f"Snoozes: 1 to {shown:,} of {number:,}, the first to end first" in said(drawn)
    assert entries(drawn)[: 2 * shown] == ["section", "actions"] * shown
    assert (f"{shown} snoozes" in json.dumps(drawn)) == (shown < number)
    assert shown == min(number, 24) or size > 100


@pytest.mark.parametrize(("number", "size"), [(3, 10), (100, 10), (10_000, 400)])
def test_a_listed_exception_is_never_parted_from_its_button(number: int, size: int) -> None:
    """As with snoozes."""
    one = msgspec.structs.replace(EXPECTED, reason="r" * size)
    drawn = cards.exemption_list([one] * number)

    shown = len(made.buttons(drawn)) - (number > 3)
    assert lint(drawn) == []
    assert entries(drawn)[: 2 * shown] == ["section", "actions"] * shown
    assert (f"{shown} exceptions" in json.dumps(drawn)) == (shown < number)


@slow
@given(made.any_exemption)
def test_any_exception_fits_and_says_only_what_it_should(one: Exemption) -> None:
    """In the thread and in the list, with any values, any reason and any filter."""
    drawn = [
        cards.exemption_list([one] * 60),
        *(cards.exemption_note(one, state) for state in ExemptionState),
    ]
    for message in drawn:
        assert lint(message) == []
        assert check_message_blocks(message["blocks"]) == []
        no_voice(message)


EXPECTED = Exemption(
    id="EX-7K2QF",
    alert=ALERT.id,
    rule=ALERT.rule,
    level=ALERT.level,
    headline=ALERT.headline,
    actor=ALERT.actor,
    conditions=(Clause(aspect=Aspect.NETWORK, value="203.0.113.0/24"),),
    days=90,
    reason="a drill",
    by=ANA,
    at=made.AT,
    sigma="title: Expected\nfilter:\n  condition: not selection\n",
    backtest=Backtest(found=15, hidden=14, days=400, stays=(f"eve: DeleteInstance ({made.AT})",)),
)


def test_a_proposal_shows_its_backtest_and_its_filter_as_a_diff() -> None:
    """What the second person decides by."""
    note = cards.exemption_note(EXPECTED, ExemptionState.PROPOSED)

    shown = said(note)
    assert "*Proposed: expected* for 90 days, by <@U0ANA>: a drill" in shown
    assert "hidden 14 of 15 findings of the last 400 days, all by `mallory`" in shown
    assert "`eve: DeleteInstance` <!date" in shown
    assert "where all are equal:\n• source network `203.0.113.0/24`" in shown
    assert "\n*A second person must agree.*\n" in shown
    assert "+ filter:\\n+   condition: not selection" in json.dumps(note)
    assert made.buttons(note) == [("except_agree", "EX-7K2QF"), ("except_end", "EX-7K2QF")]


def test_an_exception_shows_who_until_when_and_how_often() -> None:
    """Once over it has no buttons, only the count."""
    on = msgspec.structs.replace(
        EXPECTED,
        state=ExemptionState.ON,
        until=made.LATER,
        agreed=Mark(by=BEN, at=made.AT),
        hits=3,
        last_hit=made.AT,
    )
    over = msgspec.structs.replace(on, state=ExemptionState.OVER, why="its time is up")

    listed = cards.exemption_list([on])
    assert "*Expected* until <!date" in said(listed)
    assert "<@U0BEN> agreed, by <@U0ANA>: a drill" in said(listed)
    assert "3 findings hidden, the last <!date" in said(listed)
    assert made.buttons(listed) == [("except_end", "EX-7K2QF")]
    fresh = msgspec.structs.replace(on, hits=0, last_hit="")
    assert said(cards.exemption_list([fresh])).endswith("\nNothing hidden yet")
    ended = cards.exemption_note(over, ExemptionState.OVER)
    assert made.buttons(ended) == []
    assert "*Exception over*: its time is up\n" in said(ended)
    removed = msgspec.structs.replace(over, ended=Mark(by=BEN, at=made.LATER), hits=0)
    told = said(cards.exemption_note(removed, ExemptionState.OVER))
    assert told == "*Exception over*: its time is up, by <@U0BEN>\nNothing was hidden"
    assert said(cards.exemption_list([])) == "Nothing is excepted."


# ── a storm ─────────────────────────────────────────────────────────────────

STORM = Storm(id="ST-7K2QF0", channel="C0ALERTS", began_at=made.AT)
TALLY = Tally(
    alerts=10_000,
    findings=12_345,
    unresolved={Level.LOW: 1, Level.HIGH: 9_000},
    rules=(("rule_a", 9_000), ("rule_b", 1_000)),
    every_rule=2,
    actors=(("mallory", 1),),
    every_actor=10_000,
)


@given(made.any_storm, made.any_tally)
def test_any_storm_fits_and_says_only_what_it_should(storm: Storm, tally: Tally) -> None:
    """Whatever its rules and actors are called, and however many alerts there are."""
    for message in (cards.storm_card(storm, tally), cards.storm_note(storm, tally)):
        assert lint(message) == []
        assert check_message_blocks(message["blocks"]) == []
        no_voice(message)


def test_a_storm_says_how_many_and_how_to_reach_them() -> None:
    """With numbers that can be read, the worst level first, and one button."""
    message = cards.storm_card(STORM, TALLY)

    shown = said(message)
    assert "🌩️ Storm: 10,000 alerts held back" in shown
    assert "*10,000 alerts* with 12,345 findings so far" in shown
    assert "`rule_a` ×9,000\n`rule_b` ×1,000" in shown
    assert "`mallory` ×1\n… 9,999 more" in shown
    assert "*Not resolved:* 🟠 9,000 high · 🔵 1 low" in shown
    assert made.buttons(message) == [("storm_alerts", "0 open storm ST-7K2QF0")]
    assert message["text"].splitlines() == [
        "🌩️ Storm: 10,000 alerts held back",
        "Most by rule_a. Critical alerts are posted as always.",
    ]


def test_a_storms_report_says_from_when_to_when() -> None:
    """And that nothing was skipped; its line in the thread says what is left."""
    over = msgspec.structs.replace(STORM, ended_at=made.LATER)
    one = Tally(alerts=1, findings=1, unresolved={Level.LOW: 1})

    shown = said(cards.storm_card(over, TALLY))
    assert "✅ Storm over: 10,000 alerts held back" in shown
    assert "for 109 seconds: *10,000 alerts*" in shown
    assert "None was skipped: all are stored and can be listed." in shown
    line = said(cards.storm_note(over, one))
    assert "It held back 1 alert; 1 of them is not resolved." in line
    assert "*Not resolved:* none" in said(cards.storm_card(over, Tally(alerts=3)))
