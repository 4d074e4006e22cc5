"""What `callwarden bench crash` calls a fault, and what it finds after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bench.crash import faults, under_way
from bot.model import Send, SendKind, iso
from bot.store import SqliteStore
from tests.builders import HORIZON, NOON

NOW = iso(NOON)

GOOD: dict[str, object] = {
    "kills": 50,
    "cut_off": 31,
    "lost": 0,
    "duplicates": 0,
    "stuck": "",
    "refused": 0,
    "dead_letters": 0,
    "exit_status": 0,
    "ledger_whole": True,
}


def test_a_run_as_it_should_be_has_no_fault() -> None:
    """Near miss: nothing to name."""
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"lost": 1}, "lost: 1"),
        ({"duplicates": 2}, "duplicates: 2"),
        ({"stuck": "Waited in vain."}, "stuck: Waited in vain."),
        ({"exit_status": 2}, "exit_status: 2"),
        ({"ledger_whole": False}, "the ledger is broken"),
        ({"kills": 20, "cut_off": 0}, "none of 20 kills cut off a send"),
    ],
)
def test_what_must_not_be_is_named(changed: dict[str, object], named: str) -> None:
    """One sentence each."""
    assert faults(GOOD | changed) == [named]


def test_few_kills_may_all_miss() -> None:
    """Near miss: five kills prove nothing about where kills land."""
    assert faults(GOOD | {"kills": 5, "cut_off": 0}) == []


def test_what_a_kill_left_behind_is_found_without_touching_it(tmp_path: Path) -> None:
    """The claimed send is seen, also while it stands in the write-ahead log only."""
    database = tmp_path / "callwarden.db"
    store = SqliteStore(database)
    for name in ("cut-off", "waits"):
        send = Send(id=name, kind=SendKind.DM, subject="A-1", channel="U1", body={"text": name})
        store.queue([send], NOW)
    store.claim_send(NOW, horizon=HORIZON)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    found = under_way(database)

    assert found == {("cut-off", 1)}
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    store.close()
