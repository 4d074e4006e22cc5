"""Modals ask and tell within Slack's limits, and read back exactly what they asked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo.slack.blocks import check_view
from bot.model import (
    Alert,
    Around,
    Aspect,
    Calls,
    Decision,
    Neighbour,
    Offer,
    Record,
    Related,
    Tie,
    Verb,
    Verdict,
)
from bot.slack.lint import lint_view
from bot.slack.modals import (
    Answer,
    DetailsModal,
    ExpectModal,
    HandOverModal,
    NoteModal,
    Notice,
    ReopenModal,
    ResolveModal,
    SnoozeModal,
)
from bot.slack.modals.details import console, timeline
from tests.slack import made
from tests.slack.made import ALERT, INSTANCES, RESOLVED
from tests.slack.test_cards import no_voice, said

slow = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def filled(view: dict[str, Any], verdict: str | None, note: str | None) -> dict[str, Any]:
    """*view* as Slack sends it back, filled in at the ids it was built with."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        answer: dict[str, Any] = {"type": element["type"]}
        if element["type"] == "radio_buttons":
            chosen = [one for one in element["options"] if one["value"] == verdict]
            answer["selected_option"] = chosen[0] if chosen else None
        else:
            answer["value"] = note
        values[block["block_id"]] = {element["action_id"]: answer}
    return view | {"state": {"values": values}}


def details(alert: Alert = ALERT, **changes: Any) -> dict[str, Any]:
    """The Details modal of *alert*."""
    given_here: dict[str, Any] = {
        "records": [made.record()],
        "decisions": [],
        "instances": INSTANCES,
        "may_raw": False,
    }
    return DetailsModal.build(alert, **(given_here | changes))


# ── resolve ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verdict", Verdict)
def test_what_was_chosen_is_what_is_read(verdict: Verdict) -> None:
    """Built, filled in and parsed, the answer is the same, with the alert's id."""
    answer = ResolveModal.parse(filled(ResolveModal.build(ALERT), verdict, " a drill\n"))

    assert answer == Answer(alert="A-7K2QF", verdict=verdict, note="a drill")


def test_a_note_is_not_required() -> None:
    """A verdict alone is enough."""
    answer = ResolveModal.parse(filled(ResolveModal.build(ALERT), "expected", None))

    assert (answer.note, answer.errors) == ("", {})


def test_no_choice_is_an_error_at_its_field() -> None:
    """Without a verdict the error names the block of the choice; so does a forged one."""
    for chosen in (None, "very_positive"):
        answer = ResolveModal.parse(filled(ResolveModal.build(ALERT), chosen, "x"))

        assert list(answer.errors) == [ResolveModal.VERDICT]


def test_a_note_has_an_end() -> None:
    """500 characters pass; one more is an error at the note."""
    view = ResolveModal.build(ALERT)

    assert ResolveModal.parse(filled(view, "expected", "x" * 500)).errors == {}
    assert list(ResolveModal.parse(filled(view, "expected", "x" * 501)).errors) == ["note"]


@given(st.dictionaries(st.sampled_from(("state", "private_metadata", "x")), st.text()))
def test_a_forged_view_is_no_crash(view: dict[str, Any]) -> None:
    """Without the state we asked for there are errors, and no alert but a well-formed id."""
    view.pop("state", None)

    assert ResolveModal.parse(view).errors != {}


def test_the_modal_carries_the_id_and_nothing_else() -> None:
    """private_metadata is the alert's id."""
    assert ResolveModal.build(ALERT)["private_metadata"] == "A-7K2QF"
    assert details()["private_metadata"] == "A-7K2QF"


# ── details ─────────────────────────────────────────────────────────────────


def test_details_tell_what_the_card_leaves_out() -> None:
    """All steps, all news, the decisions and the records' allowed fields."""
    alert = msgspec.structs.replace(
        RESOLVED,
        runbook=tuple("abcde"),
        news=tuple(f"actor a{n} ({made.AT})" for n in range(8)),
    )
    raw = {"requestParameters": {"userId": "u-1", "password": "hunter2"}}
    view = details(
        alert,
        records=[made.record(raw)],
        decisions=[made.decision(), made.decision(Verb.RESOLVE, note="sure")],
    )
    text = said(view)

    for part in ("5. e", "`actor a0`", "`actor a7`", "took it", "resolved it", "sure"):
        assert part in text
    assert "*userId:* `u-1`" in text
    assert "hunter2" not in str(view)


def test_only_five_records_are_shown() -> None:
    """The sixth related record is left out."""
    records = [made.record(id=f"event-{n}") for n in range(6)]
    text = said(details(records=records))

    assert "event-4" in text
    assert "event-5" not in text


@pytest.mark.parametrize(("may", "count"), [(True, 1), (False, 0)])
def test_the_raw_record_is_offered_to_those_who_may(may: bool, count: int) -> None:
    """The button is there only for a reader who may use it."""
    assert len(made.buttons(details(may_raw=may))) == count
    assert made.buttons(details(may_raw=may, records=[])) == []


@pytest.mark.parametrize(
    "view",
    [
        ResolveModal.build(ALERT),
        details(may_raw=True),
        details(RESOLVED, decisions=[made.decision()]),
        HandOverModal.build(ALERT),
        NoteModal.build(ALERT),
        ReopenModal.build(ALERT),
        SnoozeModal.build(ALERT),
        Notice.build("Somebody was first."),
    ],
)
def test_modals_are_what_slack_publishes(view: dict[str, Any]) -> None:
    """Every modal agrees with Slack's own types and limits."""
    assert lint_view(view) == []
    assert made.schema_faults(view, "SlackView") == []


@slow
@given(
    made.any_alert,
    st.lists(made.any_record, max_size=7),
    st.lists(made.any_decision, max_size=12),
)
def test_any_alert_makes_its_modals(
    alert: Alert, records: list[Record], decisions: list[Decision]
) -> None:
    """Whatever is in it, a modal is within every limit and has no voice."""
    view = details(alert, records=records, decisions=decisions, may_raw=True)
    asking = (ResolveModal, HandOverModal, NoteModal, ReopenModal, SnoozeModal)
    for modal in (view, Notice.build(alert.why), *(kind.build(alert) for kind in asking)):
        assert lint_view(modal) == []
        assert check_view(modal) == []
        no_voice(modal)


def test_details_tell_what_happened_around_it() -> None:
    """The commonest calls by name; what only this record shares is not said."""
    around = [
        Around(
            tie=Tie.ACTOR,
            minutes=30,
            times=7,
            refused=2,
            calls=(Calls(name="CreateUser", times=6), Calls(name="<!channel>", times=1)),
        ),
        Around(tie=Tie.TARGET, minutes=30, times=1, refused=0),
    ]
    drawn = details(around=around)

    assert lint_view(drawn) == []
    no_voice(drawn)
    told = said(drawn)
    assert "*7 calls by this actor*, 2 refused: `CreateUser` ×6, `" in told
    assert "on this target" not in told


def test_details_show_the_related_records_themselves() -> None:
    """When, which call, how it ended and what links it, also where there is one alone."""
    one = Neighbour(
        time="2026-11-22T12:05:00.000Z", name="GetUser", error_code="", ties=(Tie.ACTOR,)
    )
    refused = Neighbour(
        time="2026-11-22T12:01:00.000Z",
        name="<!channel>",
        error_code="AccessDenied",
        ties=(Tie.TARGET, Tie.ADDRESS),
    )
    drawn = details(related=Related(minutes=30, nearest=(one, refused), more=1_234))

    assert lint_view(drawn) == []
    no_voice(drawn)
    told = said(drawn)
    assert "Related records, 30 minutes either way, newest first" in told
    assert re.search(r"<!date\^\d+\^[^>]*> `GetUser` · succeeded · same actor", told)
    assert "refused: `AccessDenied` · same target, address" in told
    assert "… and 1,234 more, further away" in told
    alone = said(details(related=Related(minutes=30, nearest=(one,))))
    assert "`GetUser`" in alone
    assert "more, further" not in alone
    assert "Related records" not in said(details(related=Related(minutes=30)))


def test_details_show_all_that_is_new_and_the_newest_first() -> None:
    """Forty lines do not fit one section; none of them is lost."""
    lines = tuple(f"network 10.0.{n}.0/24 (2026-11-22T10:{n:02}:00.000Z)" for n in range(40))
    drawn = details(msgspec.structs.replace(ALERT, news=lines))

    assert lint_view(drawn) == []
    shown = [said(drawn).index(f"10.0.{n}.0/24") for n in range(40)]
    assert shown == sorted(shown, reverse=True)


def test_the_timeline_shows_when_it_happened() -> None:
    """Bars from first to last; nothing where all of it was at once."""
    drawn = timeline([f"2026-11-22T10:{minute:02}:00.000Z" for minute in (0, 0, 0, 12, 24)])

    assert "`█···········▄··········▄`" in drawn
    assert drawn.endswith("at most 3 in 1 min")
    assert timeline([]) == timeline(["2026-11-22T10:00:00.000Z"] * 3) == ""


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=40).map(sorted))
def test_a_timeline_is_as_long_for_a_minute_as_for_years(seconds: list[int]) -> None:
    """Twenty-four slots, of which the first and the last are never empty."""
    times = [datetime.fromtimestamp(one, UTC).isoformat() for one in seconds]
    drawn = timeline(times)
    if seconds[0] == seconds[-1]:
        assert drawn == ""
        return
    bars = drawn.split("`")[1]
    assert len(bars) == 24
    assert "·" not in (bars[0], bars[-1])


@pytest.mark.parametrize(
    ("region", "event", "linked"),
    [
        ("eu-central-1", "6f0d1c52-6a55-4a3e-9d0b-0a6c1f4f7c11", True),
        ("us-gov-west-1", "6f0d1c52-6a55-4a3e-9d0b-0a6c1f4f7c11", False),
        ("eu-central-1", "sha256:00", False),
        ("eu-central-1.evil.example/", "6f0d1c52-6a55-4a3e-9d0b-0a6c1f4f7c11", False),
        ("", "", False),
    ],
)
def test_only_a_real_event_is_linked(region: str, event: str, linked: bool) -> None:
    """A record's fields are a stranger's: nothing of them but Region and id is in a link."""
    record = msgspec.structs.replace(made.record(), region=region, id=event)
    assert bool(console(record)) is linked


@slow
@given(made.any_alert, made.any_offer)
def test_any_offer_makes_its_modal(alert: Alert, offer: Offer) -> None:
    """With any values within it; each aspect can be ticked and is ticked."""
    built = ExpectModal.build(alert, offer)
    assert lint_view(built) == []
    assert check_view(built) == []
    (equal,) = [one["element"] for one in built["blocks"] if one.get("block_id") == "equal"]
    assert equal["initial_options"] == equal["options"]
    aspects = [one.condition.aspect for one in offer.choices]
    assert [Aspect(one["value"]) for one in equal["options"]] == aspects


@pytest.mark.parametrize(
    "view", [{}, {"state": {"values": {"equal": {"chosen": {"selected_options": [{}]}}}}}]
)
def test_a_forged_answer_about_what_is_expected_is_no_crash(view: dict[str, Any]) -> None:
    """It has an error at each field."""
    assert set(ExpectModal.parse(view).errors) == {"equal", "days", "reason"}
