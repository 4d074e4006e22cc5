"""What every store keeps of pages and escalation: each once, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.alerts import judge
from bot.model import (
    SLACK,
    Alert,
    AlertState,
    Entry,
    Level,
    Page,
    PageKind,
    PageState,
    Send,
    SendKind,
    Snooze,
    Verb,
    iso,
)
from bot.ports import Due, Escalating, Store
from tests.builders import (
    HORIZON,
    NOON,
    judged,
    make_actor,
    make_ask,
    make_finding,
    make_record,
    make_triage,
)
from tests.store.conftest import Open

NOW = iso(NOON)
LATER = iso(NOON + timedelta(minutes=5))
FAR = iso(NOON + timedelta(hours=1))


def a_page(name: str = "p-1", **changes: object) -> Page:
    """A page about an alert that nobody takes."""
    fields: dict[str, object] = {
        "id": name,
        "kind": PageKind.UNTAKEN,
        "subject": "A-00000",
        "level": Level.CRITICAL,
        "title": "Nobody has taken A-00000",
        "text": "Nobody has taken A-00000 for 10 minutes.",
    }
    return Page(**(fields | changes))  # type: ignore[arg-type]  # by name, checked by the tests


def line(kind: str, at: str = NOW) -> Entry:
    """A line for the ledger."""
    return Entry(kind=kind, subject="A-00000", by="callwarden", at=at)


def claimed(memory: Store, now: str = NOW) -> Page:
    """The next page, which must be there."""
    page = memory.claim_page(now, FAR)
    assert page is not None
    return page


def an_alert(memory: Store, name: str = "mallory", **changes: object) -> str:
    """An open alert; returns its id."""
    record = make_record(f"e-{name}", actor=make_actor(name))
    memory.keep(judged(make_finding(record, **changes)), make_triage(), NOW)
    [found] = memory.alerts(list(AlertState), actor=name)
    return found.id


def ledger(memory: Store) -> list[str]:
    """The kinds of the ledger's links."""
    return [link.kind for link in memory.links()]


# ── the queue ───────────────────────────────────────────────────────────────


def test_pages_go_first_come_first_served_and_each_once(memory: Store) -> None:
    """A page that is claimed is not claimed again; asking for a known one changes nothing."""
    for name in ("p-1", "p-2", "p-1"):
        memory.queue_page(a_page(name), NOW)
    assert [claimed(memory).id, claimed(memory).id] == ["p-1", "p-2"]
    assert memory.claim_page(NOW, FAR) is None
    memory.page_done(a_page("p-1"), line("page.sent"))
    memory.queue_page(a_page("p-1"), NOW)
    assert memory.claim_page(NOW, FAR) is None


def test_a_page_comes_back_as_it_was_asked_for(memory: Store) -> None:
    """Every word of it, with its state and how often it was tried."""
    memory.queue_page(a_page(text="zwölf\n🔴"), NOW)
    page = claimed(memory)
    assert page == a_page(
        text="zwölf\n🔴",
        state=PageState.SENDING,
        attempts=1,
        queued_at=NOW,
        due_at=NOW,
    )


def test_a_page_waits_for_its_time_and_says_how_often_it_was_tried(memory: Store) -> None:
    """Not before it is due; the second try is the second."""
    memory.queue_page(a_page(), NOW)
    memory.page_again(claimed(memory), LATER, "SNS did not answer.")
    assert memory.claim_page(NOW, FAR) is None
    again = claimed(memory, LATER)
    assert (again.attempts, again.error) == (2, "SNS did not answer.")


def test_a_page_from_a_clock_that_was_fast_does_not_wait(memory: Store) -> None:
    """What is due after the horizon was queued before the clock was set back."""
    memory.queue_page(a_page(), NOW)
    memory.page_again(claimed(memory), iso(NOON + timedelta(days=1)), "later")
    assert memory.claim_page(NOW, FAR) is not None


@pytest.mark.parametrize("settled", ["done", "dropped"])
def test_what_became_of_a_page_is_in_the_ledger_once(memory: Store, settled: str) -> None:
    """Sent or not needed any more: one line, counted as such, and never tried again."""
    memory.queue_page(a_page(), NOW)
    page = claimed(memory)
    for _ in range(2):
        if settled == "done":
            memory.page_done(page, line("page.sent"))
        else:
            memory.page_dropped(page, "taken", line("page.dropped"))
    state = {"done": "sent"}.get(settled, settled)
    assert ledger(memory) == [f"page.{state}"]
    assert memory.counts()[f"pages.{state}"] == 1
    assert memory.recover_pages(NOW) == 0
    assert memory.claim_page(NOW, FAR) is None


def test_a_refused_page_is_tried_again_and_is_in_the_ledger_once(memory: Store) -> None:
    """At its time, or at a start; it stays refused until it goes out."""
    memory.queue_page(a_page(), NOW)
    for number in range(3):
        page = claimed(memory, FAR)
        memory.page_refused(page, LATER, "no such topic", line("page.refused", NOW))
        assert memory.claim_page(NOW, FAR) is None
        assert (page.attempts, page.done_at) == (number + 1, NOW if number else "")
    assert memory.counts()["pages.refused"] == 1
    assert memory.recover_pages(NOW) == 1
    memory.page_done(claimed(memory), line("page.sent", LATER))
    assert ledger(memory) == ["page.refused", "page.sent"]
    assert memory.recover_pages(NOW) == 0


def test_a_page_that_was_under_way_at_a_kill_goes_again(memory: Store, open_again: Open) -> None:
    """It may have gone out: twice is better than never."""
    memory.queue_page(a_page(), NOW)
    claimed(memory)
    survivor = open_again()
    assert survivor.recover_pages(LATER) == 1
    assert claimed(survivor, LATER).attempts == 2


def test_the_last_pages_are_found(memory: Store) -> None:
    """By kind as they were queued, and by when they went out."""
    for name, kind in (("a", PageKind.SLACK_DOWN), ("b", PageKind.SLACK_BACK), ("c", "untaken")):
        memory.queue_page(a_page(name, kind=PageKind(kind), subject=SLACK), NOW)
    slack = (PageKind.SLACK_DOWN, PageKind.SLACK_BACK)
    last = memory.last_page(slack)
    assert (last and last.id, memory.last_page([PageKind.TEST])) == ("b", None)
    assert memory.sent_page() is None
    memory.page_done(a_page("c"), line("page.sent", LATER))
    memory.page_done(a_page("a"), line("page.sent", NOW))
    sent = memory.sent_page()
    assert (sent and sent.id, sent and sent.done_at) == ("c", LATER)


def test_pages_that_fail_are_shown(memory: Store) -> None:
    """One that waits for its next try, and the latest that were refused for good."""
    for name in ("waits", "tried", "refused"):
        memory.queue_page(a_page(name), NOW)
    memory.page_again(a_page("tried"), FAR, "SNS did not answer.")
    memory.page_refused(a_page("refused"), FAR, "no such topic", line("page.refused", LATER))
    errors = [page.error for page in memory.failed_pages()]
    assert errors == ["SNS did not answer.", "no such topic"]
    assert [page.id for page in memory.failed_pages(since=FAR)] == ["tried"]


# ── cards that nobody sees ──────────────────────────────────────────────────


def refuse_card(memory: Store, error: str) -> Send:
    """The next card is refused for good."""
    card = memory.claim_send(NOW, horizon=HORIZON)
    assert card is not None
    memory.send_refused(card, error, NOW)
    return card


def test_a_refused_card_is_unseen_until_it_was_paged(memory: Store) -> None:
    """It is named with its reason until a page for it is queued, and then no more."""
    alert_id = an_alert(memory)
    card = refuse_card(memory, "Slack refused it: is_archived.")
    [unseen] = memory.unseen_cards()
    assert (unseen.id, unseen.subject) == (card.id, alert_id)
    assert unseen.error == "Slack refused it: is_archived."
    memory.queue_page(a_page(subject=alert_id, kind=PageKind.UNTAKEN), NOW)
    assert len(memory.unseen_cards()) == 1
    memory.queue_page(a_page("p-2", subject=alert_id, kind=PageKind.UNSEEN), NOW)
    assert memory.unseen_cards() == []


def test_a_card_is_seen_once_the_newest_is_posted(memory: Store) -> None:
    """Not while it waits or is refused."""
    alert_id = an_alert(memory)
    assert not memory.is_seen(alert_id)
    card = refuse_card(memory, "is_archived")
    assert not memory.is_seen(alert_id)
    last = memory.last_send(alert_id)
    assert last is not None
    assert last.id == card.id
    memory.recover_sends(NOW)
    memory.send_done(card, "C0MAIN", "1.1", NOW)
    assert memory.is_seen(alert_id)
    assert memory.last_send("nobody") is None


@pytest.mark.parametrize("error", ["token: token_revoked", "replaced: is_archived"])
def test_a_card_that_comes_in_another_way_is_not_unseen(memory: Store, error: str) -> None:
    """It waits for a new token, or another card stands in its place."""
    an_alert(memory)
    refuse_card(memory, error)
    assert memory.unseen_cards() == []


def test_a_refused_card_of_a_resolved_alert_wakes_nobody(memory: Store) -> None:
    """Somebody has dealt with it by other means."""
    alert_id = an_alert(memory)
    refuse_card(memory, "is_archived")
    memory.decide(make_ask(alert_id, Verb.RESOLVE), judge)
    assert memory.unseen_cards() == []


# ── escalation ──────────────────────────────────────────────────────────────


def steps(*keys: str, seen: list[Alert] | None = None) -> Escalating:
    """A rule that finds these steps due, each with a direct message and a page."""

    def rule(alert: Alert, _: Sequence[Snooze]) -> list[Due]:
        if seen is not None:
            seen.append(alert)
        return [
            Due(
                key=key,
                entry=Entry(kind="alert.escalate", subject=alert.id, by="callwarden", at=NOW),
                sends=(
                    Send(
                        id=f"s-{key}",
                        kind=SendKind.DM,
                        subject=alert.id,
                        channel="U0LEAD",
                        body={"text": key},
                    ),
                ),
                pages=(a_page(f"p-{key}", subject=alert.id),),
            )
            for key in keys
        ]

    return rule


def test_a_step_is_taken_once_with_all_that_follows(memory: Store) -> None:
    """Its message and its page are queued and written down; again is nothing."""
    alert_id = an_alert(memory)
    refuse_card(memory, "out of the way")
    assert memory.escalate(alert_id, steps("one"), NOW) == 1
    assert memory.escalate(alert_id, steps("one", "two"), LATER) == 1
    assert memory.escalated(["one", "two", "three"]) == {"one", "two"}
    assert memory.escalated([]) == frozenset()
    assert ledger(memory) == ["alert.escalate", "alert.escalate"]
    assert [claimed(memory, LATER).id for _ in range(2)] == ["p-one", "p-two"]
    sends = [memory.claim_send(LATER, horizon=FAR) for _ in range(3)]
    assert [send and send.id for send in sends] == ["s-one", "s-two", None]


def test_open_alerts_are_read_some_at_a_time(memory: Store) -> None:
    """Each once, in the order of their ids; one that somebody has is not among them."""
    ids = sorted(an_alert(memory, f"n{number}") for number in range(7))
    memory.decide(make_ask(ids[3], Verb.TAKE), judge)
    read: list[str] = []
    while part := memory.open_alerts(read[-1] if read else "", 2):
        assert len(part) <= 2
        read += [alert.id for alert in part]
    assert read == ids[:3] + ids[4:]


def test_a_step_is_judged_by_the_alert_as_it_is_now(memory: Store) -> None:
    """Somebody may have taken it since the list was read; an unknown one has no steps."""
    alert_id = an_alert(memory)
    memory.decide(make_ask(alert_id, Verb.TAKE), judge)
    seen: list[Alert] = []
    memory.escalate(alert_id, steps(seen=seen), NOW)
    assert [alert.state for alert in seen] == [AlertState.TAKEN]
    assert memory.escalate("A-ZZZZZ", steps("one"), NOW) == 0


# ── upkeep ──────────────────────────────────────────────────────────────────


def test_pages_are_pruned_but_not_those_of_an_open_alert(memory: Store) -> None:
    """Otherwise it would be paged once more for the same."""
    alert_id = an_alert(memory)
    for name, subject in (("p-open", alert_id), ("p-slack", SLACK), ("p-waits", SLACK)):
        memory.queue_page(a_page(name, subject=subject), NOW)
    memory.page_done(a_page("p-open"), line("page.sent"))
    memory.page_done(a_page("p-slack"), line("page.sent"))
    memory.escalate(alert_id, steps("one"), NOW)
    dropped = memory.prune(records_before=LATER, evidence_before=LATER)
    assert (dropped["pages"], dropped["escalations"]) == (1, 0)

    memory.decide(make_ask(alert_id, Verb.RESOLVE), judge)
    dropped = memory.prune(records_before=LATER, evidence_before=LATER)
    assert (dropped["alerts"], dropped["pages"], dropped["escalations"]) == (1, 1, 1)
    assert memory.counts().get("pages.waiting") == 2
