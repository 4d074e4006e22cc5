"""How far a source was read is remembered, also by the next process."""

from __future__ import annotations

from pathlib import Path

from bot.ports import Cursor
from bot.store import SqliteStore

PLACE = "lookup-events eu-central-1"
FIRST, THEN, LATER = (f"2026-11-23T{hour}:00:00.000Z" for hour in ("09", "10", "11"))


def test_a_cursor_moves_and_keeps_its_beginning(tmp_path: Path) -> None:
    """When reading began is written once; a second place is another."""
    store = SqliteStore(tmp_path / "s.db")
    assert store.cursor(PLACE) is None

    store.read_up_to(PLACE, FIRST, THEN)
    store.read_up_to(PLACE, THEN, LATER)

    assert store.cursor(PLACE) == Cursor(since=THEN, at=THEN)
    assert store.cursor("elsewhere") is None
    store.close()


def test_a_cursor_outlives_the_process_and_may_be_set_back(tmp_path: Path) -> None:
    """A clock that was ahead is mended by reading again."""
    store = SqliteStore(tmp_path / "s.db")
    store.read_up_to(PLACE, LATER, LATER)
    store.close()

    again = SqliteStore(tmp_path / "s.db")
    assert again.cursor(PLACE) == Cursor(since=LATER, at=LATER)
    again.read_up_to(PLACE, FIRST, LATER)
    assert again.cursor(PLACE) == Cursor(since=LATER, at=FIRST)
    again.close()
