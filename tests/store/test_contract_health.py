"""What every store keeps of how we are doing ourselves."""

from __future__ import annotations

from datetime import timedelta

from bot.model import OWN_SOURCE, Send, SendKind, iso
from bot.ports import Store
from tests.builders import CHANNEL, HORIZON, NOON, judged, make_finding, make_record, make_triage
from tests.store.conftest import Open

NOW = iso(NOON)
TRIAGE = make_triage()


def after(seconds: float) -> str:
    """So long after noon."""
    return iso(NOON + timedelta(seconds=seconds))


# ── how soon cards come ─────────────────────────────────────────────────────


def open_one(memory: Store, event: str = "e-1", source: str = "connect.amazonaws.com") -> Send:
    """An alert about a record of noon; returns its card, claimed."""
    record = make_record(event, source=source)
    memory.keep(judged(make_finding(record, rule=f"rule_{event}", fold=(event,))), TRIAGE, NOW)
    card = memory.claim_send(HORIZON, horizon=HORIZON)
    assert card is not None
    assert card.kind is SendKind.CARD
    return card


def test_a_first_card_tells_how_soon_it_came(open_again: Open) -> None:
    """From the record's eventTime, in seconds; newest first; also after a restart."""
    memory = open_again()
    for number, seconds in enumerate((12.5, 300.0)):
        memory.send_done(open_one(memory, f"e-{number}"), CHANNEL, f"{number}.1", after(seconds))

    assert open_again().delays(NOW, 10) == [300.0, 12.5]
    assert open_again().delays(NOW, 1) == [300.0]
    assert open_again().delays(after(300.1), 10) == []


def test_only_first_cards_about_records_count(memory: Store) -> None:
    """A card posted anew was seen before, and what we say of ourselves has no record by AWS."""
    card = open_one(memory)
    memory.send_done(card, CHANNEL, "1.1", after(5))
    again = Send(id="anew", kind=SendKind.CARD, subject=card.subject, channel=CHANNEL)
    memory.queue([again], NOW)
    claimed = memory.claim_send(HORIZON, horizon=HORIZON)
    assert claimed is not None
    memory.send_done(claimed, CHANNEL, "2.1", after(900))
    memory.send_done(open_one(memory, "own", OWN_SOURCE), CHANNEL, "3.1", after(900))

    assert memory.delays(NOW, 10) == [5.0]


def test_a_clock_behind_awss_shows_no_card_from_before_its_record(memory: Store) -> None:
    """It came at once, then."""
    memory.send_done(open_one(memory), CHANNEL, "1.1", after(-3))

    assert memory.delays(after(-10), 10) == [0.0]


def test_what_is_remembered_of_cards_is_bounded(memory: Store) -> None:
    """The newest thousand; a year of alerts is no larger."""
    for number in range(1_003):
        memory.send_done(open_one(memory, f"e-{number}"), CHANNEL, f"{number}.1", after(number))

    kept = memory.delays(NOW, 5_000)
    assert (len(kept), kept[0], kept[-1]) == (1_000, 1_002.0, 3.0)
