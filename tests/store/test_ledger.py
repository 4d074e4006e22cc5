"""The chain: whatever is changed in it, verifying names the first link that is wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Chain, Entry, Link, iso
from bot.store import SqliteStore
from bot.store.ledger import GENESIS, check, digest
from tests.builders import NOON, write_down

LENGTH = 6


@pytest.fixture
def heads(store: SqliteStore) -> list[str]:
    """A ledger of six links; returns the hash of each."""
    for number in range(1, LENGTH + 1):
        body: dict[str, object] = {"note": f"reason {number}: `x` & <@U1>"}
        write_down(
            store,
            Entry(kind="test.note", subject=f"s-{number}", by="U0ANA", at=iso(NOON), body=body),
        )
    return [link.hash for link in store.links()]


def tamper(database: Path, statement: str, *values: object) -> None:
    """Change the file behind the store's back."""
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(statement, values)
    connection.close()


@pytest.mark.parametrize("column", ["at", "kind", "subject", "by", "body"])
@pytest.mark.parametrize("seq", [1, 3, LENGTH])
@pytest.mark.usefixtures("heads")
def test_a_changed_field_is_named(
    store: SqliteStore, database: Path, column: str, seq: int
) -> None:
    """One byte of any field of any link, and that link is the broken one."""
    assert store.verify().whole
    statement = "UPDATE ledger SET @ = @ || ' ' WHERE seq = ?"
    tamper(database, statement.replace("@", column), seq)
    chain = store.verify()
    assert (chain.whole, chain.broken_at, chain.length) == (False, seq, seq - 1)
    assert chain.reason == f"link {seq} was changed"


@pytest.mark.parametrize("seq", [1, 3])
@pytest.mark.usefixtures("heads")
def test_a_deleted_link_is_named(store: SqliteStore, database: Path, seq: int) -> None:
    """A gap shows where it is."""
    tamper(database, "DELETE FROM ledger WHERE seq = ?", seq)
    chain = store.verify()
    assert (chain.broken_at, chain.reason) == (seq, f"link {seq} is missing")


@pytest.mark.usefixtures("heads")
def test_a_deleted_link_is_named_even_if_the_rest_moved_up(
    store: SqliteStore, database: Path
) -> None:
    """Renumbering does not hide a gap: the next link does not follow."""
    tamper(database, "DELETE FROM ledger WHERE seq = 3")
    tamper(database, "UPDATE ledger SET seq = seq - 1 WHERE seq > 3")
    chain = store.verify()
    assert (chain.broken_at, chain.reason) == (3, "link 3 does not follow from the last")


@pytest.mark.usefixtures("heads")
def test_a_rewritten_link_is_named(store: SqliteStore, database: Path) -> None:
    """Even with its hash made anew, what comes after no longer follows."""
    link = store.links(1, 1)[0]
    forged = digest(2, (link.at, link.kind, link.subject, "U0EVE", link.body), link.prev)
    tamper(database, "UPDATE ledger SET by = 'U0EVE', hash = ? WHERE seq = 2", forged)
    assert store.verify().broken_at == 3


@pytest.mark.usefixtures("heads")
def test_swapped_links_are_named(store: SqliteStore, database: Path) -> None:
    """The order is part of the record."""
    for old, new in ((2, 99), (4, 2), (99, 4)):
        tamper(database, "UPDATE ledger SET seq = ? WHERE seq = ?", new, old)
    assert store.verify().broken_at == 2


@pytest.mark.usefixtures("heads")
def test_a_cut_tail_shows_by_the_head(store: SqliteStore, database: Path) -> None:
    """The last links are gone, but where the chain should end is still written."""
    tamper(database, "DELETE FROM ledger WHERE seq > ?", LENGTH - 2)
    chain = store.verify()
    assert (chain.whole, chain.broken_at, chain.length) == (False, LENGTH - 1, LENGTH - 2)
    assert "the tail was cut" in chain.reason


def test_a_cut_tail_with_the_head_mended_shows_by_a_noted_head(
    store: SqliteStore, database: Path, heads: list[str]
) -> None:
    """Who cuts with care is found out by a hash that somebody noted down."""
    keep = LENGTH - 2
    tamper(database, "DELETE FROM ledger WHERE seq > ?", keep)
    tamper(database, "UPDATE ledger_head SET seq = ?, hash = ?", keep, heads[keep - 1])
    assert store.verify().whole
    assert store.verify(heads[keep - 1]).whole
    chain = store.verify(heads[-1])
    assert (chain.whole, chain.length) == (False, keep)
    assert "the head you noted is not in this chain" in chain.reason


@pytest.mark.usefixtures("heads")
def test_everything_cut_shows_too(store: SqliteStore, database: Path) -> None:
    """An emptied ledger is not an empty one, and a missing head is not the end."""
    tamper(database, "DELETE FROM ledger_head")
    assert "the head says link 0" in store.verify().reason
    tamper(database, "DELETE FROM ledger")
    tamper(database, "INSERT INTO ledger_head VALUES (1, 6, ?)", "a" * 64)
    chain = store.verify()
    assert (chain.whole, chain.broken_at, chain.length) == (False, 1, 0)


@pytest.mark.usefixtures("heads")
def test_a_link_slipped_in_at_the_end_shows(store: SqliteStore, database: Path) -> None:
    """A link that the store did not write is beyond the head."""
    head = store.head()[1]
    fields = ("now", "test.note", "s-7", "U0EVE", "{}")
    forged = digest(LENGTH + 1, fields, head)
    row = (LENGTH + 1, *fields, head, forged)
    tamper(database, "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
    chain = store.verify()
    assert (chain.whole, chain.broken_at) == (False, LENGTH + 2)


@pytest.mark.usefixtures("heads")
def test_a_field_that_is_no_text_any_more_is_named(store: SqliteStore, database: Path) -> None:
    """Broken bytes in a link are a finding, not a crash of the check."""
    tamper(database, "UPDATE ledger SET subject = CAST(x'ff' AS TEXT) WHERE seq = 2")
    assert store.verify().broken_at == 2


@pytest.mark.usefixtures("heads")
def test_bytes_where_text_belongs_are_named(store: SqliteStore, database: Path) -> None:
    """Who builds the table anew without its types does not stop the check."""
    tamper(database, "CREATE TABLE loose AS SELECT * FROM ledger")
    tamper(database, "DROP TABLE ledger")
    tamper(database, "ALTER TABLE loose RENAME TO ledger")
    assert store.verify().whole
    tamper(database, "UPDATE ledger SET body = CAST(body AS BLOB) WHERE seq = 4")
    assert store.verify().broken_at == 4


def test_the_ledger_goes_on_after_a_fault_was_found(
    store: SqliteStore, database: Path, heads: list[str]
) -> None:
    """Verifying changes nothing; what is recorded later is still recorded."""
    tamper(database, "UPDATE ledger SET by = 'U0EVE' WHERE seq = 2")
    write_down(store, Entry(kind="test.note", subject="s-7", by="U0ANA", at=iso(NOON)))
    assert store.verify().broken_at == 2
    assert store.links(LENGTH)[0].prev == heads[-1]


_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_ENTRIES = st.lists(st.tuples(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT), max_size=5)


def chain_of(entries: list[tuple[str, str, str, str, str]]) -> list[Link]:
    """Links as the store writes them."""
    links, prev = list[Link](), GENESIS
    for seq, entry in enumerate(entries, 1):
        at, kind, subject, by, body = entry
        made = digest(seq, entry, prev)
        links.append(
            Link(seq=seq, at=at, kind=kind, subject=subject, by=by, body=body, prev=prev, hash=made)
        )
        prev = made
    return links


@given(_ENTRIES)
def test_any_honest_chain_is_whole(entries: list[tuple[str, str, str, str, str]]) -> None:
    """Whatever stands in the fields, what was written verifies."""
    links = chain_of(entries)
    end = (len(links), links[-1].hash if links else GENESIS)
    assert check(iter(links), end, None) == Chain(length=end[0], head=end[1])


@given(st.tuples(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT), st.tuples(_TEXT, _TEXT, _TEXT, _TEXT, _TEXT))
def test_fields_never_run_into_each_other(
    one: tuple[str, str, str, str, str], other: tuple[str, str, str, str, str]
) -> None:
    """Moving a character from one field to the next changes the hash."""
    assert (digest(1, one, GENESIS) == digest(1, other, GENESIS)) == (one == other)
