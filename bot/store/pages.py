"""Pages as rows: queue, claim, and what became of each; and the steps that led to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from bot.model import (
    REPLACED,
    Alert,
    Entry,
    Level,
    Page,
    PageKind,
    PageState,
    Send,
    SendKind,
    SendState,
)
from bot.ports import Due, Escalating, EscalatingLeft
from bot.store import aftermath, alerts, ledger, outbox
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite
from bot.store.standing import SNOOZES

_COLUMNS = (
    "id, kind, subject, level, title, text, state, attempts, queued_at, due_at, done_at, error"
)


def put(db: sqlite3.Connection, page: Page, now: str) -> None:
    """Queue *page* inside the caller's transaction; one that is known stays as it is."""
    db.execute(
        f"INSERT INTO pages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?, '', '')"  # noqa: S608 - constant text
        " ON CONFLICT (id) DO NOTHING",
        (page.id, page.kind, page.subject, page.level, page.title, page.text, now, now),
    )


class PageRows(Sqlite):
    """The store's verbs about pages and escalation."""

    def queue_page(self, page: Page, now: str) -> None:
        """Queue a page; one that is known already stays as it is."""
        with self.writing(Turn.SENDER) as db:
            put(db, page, now)

    def claim_page(self, now: str, horizon: str) -> Page | None:
        """Take the next page that is due. The claim is durable before it returns."""
        due = "state IN ('waiting', 'refused') AND (due_at <= ? OR due_at > ?)"
        # Mostly there is none, and looking needs no turn at the gate.
        ask = f"SELECT {_COLUMNS} FROM pages WHERE {due} ORDER BY seq LIMIT 1"  # noqa: S608
        if self.reader.execute(ask, (now, horizon)).fetchone() is None:
            return None
        with self.writing(Turn.SENDER) as db:
            row = db.execute(ask, (now, horizon)).fetchone()
            if row is None:
                return None
            page = _page(row)
            db.execute(
                "UPDATE pages SET state = 'sending', attempts = attempts + 1 WHERE id = ?",
                (page.id,),
            )
        return msgspec.structs.replace(page, state=PageState.SENDING, attempts=page.attempts + 1)

    def page_done(self, page: Page, entry: Entry) -> None:
        """The page went out."""
        self._settle(page, PageState.SENT, "", entry)

    def page_refused(self, page: Page, due_at: str, error: str, entry: Entry) -> None:
        """Refused time and again; it is tried once more at *due_at*."""
        with self.writing(Turn.SENDER) as db:
            refused = db.execute(
                "UPDATE pages SET state = 'refused', due_at = ?, error = ?"
                " WHERE id = ? AND state IN ('waiting', 'sending')",
                (due_at, error, page.id),
            ).rowcount
            first = db.execute(
                "UPDATE pages SET done_at = ? WHERE id = ? AND state = 'refused' AND done_at = ''",
                (entry.at, page.id),
            ).rowcount
            if refused and first:
                ledger.append(db, entry)

    def page_dropped(self, page: Page, why: str, entry: Entry) -> None:
        """It need not go out any more."""
        self._settle(page, PageState.DROPPED, why, entry)

    def _settle(self, page: Page, state: PageState, error: str, entry: Entry) -> None:
        with self.writing(Turn.SENDER) as db:
            settled = db.execute(
                "UPDATE pages SET state = ?, done_at = ?, error = ?"
                " WHERE id = ? AND state IN ('waiting', 'sending')",
                (state, entry.at, error, page.id),
            ).rowcount
            if settled:
                ledger.append(db, entry)

    def page_again(self, page: Page, due_at: str, error: str) -> None:
        """The page waits until *due_at*."""
        with self.writing(Turn.SENDER) as db:
            db.execute(
                "UPDATE pages SET state = 'waiting', due_at = ?, error = ? WHERE id = ?",
                (due_at, error, page.id),
            )

    def page_later(self, page: Page, due_at: str) -> None:
        """The page was not tried, and waits until *due_at*."""
        with self.writing(Turn.SENDER) as db:
            db.execute(
                "UPDATE pages SET state = 'waiting', due_at = ?, attempts = max(0, attempts - 1)"
                " WHERE id = ?",
                (due_at, page.id),
            )

    def recover_pages(self, now: str) -> int:
        """What was under way when we died waits again, though it may have gone out; so does what
        was refused."""
        with self.writing(Turn.SENDER) as db:
            return db.execute(
                "UPDATE pages SET state = 'waiting', due_at = ?"
                " WHERE state IN ('sending', 'refused')",
                (now,),
            ).rowcount

    def last_page(self, kinds: Sequence[PageKind]) -> Page | None:
        """The page of *kinds* that was queued last."""
        holes = ", ".join("?" * len(kinds))
        return self._one(f"kind IN ({holes}) ORDER BY seq DESC", *kinds)

    def sent_page(self) -> Page | None:
        """The page that went out last."""
        return self._one("state = 'sent' ORDER BY done_at DESC, seq DESC")

    def failed_pages(self, limit: int = 20, since: str = "") -> Sequence[Page]:
        """Pages that wait after a try in vain, and the latest that were refused."""
        rows = self.reader.execute(
            f"SELECT {_COLUMNS} FROM pages WHERE (state = 'waiting' AND error <> '')"  # noqa: S608 - constant text
            " OR (state = 'refused' AND done_at >= ?)"
            " ORDER BY state DESC, done_at DESC, seq DESC LIMIT ?",
            (since, limit),
        )
        return [_page(row) for row in rows]

    def _one(self, where: str, *values: str) -> Page | None:
        row = self.reader.execute(
            f"SELECT {_COLUMNS} FROM pages WHERE {where} LIMIT 1",  # noqa: S608 - our own text
            values,
        ).fetchone()
        return _page(row) if row else None

    def is_seen(self, subject: str) -> bool:
        """Whether the newest card of *subject* was posted."""
        row = self.reader.execute(
            "SELECT state FROM outbox WHERE subject = ? AND kind = 'card'"
            " ORDER BY seq DESC LIMIT 1",
            (subject,),
        ).fetchone()
        return row is not None and row[0] == SendState.SENT

    def unseen_cards(self, limit: int = 20) -> Sequence[Send]:
        """Cards refused for good, of alerts that are not resolved and of storms, not paged yet.

        A card that only waits for a new token is no such card, nor one that another replaces.
        """
        rows = self.reader.execute(
            "SELECT o.id, o.subject, o.channel, o.error FROM outbox o"
            " LEFT JOIN alerts a ON a.id = o.subject LEFT JOIN storms s ON s.id = o.subject"
            " WHERE (a.state <> 'resolved' OR s.id IS NOT NULL)"
            " AND o.state = 'refused' AND o.kind = 'card' AND o.error NOT LIKE 'token: %'"
            " AND o.error NOT LIKE ? || '%' AND NOT EXISTS (SELECT 1 FROM pages p"
            " WHERE p.subject = o.subject AND p.kind = 'unseen')"
            " ORDER BY o.done_at, o.seq LIMIT ?",
            (REPLACED, limit),
        )
        return [
            Send(id=send, kind=SendKind.CARD, subject=subject, channel=channel, error=error)
            for send, subject, channel, error in rows
        ]

    # ── escalation ──────────────────────────────────────────────────────────

    def open_alerts(self, after: str = "", limit: int = 200) -> Sequence[Alert]:
        """Alerts that nobody has taken, by id, from the one behind *after* on."""
        # Not by OFFSET: of ten thousand alerts, each page would cost as much as all before it.
        rows = self.reader.execute(
            "SELECT body, channel, ts FROM alerts WHERE state = 'open' AND id > ?"
            " ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [alerts.read(*row) for row in rows]

    def escalated(self, keys: Sequence[str]) -> frozenset[str]:
        """Those of *keys* whose step was taken already."""
        holes = ", ".join("?" * len(keys))
        rows = self.reader.execute(
            f"SELECT key FROM escalations WHERE key IN ({holes})",  # noqa: S608 - holes only
            tuple(keys),
        )
        return frozenset(row[0] for row in rows)

    def escalate(self, alert_id: str, rule: Escalating, now: str) -> int:
        """Take the steps that are due and were not taken yet, all that follows in one step."""
        with self.writing(Turn.SENDER) as db:
            alert = alerts.get(db, alert_id)
            return _take(db, alert_id, rule(alert, SNOOZES.standing(db)) if alert else (), now)

    def escalate_left(self, storm_id: str, rule: EscalatingLeft, now: str) -> int:
        """The same for what a storm still holds back."""
        with self.writing(Turn.SENDER) as db:
            left = aftermath.left(db, storm_id)
            return _take(db, storm_id, rule(left) if left else (), now)


def _take(db: sqlite3.Connection, subject: str, steps: Sequence[Due], now: str) -> int:
    taken = 0
    for due in steps:
        fresh = db.execute(
            "INSERT INTO escalations VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (due.key, subject, now),
        ).rowcount
        if not fresh:
            continue
        outbox.put(db, due.sends, now)
        for page in due.pages:
            put(db, page, now)
        ledger.append(db, due.entry)
        taken += 1
    return taken


def _page(row: Sequence[Any]) -> Page:
    return Page(
        id=row[0],
        kind=PageKind(row[1]),
        subject=row[2],
        level=Level(row[3]),
        title=row[4],
        text=row[5],
        state=PageState(row[6]),
        attempts=row[7],
        queued_at=row[8],
        due_at=row[9],
        done_at=row[10],
        error=row[11],
    )
