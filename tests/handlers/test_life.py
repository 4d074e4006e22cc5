"""An alert's life: handed over, noted, opened again; each with somebody's name on it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model import (
    Actor,
    AlertState,
    Aspect,
    ExemptionState,
    Lane,
    Scope,
    SendKind,
    SnoozeState,
    Verb,
    iso,
)
from bot.slack import cards
from tests.builders import ANA, BEN, CHANNEL, NOON, judged, make_finding, make_record, make_triage
from tests.handlers.stage import EVE, PEOPLE, Stage, eventually, member, told


def filled(stage: Stage, choice: str, alert: str, by: Any = ANA, **answers: Any) -> dict[str, Any]:
    """The modal of a choice in the ⋯ menu, filled in."""
    stage.choose(choice, alert, by)
    values = {
        "note": {"written": {"type": "plain_text_input", "value": answers.get("note")}},
        "to": {"chosen": {"type": "users_select", "selected_user": answers.get("to")}},
    }
    view: dict[str, Any] = stage.dialogs.opened.pop()
    return view | {"state": {"values": values}}


def test_an_alert_is_handed_over(stage: Stage) -> None:
    """It is Ben's, the thread says so, and Ben hears of it by direct message."""
    alert = stage.open_alert()

    response = stage.submit(filled(stage, "hand_over", alert.id, to=BEN.user, note="I go home"))

    assert response.body == ""
    taken = stage.alert(alert.id).taken
    assert taken is not None
    assert taken.by.user == BEN.user
    sends = stage.sends()
    assert [send.kind for send in sends] == [SendKind.EDIT, SendKind.DM, SendKind.NOTE]
    assert "I go home" in str(sends[1].body)
    assert ("alert.hand_over", alert.id, ANA.user) in stage.ledger()


def test_the_second_to_hand_it_over_hears_who_was_first(stage: Stage) -> None:
    """Both opened the window while nobody had it."""
    alert = stage.open_alert()
    first = filled(stage, "hand_over", alert.id, to=BEN.user)
    second = filled(stage, "hand_over", alert.id, BEN, to=ANA.user)

    assert stage.submit(first).body == ""
    said = told(stage.submit(second, BEN))

    assert f"Ana was first: handed {alert.id} to U0BEN" in said
    assert ("alert.hand_over.refused", alert.id, BEN.user) in stage.ledger()
    assert stage.alert(alert.id).version == alert.version + 1


def test_the_receiver_of_a_critical_alert_says_that_they_have_it(stage: Stage) -> None:
    """The card has a button for it until somebody presses."""
    alert = stage.open_alert()
    stage.submit(filled(stage, "hand_over", alert.id, to=BEN.user))
    assert "I have it" in stage.type(f"alert {alert.id}").body

    stage.press("alert_take", alert.id, BEN)

    assert stage.alert(alert.id).state is AlertState.TAKEN
    assert "I have it" not in stage.type(f"alert {alert.id}").body
    assert "*Taken* by <@U0BEN>" in stage.type(f"alert {alert.id}").body


def test_only_who_may_take_alerts_can_be_given_one(stage: Stage) -> None:
    """Eve is named by no setting: the field says so and nothing is changed."""
    alert = stage.open_alert()

    response = stage.submit(filled(stage, "hand_over", alert.id, to=EVE.user))

    assert "They may not take alerts" in told(response)
    assert stage.alert(alert.id).state is AlertState.OPEN


def test_a_receiver_who_is_not_known_yet_is_looked_up(stage: Stage) -> None:
    """Nothing is asked of Slack before the ack; pressed again, it works."""
    alert = stage.open_alert()
    view = filled(stage, "hand_over", alert.id, to=BEN.user)
    stage.directory.cached.pop(BEN.user)

    assert "press again" in told(stage.submit(view))
    assert eventually(lambda: BEN.user in stage.directory.cached)
    assert stage.submit(view).body == ""
    assert stage.alert(alert.id).taken is not None


def test_a_receiver_whose_group_is_not_known_yet_is_looked_up(stage: Stage) -> None:
    """It is not said that no setting names them: nobody has asked Slack yet."""
    alert = stage.open_alert()
    view = filled(stage, "hand_over", alert.id, to=BEN.user)
    stage.directory.undecided = {BEN.user}

    assert told(stage.submit(view)) == "I am checking who that is. Please press again."
    assert eventually(lambda: not stage.directory.undecided)
    assert stage.submit(view).body == ""


def test_a_receiver_whom_slack_does_not_know_is_not_waited_for(stage: Stage) -> None:
    """The second press says why it is in vain; somebody else can be chosen."""
    alert = stage.open_alert()
    view = filled(stage, "hand_over", alert.id, to="U0NOBODY")

    assert "press again" in told(stage.submit(view))
    assert eventually(lambda: bool(stage.directory.vain))
    assert "choose somebody else, or try again later. No user" in told(stage.submit(view))
    assert stage.submit(filled(stage, "hand_over", alert.id, to=BEN.user)).body == ""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"guest": True}, "They are a guest, and guests may not take alerts."),
        ({"bot": True}, "That is a bot, and bots cannot have alerts."),
        ({"deleted": True}, "Their account is deactivated."),
        ({"stranger": True}, "They are no member of this workspace."),
    ],
)
def test_why_somebody_cannot_have_an_alert_is_said_as_it_is(
    stage: Stage, fault: dict[str, Any], said: str
) -> None:
    """Though the settings name them."""
    alert = stage.open_alert()
    stage.directory.cached[BEN.user] = member(BEN, **fault)
    assert told(stage.submit(filled(stage, "hand_over", alert.id, to=BEN.user))) == said
    assert stage.alert(alert.id).taken is None


def test_nobody_chosen_is_said_at_the_field(stage: Stage) -> None:
    """The modal stays open."""
    alert = stage.open_alert()
    assert told(stage.submit(filled(stage, "hand_over", alert.id))) == "Choose somebody."


@pytest.mark.parametrize("text", ["She is on leave.", 'fix: prod * _a_ & "so" `rm` <- >'])
def test_a_note_is_kept_as_it_was_written(stage: Stage, text: str) -> None:
    """In the ledger and in the thread, to the letter."""
    alert = stage.open_alert()

    stage.submit(filled(stage, "note", alert.id, note=text))

    (noted,) = [one for one in stage.store.decisions_of(alert.id) if one.ask.verb is Verb.NOTE]
    assert noted.ask.note == text
    assert [send.kind for send in stage.sends()] == [SendKind.EDIT, SendKind.NOTE]


def test_a_message_of_the_thread_becomes_the_note(stage: Stage) -> None:
    """Entities are read as people see them; used twice on one message, it is kept once."""
    alert = stage.open_alert()

    for _ in range(2):
        stage.keep("Called &amp; asked <@U0EVE>: <https://x.example|wiki> says no", alert.ts)

    notes = [one.ask for one in stage.store.decisions_of(alert.id) if one.ask.verb is Verb.NOTE]
    assert [one.note for one in notes] == ["Called & asked @U0EVE: https://x.example says no"]
    assert [one.quoted for one in notes] == ["1.000900"]
    answer = stage.sends()[-1]
    assert (answer.kind, answer.user) == (SendKind.EPHEMERAL, ANA.user)
    assert f"The note is kept with {alert.id}" in str(answer.body)


def test_a_message_that_is_too_long_for_a_note_says_so(stage: Stage) -> None:
    """By its ellipsis, and never in the middle of an emoji."""
    alert = stage.open_alert()

    stage.keep("x" * 498 + "🇨🇭🇩🇪", alert.ts)

    [note] = [one.ask.note for one in stage.store.decisions_of(alert.id)]
    assert note == "x" * 498 + "…"


def test_the_second_to_keep_a_message_hears_who_was_first(stage: Stage) -> None:
    """It is kept once, and both know."""
    alert = stage.open_alert()
    stage.keep("She is on leave.", alert.ts)
    stage.sends()

    stage.keep("She is on leave.", alert.ts, BEN)

    (answer,) = stage.sends()
    assert (answer.kind, answer.user) == (SendKind.EPHEMERAL, BEN.user)
    assert f"Ana was first: the message is a note of {alert.id} already." in str(answer.body)
    assert len(stage.store.decisions_of(alert.id)) == 1


@pytest.mark.parametrize(("size", "left_out"), [(500, 0), (900, 400)])
def test_who_keeps_a_long_message_hears_how_much_of_it(
    stage: Stage, size: int, left_out: int
) -> None:
    """Nothing is cut without a word."""
    alert = stage.open_alert()

    stage.keep("x" * size, alert.ts)

    (noted,) = stage.store.decisions_of(alert.id)
    assert noted.ask.note == ("x" * 499 + "…" if left_out else "x" * 500)
    told_so = str(stage.sends()[-1].body)
    assert ("its first 500 characters; the other 400 were too many" in told_so) is bool(left_out)


@pytest.mark.parametrize("thread", [None, "9.000000", "1.000900"])
def test_a_message_elsewhere_is_explained(stage: Stage, thread: str | None) -> None:
    """Outside an alert's thread there is no alert to keep it with."""
    stage.open_alert()

    stage.keep("hello", thread)

    (answer,) = stage.sends()
    assert (answer.kind, answer.channel) == (SendKind.EPHEMERAL, CHANNEL)
    assert "not in an alert's thread" in str(answer.body)


def test_others_keep_no_notes(stage: Stage) -> None:
    """Eve is refused where she pressed, and the ledger has it."""
    alert = stage.open_alert()

    stage.keep("hello", alert.ts, EVE)

    (answer,) = stage.sends()
    assert "You may not write notes" in str(answer.body)
    assert ("note.refused", "note_from_message", EVE.user) in stage.ledger()


def resolved(stage: Stage) -> str:
    """The id of an alert that Ana resolved."""
    alert = stage.open_alert()
    stage.press("alert_resolve", alert.id)
    values = {"verdict": {"chosen": {"selected_option": {"value": "expected"}}}}
    stage.submit(stage.dialogs.opened.pop() | {"state": {"values": values}})
    stage.sends()
    return alert.id


def test_a_resolved_alert_is_opened_again(stage: Stage) -> None:
    """With the reason in the ledger; it is nobody's."""
    alert = resolved(stage)

    stage.submit(filled(stage, "reopen", alert, BEN, note="It happened again"), BEN)

    assert stage.alert(alert).state is AlertState.OPEN
    assert ("alert.reopen", alert, BEN.user) in stage.ledger()
    assert "It happened again" in str(stage.store.links()[-1].body)


def test_a_menu_choice_needs_its_own_verb(stage: Stage) -> None:
    """Ana may look but not re-open: she hears so, no window opens."""
    alert = resolved(stage)

    stage.choose("reopen", alert, ANA)

    assert stage.dialogs.opened == []
    (answer,) = stage.sends()
    assert "You may not re-open alerts" in str(answer.body)
    assert ("reopen.refused", alert, ANA.user) in stage.ledger()


def test_what_the_state_does_not_allow_opens_no_window(stage: Stage) -> None:
    """An old card's menu: the answer says how things stand."""
    alert = stage.open_alert()

    stage.choose("reopen", alert.id, BEN)

    assert stage.dialogs.opened == []
    (answer,) = stage.sends()
    assert f"{alert.id} is not resolved" in str(answer.body)


def test_an_unknown_choice_is_explained(stage: Stage) -> None:
    """A card may be older or newer than the program."""
    alert = stage.open_alert()

    stage.choose("teleport", alert.id)

    (answer,) = stage.sends()
    assert "I do not know that button" in str(answer.body)


def snoozing(stage: Stage, alert: str, choice: str = "snooze", **answers: str) -> dict[str, Any]:
    """The snooze modal, filled in by Ana; what is not said is as it was offered."""
    stage.choose(choice, alert, ANA)
    view: dict[str, Any] = stage.dialogs.opened.pop()
    offered = {
        block["block_id"]: block["element"].get("initial_option", {}).get("value")
        for block in view["blocks"]
        if block["type"] == "input"
    }
    chosen = offered | answers
    values = {
        "scope": {"chosen": {"selected_option": {"value": chosen["scope"]}}},
        "hours": {"chosen": {"selected_option": {"value": chosen["hours"]}}},
        "reason": {"written": {"value": answers.get("reason", "a drill")}},
    }
    return view | {"state": {"values": values}}


def test_an_alert_is_snoozed(stage: Stage) -> None:
    """For an hour, by one person: on the card, in the thread, in the ledger, in the list."""
    alert = stage.open_alert()

    assert stage.submit(snoozing(stage, alert.id)).body == ""

    assert [send.kind for send in stage.sends()] == [SendKind.EDIT, SendKind.NOTE]
    assert ("alert.snooze", alert.id, ANA.user) in stage.ledger()
    assert "Snoozes: 1" in told(stage.type("snoozes"))


def test_muting_a_rule_is_a_snooze_with_the_wider_scope(stage: Stage) -> None:
    """The same window, the other choice made already."""
    alert = stage.open_alert()
    stage.submit(snoozing(stage, alert.id, "mute"))
    (snooze,) = stage.store.snoozes([SnoozeState.ON])
    assert snooze.scope is Scope.RULE_ACTOR


def test_nobody_unnamed_is_muted(stage: Stage) -> None:
    """The window of a snooze offers this alert alone; muting answers why it cannot be."""
    finding = make_finding(make_record("e-1", actor=Actor(principal="", name="")))
    stage.store.keep(judged(finding), make_triage(), iso(NOON))
    (alert,) = stage.store.alerts([AlertState.OPEN])

    stage.choose("mute", alert.id)
    stage.choose("snooze", alert.id)

    (view,) = stage.dialogs.opened
    (what,) = [block for block in view["blocks"] if block.get("block_id") == "scope"]
    assert [one["value"] for one in what["element"]["options"]] == [Scope.ALERT]
    assert any("snooze it alone" in str(send.body) for send in stage.sends())


def test_a_long_snooze_of_a_critical_alert_waits_for_somebody_else(stage: Stage) -> None:
    """Ana cannot agree with herself; Ben can, once."""
    alert = stage.open_alert()
    stage.submit(snoozing(stage, alert.id, hours="24"))
    (snooze,) = stage.store.snoozes([SnoozeState.ASKED])
    stage.sends()

    stage.press("snooze_agree", snooze.id, ANA)
    assert "somebody else must agree" in str(stage.sends()[-1].body)
    stage.press("snooze_agree", snooze.id, BEN)
    stage.press("snooze_agree", snooze.id, BEN)

    (now,) = stage.store.snoozes([SnoozeState.ON])
    assert now.agreed is not None
    assert now.agreed.by == BEN
    kinds = [kind for kind, _, _ in stage.ledger()]
    assert kinds == ["alert.snooze", "alert.agree.refused", "alert.agree", "alert.agree.refused"]


def test_who_may_agree_is_called_in_the_channel(stage: Stage) -> None:
    """Once, while one of them must; that it is on is said there, that it is over is not."""
    alert = stage.open_alert()
    stage.submit(snoozing(stage, alert.id, hours="24"))
    (snooze,) = stage.store.snoozes([SnoozeState.ASKED])
    (asked,) = [send for send in stage.sends() if send.kind is SendKind.NOTE]
    allowed = PEOPLE[Verb.AGREE]
    others = [user for user in allowed.users if user != ANA.user]
    assert (asked.body["broadcast"], asked.lane) == (True, Lane.CRITICAL)
    assert asked.body["call"] == [*allowed.groups, *others]
    shown = cards.snooze_note(snooze, SnoozeState.ASKED, ["S0SEC", BEN.user, "<!channel>"])
    assert f"<!subteam^S0SEC> <@{BEN.user}>: one of you must agree" in str(shown["blocks"])
    assert "<!channel>" not in str(shown["blocks"])

    stage.press("snooze_agree", snooze.id, BEN)
    (agreed,) = [send for send in stage.sends() if send.kind is SendKind.NOTE]
    assert (agreed.body["broadcast"], "call" in agreed.body) == (True, False)

    stage.press("snooze_end", snooze.id, BEN)
    (over,) = [send for send in stage.sends() if send.kind is SendKind.NOTE]
    assert "broadcast" not in over.body


def test_a_snooze_is_ended_by_its_button(stage: Stage) -> None:
    """Anybody who may take alerts ends it, for everybody."""
    alert = stage.open_alert()
    stage.submit(snoozing(stage, alert.id))
    (snooze,) = stage.store.snoozes([SnoozeState.ON])

    stage.press("snooze_end", snooze.id, BEN)

    assert told(stage.type("snoozes")) == "Nothing is snoozed."
    assert ("alert.wake", alert.id, BEN.user) in stage.ledger()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"reason": "  "}, "Say why."),
        ({"hours": "100"}, "Choose how long."),
        ({"scope": "everything"}, "Choose what to snooze."),
    ],
)
def test_a_bad_answer_is_said_at_its_field(
    stage: Stage, answers: dict[str, str], said: str
) -> None:
    """Nothing begins."""
    alert = stage.open_alert()
    assert told(stage.submit(snoozing(stage, alert.id, **answers))) == said
    assert list(stage.store.snoozes([SnoozeState.ON, SnoozeState.ASKED])) == []


def expecting(stage: Stage, alert: str, **answers: Any) -> dict[str, Any]:
    """The modal of what is always expected, filled in by Ana; what is not said is as offered."""
    stage.choose("expect", alert, ANA)
    view: dict[str, Any] = stage.dialogs.opened.pop()
    (ticked,) = [
        [one["value"] for one in block["element"]["initial_options"]]
        for block in view["blocks"]
        if block.get("block_id") == "equal"
    ]
    equal = [{"value": one} for one in answers.get("equal", ticked)]
    values = {
        "equal": {"chosen": {"selected_options": equal}},
        "days": {"chosen": {"selected_option": {"value": answers.get("days", "90")}}},
        "reason": {"written": {"value": answers.get("reason", "the nightly pipeline")}},
    }
    return view | {"state": {"values": values}}


def test_what_is_always_expected_takes_two(stage: Stage) -> None:
    """Ana proposes, Ana cannot agree, Ben can: then it stands in the list until it is removed."""
    alert = stage.open_alert()

    assert stage.submit(expecting(stage, alert.id, equal=["actor", "network"])).body == ""
    assert [send.kind for send in stage.sends()] == [SendKind.NOTE]
    (one,) = stage.store.exemptions([ExemptionState.PROPOSED])
    assert [each.aspect for each in one.conditions] == [Aspect.ACTOR, Aspect.NETWORK]

    stage.press("except_agree", one.id, ANA)
    assert "somebody else must agree" in str(stage.sends()[-1].body)
    stage.press("except_agree", one.id, BEN)
    assert "Exceptions: 1" in told(stage.type("exceptions"))
    stage.press("except_end", one.id, ANA)

    assert told(stage.type("exceptions")) == "Nothing is excepted."
    assert stage.ledger() == [
        ("except.proposed", alert.id, ANA.user),
        ("except.refused", alert.id, ANA.user),
        ("except.agreed", alert.id, BEN.user),
        ("except.over", alert.id, ANA.user),
    ]


def test_a_resolved_alert_can_be_expected_from_now_on(stage: Stage) -> None:
    """Often that is when people know."""
    alert = resolved(stage)
    assert stage.submit(expecting(stage, alert)).body == ""


def test_others_agree_to_nothing(stage: Stage) -> None:
    """Eve is named by no setting."""
    alert = stage.open_alert()
    stage.submit(expecting(stage, alert.id))
    (one,) = stage.store.exemptions([ExemptionState.PROPOSED])
    stage.sends()

    stage.press("except_agree", one.id, EVE)

    assert "You may not agree to exceptions" in str(stage.sends()[-1].body)
    assert stage.store.exemption(one.id) == one


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"equal": ["target"]}, "It is always about somebody: tick the actor."),
        ({"equal": []}, "It is always about somebody: tick the actor."),
        ({"equal": ["actor", "everything"]}, "Choose what must be equal."),
        ({"days": "36500"}, "Choose how long."),
        ({"reason": "  "}, "Say why."),
    ],
)
def test_a_bad_proposal_is_said_at_its_field(
    stage: Stage, answers: dict[str, Any], said: str
) -> None:
    """Nothing is proposed."""
    alert = stage.open_alert()
    assert told(stage.submit(expecting(stage, alert.id, **answers))) == said
    assert list(stage.store.exemptions(list(ExemptionState))) == []


def test_what_is_never_expected_opens_no_window(stage: Stage) -> None:
    """That a rule broke: the answer says so, and the ledger has it."""
    broken = make_finding(rule="rule_broken")
    stage.store.keep(judged(broken), make_triage(), iso(stage.clock.now()))
    (alert,) = stage.store.alerts([AlertState.OPEN])
    stage.sends()

    stage.choose("expect", alert.id)

    assert stage.dialogs.opened == []
    assert "mend the rule" in str(stage.sends()[-1].body)
    assert ("except.refused", alert.id, ANA.user) in stage.ledger()


def test_a_button_of_no_exception_is_explained(stage: Stage) -> None:
    """It may be older than the program, or forged."""
    stage.press("except_end", "EX-00000")
    stage.press("except_end", "SN-00000")
    said = [str(send.body) for send in stage.sends()]
    assert "There is no exception EX-00000" in said[0]
    assert "names no exception" in said[1]
