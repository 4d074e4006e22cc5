"""The ledger: append-only, each link hashing the one before it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bot.model import Chain, Entry, Link
from bot.store.faults import translated_damage
from bot.store.sqlite import Sqlite

GENESIS = "0" * 64
"""What the first link names as the hash before it."""


def digest(seq: int, entry: tuple[str, str, str, str, str], prev: str) -> str:
    """SHA-256 over the canonical JSON of `[seq, at, kind, subject, by, body, prev]`, in hex."""
    # list: bytes where text belongs were tampered with, and no honest link holds a list.
    text = json.dumps([seq, *entry, prev], ensure_ascii=False, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def append(db: sqlite3.Connection, entry: Entry) -> None:
    """Add *entry* to the chain, inside the caller's transaction."""
    head = db.execute("SELECT seq, hash FROM ledger_head").fetchone()
    seq, prev = (head[0] + 1, head[1]) if head else (1, GENESIS)
    body = json.dumps(entry.body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    fields = (entry.at, entry.kind, entry.subject, entry.by, body)
    link = digest(seq, fields, prev)
    db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (seq, *fields, prev, link))
    db.execute(
        "INSERT INTO ledger_head VALUES (1, ?, ?)"
        " ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        (seq, link),
    )


def check(links: Iterator[Link], end: tuple[int, str], head: str | None) -> Chain:
    """Walk *links* from the first. *end* is where the store says the chain ends; *head* a hash
    that was noted earlier and must be met on the way."""
    seq, prev, met = 0, GENESIS, head is None or head == GENESIS
    for link in links:
        fields = (link.at, link.kind, link.subject, link.by, link.body)
        if link.seq != seq + 1:
            return _broken(seq, prev, seq + 1, f"link {seq + 1} is missing")
        if link.prev != prev:
            return _broken(seq, prev, link.seq, f"link {link.seq} does not follow from the last")
        if link.hash != digest(link.seq, fields, prev):
            return _broken(seq, prev, link.seq, f"link {link.seq} was changed")
        seq, prev = link.seq, link.hash
        met = met or prev == head
    if (seq, prev) != end:
        what = f"the chain ends at link {seq}, but its head says {end[0]}: the tail was cut"
        if end[0] <= seq:
            what = f"the head says link {end[0]}, but the chain ends at {seq}"
        return _broken(seq, prev, seq + 1, what)
    if not met:
        return _broken(seq, prev, None, "the head you noted is not in this chain")
    return Chain(length=seq, head=prev)


def _broken(length: int, head: str, at: int | None, reason: str) -> Chain:
    return Chain(length=length, head=head, broken_at=at, reason=reason)


class LedgerRows(Sqlite):
    """The store's verbs about the ledger."""

    def links(self, after: int = 0, limit: int = 500) -> Sequence[Link]:
        """The links in order, from *after* + 1."""
        with self._as_it_stands() as db:
            rows = db.execute(
                "SELECT seq, at, kind, subject, by, body, prev, hash FROM ledger"
                " WHERE seq > ? ORDER BY seq LIMIT ?",
                (after, limit),
            )
            return [_link(row) for row in rows]

    def head(self) -> tuple[int, str]:
        """(length, hash) of the last link; (0, GENESIS) where there is none."""
        with self._as_it_stands() as db:
            row = db.execute("SELECT seq, hash FROM ledger_head").fetchone()
            return (row[0], row[1]) if row else (0, GENESIS)

    def verify(self, head: str | None = None) -> Chain:
        """Check the whole chain against one snapshot of the file."""
        with self._as_it_stands() as db:
            end = db.execute("SELECT seq, hash FROM ledger_head").fetchone() or (0, GENESIS)
            rows = db.execute(
                "SELECT seq, at, kind, subject, by, body, prev, hash FROM ledger ORDER BY seq"
            )
            return check(map(_link, rows), (end[0], end[1]), head)

    @contextmanager
    def _as_it_stands(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of what may have been tampered with. Raises Fault where it is damaged."""
        with translated_damage(f"The ledger in {self._path}"):
            db = self.reader
            db.execute("BEGIN")
            db.text_factory = _any_text
            try:
                yield db
            finally:
                db.text_factory = str
                # SQLite ends the snapshot by itself where the disk fails.
                if db.in_transaction:
                    db.execute("COMMIT")


def _any_text(raw: bytes) -> str:
    """Bytes that are no text any more were tampered with: they must fail the hash, not the walk.

    Each becomes a surrogate that no honest text holds, so that an export still shows them.
    """
    return raw.decode("utf-8", "surrogateescape")


def _link(row: tuple[int, str, str, str, str, str, str, str]) -> Link:
    seq, at, kind, subject, by, body, prev, link = row
    return Link(seq=seq, at=at, kind=kind, subject=subject, by=by, body=body, prev=prev, hash=link)
