"""The outbox's rows: queue, claim, and what became of each send."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from bot.model import (
    REMEMBERED,
    REPLACED,
    Edits,
    Lane,
    Send,
    SendKind,
    SendState,
    foremost,
    iso,
    moment,
    news_due,
    send_id,
)
from bot.store import calls, counts, delays
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_COLUMNS = (
    "id, kind, subject, channel, user, lane, revision, body, state, attempts, ambiguous,"
    " tried_at, due_at, ts, error"
)
_LOST = "its card was refused"
"""How the error of a send begins that was given up only because it follows a refused card."""

_CARD_MOVES = (
    "EXISTS (SELECT 1 FROM outbox c WHERE c.subject = o.subject AND c.kind = 'card'"
    " AND c.state IN ('waiting', 'sending'))"
)
"""The card of send `o` is about to be posted, perhaps anew: what follows it goes there too."""

_CARD_IN_DOUBT = (
    f"(o.kind = 'note' AND o.error LIKE '{_LOST}%' AND EXISTS (SELECT 1 FROM outbox e"  # noqa: S608
    " WHERE e.subject = o.subject AND e.kind = 'edit' AND e.state = 'waiting'))"
)
"""Note `o` was given up once: an edit that waits shall find out first whether its card stands."""

_NEWS_LINES = 10
"""Lines of new context that one thread note may gather before it is sent."""


def put(db: sqlite3.Connection, sends: Iterable[Send], now: str) -> None:
    """Queue *sends* inside the caller's transaction; edits, news and calls join waiting ones.

    A send that is known already stays as it is, but for a card that was refused: whoever asks for
    it again has just found its alert without one, so it is tried again. Nothing asks because of
    the card's own refusal, so this is no loop.
    """
    for asked in sends:
        if (send := calls.gathered(db, asked)) is None:
            continue
        due = send.due_at or now
        if send.lane is Lane.CRITICAL:
            _hasten_card(db, send.subject)
        if send.kind is SendKind.EDIT and _joins_edit(db, send, due):
            continue
        if send.body.get("news"):
            due = _when_said(db, send, now)
            if _joins_news(db, send, due):
                continue
        lost = _lost_card(db, send)
        db.execute(
            f"INSERT INTO outbox ({_COLUMNS}, done_at)"  # noqa: S608 - constant text
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', ?, '', ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET state = 'waiting', body = excluded.body,"
            # One that may have arrived after all is looked for where it was sent.
            " channel = iif(ambiguous, channel, excluded.channel),"
            " due_at = excluded.due_at, done_at = '', error = '', lane = min(lane, excluded.lane)"
            " WHERE kind = 'card' AND state = 'refused'",
            (
                send.id,
                send.kind,
                send.subject,
                send.channel,
                send.user,
                send.lane,
                send.revision,
                msgspec.json.encode(send.body),
                SendState.REFUSED if lost else SendState.WAITING,
                due,
                lost,
                now if lost else "",
            ),
        )


def _lost_card(db: sqlite3.Connection, send: Send) -> str:
    """Why *send* can never go, or "": it follows a card that was refused for good."""
    if send.kind not in (SendKind.EDIT, SendKind.NOTE):
        return ""
    hope = db.execute(
        "SELECT 1 FROM outbox WHERE subject = ? AND kind = 'card'"
        " AND (state <> 'refused' OR error LIKE 'token: %')"
        " UNION ALL SELECT 1 FROM alerts WHERE id = ? AND ts <> ''"
        " UNION ALL SELECT 1 FROM storms WHERE id = ? AND ts <> '' LIMIT 1",
        (send.subject, send.subject, send.subject),
    ).fetchone()
    return "" if hope else _LOST


def _stands(db: sqlite3.Connection, alert_id: str) -> None:
    """The card of *alert_id* was posted or edited just now, so it stands and says everything: in
    place of cards that were refused and of edits that were given up with them."""
    db.execute(
        "UPDATE outbox SET error = ? || error WHERE subject = ? AND state = 'refused'"
        " AND (kind = 'card' OR (kind = 'edit' AND error LIKE ? || '%'))"
        " AND error NOT LIKE ? || '%'",
        (REPLACED, alert_id, _LOST, REPLACED),
    )


def _takes_notes(db: sqlite3.Connection, alert_id: str, now: str) -> None:
    """The thread of *alert_id* is open, as a post has shown: the notes given up follow."""
    db.execute(
        "UPDATE outbox SET state = 'waiting', due_at = ?, done_at = '' WHERE subject = ?"
        " AND state = 'refused' AND kind = 'note' AND error LIKE ? || '%'",
        (now, alert_id, _LOST),
    )


def _looks(db: sqlite3.Connection, now: str) -> list[Send]:
    """An edit for every alert whose card was to be posted anew and was refused.

    The old card may stand still, in a channel that is open to us again; then the edit brings it
    up to date. Where it is gone, the edit finds that out, and asks for the new card once more.
    """
    rows = db.execute(
        "SELECT o.id, o.subject, o.lane, a.channel, a.version FROM outbox o"
        " JOIN alerts a ON a.id = o.subject WHERE o.state = 'refused' AND o.kind = 'card'"
        " AND o.error NOT LIKE ? || '%' AND a.ts <> '' ORDER BY o.seq",
        (REPLACED,),
    ).fetchall()
    return [
        Send(
            id=send_id(card, SendKind.EDIT, now),
            kind=SendKind.EDIT,
            subject=subject,
            channel=channel,
            lane=Lane(lane),
            revision=version,
        )
        for card, subject, lane, channel, version in rows
    ]


def _hasten_card(db: sqlite3.Connection, subject: str) -> None:
    """*subject* is critical by now: its card overtakes ordinary ones, and is first among the
    critical by its age. Also one that is under way, or was refused, for it may wait again."""
    db.execute(
        "UPDATE outbox SET lane = ? WHERE subject = ? AND kind = 'card' AND state <> 'sent'"
        " AND lane > ?",
        (Lane.CRITICAL, subject, Lane.CRITICAL),
    )


def _joins_edit(db: sqlite3.Connection, send: Send, due: str) -> bool:
    """A card that still waits will be drawn as it is then; a waiting edit takes this one in."""
    waiting = db.execute(
        "SELECT seq, kind FROM outbox WHERE subject = ? AND kind IN ('card', 'edit')"
        " AND state = 'waiting' AND NOT (kind = 'card' AND ambiguous)",
        (send.subject,),
    ).fetchall()
    for seq, kind in waiting:
        if kind == SendKind.EDIT:
            db.execute(
                "UPDATE outbox SET revision = max(revision, ?), lane = min(lane, ?),"
                " due_at = min(due_at, ?) WHERE seq = ?",
                (send.revision, send.lane, due, seq),
            )
    return bool(waiting)


def _when_said(db: sqlite3.Connection, send: Send, now: str) -> str:
    """When the thread hears of this news, by what it heard already."""
    at = moment(now)
    if at is None:
        return now
    rows = db.execute(
        "SELECT iif(state = 'sent', done_at, due_at) FROM outbox WHERE subject = ?"
        " AND kind = 'note' AND state <> 'refused' AND json_extract(body, '$.news')"
        " AND iif(state = 'sent', done_at, due_at) >= ?",
        (send.subject, iso(at - REMEMBERED)),
    )
    said = [when for (text,) in rows if (when := moment(text)) is not None]
    return iso(news_due(_lines(send.body), said, at))


def _lines(body: Mapping[str, object]) -> list[str]:
    found: list[str] = list(body.get("lines", ()))  # type: ignore[call-overload]  # JSON
    return found


def _joins_news(db: sqlite3.Connection, send: Send, due: str) -> bool:
    """News of one alert gather in the note that waits, so that a burst is one message."""
    row = db.execute(
        "SELECT seq, body FROM outbox WHERE subject = ? AND kind = 'note' AND state = 'waiting'"
        " AND ambiguous = 0 AND json_extract(body, '$.news') LIMIT 1",
        (send.subject,),
    ).fetchone()
    if row is None:
        return False
    body: dict[str, Any] = msgspec.json.decode(row[1])
    lines = [*body["lines"], *_lines(send.body)]
    body["lines"] = foremost(lines, _NEWS_LINES)
    body["more"] = body.get("more", 0) + len(lines) - len(body["lines"])
    db.execute(
        "UPDATE outbox SET body = ?, lane = min(lane, ?), due_at = min(due_at, ?) WHERE seq = ?",
        (msgspec.json.encode(body), send.lane, due, row[0]),
    )
    return True


class OutboxRows(Sqlite):
    """The store's verbs about sends."""

    def queue(self, sends: Iterable[Send], now: str) -> None:
        """Queue sends; one that is known already stays as it is, but for a refused card."""
        with self.writing(Turn.CLICK) as db:
            put(db, sends, now)

    def claim_send(
        self,
        now: str,
        *,
        horizon: str,
        closed: frozenset[str] = frozenset(),
        posts: bool = True,
        edits: Edits = Edits.ALL,
        whispers: bool = True,
    ) -> Send | None:
        """Take the next send that is due; None where there is none.

        Edits and notes wait until their card stands where it is going to stand. The claim is
        durable before it returns, so a send that was under way when we died is known to be
        ambiguous.
        """
        holes = ", ".join("?" * len(closed))
        with self.writing(Turn.SENDER) as db:
            row = db.execute(
                f"SELECT o.seq, {_qualified('o')},"  # noqa: S608 - constant text
                " coalesce(a.ts, s.ts, ''), coalesce(a.channel, s.place, '')"
                " FROM outbox o LEFT JOIN alerts a ON a.id = o.subject"
                " LEFT JOIN storms s ON s.id = o.subject"
                " WHERE o.state = 'waiting' AND (o.due_at <= ? OR o.due_at > ?)"
                # First what the row itself says: thousands may wait for a channel that is closed.
                " AND (o.kind IN ('edit', 'ephemeral')"
                f" OR (? AND (o.kind = 'note' OR o.channel NOT IN ({holes}))))"
                " AND (o.kind <> 'ephemeral' OR ?)"
                " AND (o.kind <> 'note'"
                f" OR coalesce(a.channel, s.place, '') NOT IN ({holes}))"
                " AND (o.kind NOT IN ('edit', 'note') OR (coalesce(a.ts, s.ts, '') <> ''"
                f" AND NOT {_CARD_MOVES} AND NOT {_CARD_IN_DOUBT}))"
                " AND (o.kind <> 'edit' OR ? = 'all' OR (? = 'clicks' AND o.lane = '0-click'))"
                " ORDER BY o.lane, o.seq LIMIT 1",
                (now, horizon, posts, *closed, whispers, *closed, edits, edits),
            ).fetchone()
            if row is None:
                return None
            db.execute(
                "UPDATE outbox SET state = 'sending', attempts = attempts + 1,"
                " tried_at = CASE WHEN ambiguous THEN tried_at ELSE ? END WHERE seq = ?",
                (now, row[0]),
            )
        send = _send(row[1:-2])
        follows = send.kind in (SendKind.EDIT, SendKind.NOTE)
        return msgspec.structs.replace(
            send,
            state=SendState.SENDING,
            attempts=send.attempts + 1,
            tried_at=send.tried_at if send.ambiguous else now,
            ts=row[-2] if follows else send.ts,
            channel=row[-1] if follows else send.channel,
        )

    def next_due(self) -> str | None:
        """When the earliest waiting send is due."""
        row = self.reader.execute(
            "SELECT min(due_at) FROM outbox WHERE state = 'waiting'"
        ).fetchone()
        return row[0] if row else None

    def send_done(self, send: Send, channel: str, ts: str, now: str) -> None:
        """The send arrived. A card's place is remembered with its alert, and what was given up
        for want of a card follows."""
        with self.writing(Turn.SENDER) as db:
            db.execute(
                "UPDATE outbox SET state = 'sent', ts = ?, channel = ?, done_at = ?, error = ''"
                " WHERE id = ?",
                (ts, channel, now, send.id),
            )
            if send.kind is SendKind.CARD:
                delays.note(db, send.subject, now)
                for statement in (
                    "UPDATE alerts SET channel = ?, ts = ? WHERE id = ?",
                    "UPDATE storms SET place = ?, ts = ? WHERE id = ?",
                ):
                    db.execute(statement, (channel, ts, send.subject))
            if send.kind in (SendKind.CARD, SendKind.EDIT):
                _stands(db, send.subject)
            # An edit shows nothing: Slack may allow it in a channel that takes no posts of ours.
            if send.kind in (SendKind.CARD, SendKind.NOTE):
                _takes_notes(db, send.subject, now)
            counts.add(db, f"sent.{send.kind}")

    def send_again(self, send: Send, due_at: str, error: str, ambiguous: bool) -> None:
        """The send waits until *due_at*; *ambiguous* where this try may have arrived."""
        with self.writing(Turn.SENDER) as db:
            db.execute(
                "UPDATE outbox SET state = 'waiting', due_at = ?, error = ?, ambiguous = ?,"
                " channel = ?, body = ? WHERE id = ?",
                (
                    due_at,
                    error,
                    int(ambiguous),
                    send.channel,
                    msgspec.json.encode(send.body),
                    send.id,
                ),
            )

    def send_refused(self, send: Send, error: str, now: str) -> None:
        """Refused for good. What follows a card that did not come is refused with it, unless the
        card only waits for a new token. Where an older card may stand, edits try that one."""
        with self.writing(Turn.SENDER) as db:
            db.execute(
                "UPDATE outbox SET state = 'refused', error = ?, done_at = ? WHERE id = ?",
                (error, now, send.id),
            )
            if send.kind is SendKind.CARD and not error.startswith("token: "):
                db.execute(
                    "UPDATE outbox SET state = 'refused', error = ?, done_at = ?"
                    " WHERE subject = ? AND state = 'waiting' AND (kind = 'note' OR (kind = 'edit'"
                    " AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.id = outbox.subject"
                    " AND a.ts <> '') AND NOT EXISTS (SELECT 1 FROM storms s"
                    " WHERE s.id = outbox.subject AND s.ts <> '')))",
                    (f"{_LOST}: {error}", now, send.subject),
                )

    def recover_sends(self, now: str) -> int:
        """Call once at start, before anything is claimed.

        What a refused card left out of sight is tried once more: whoever starts us has perhaps
        invited us to the channel meanwhile. A card that nobody ever saw goes to its own channel;
        one that was to be posted anew begins with an edit of the old one, and the notes go where
        that leads.
        """
        with self.writing(Turn.SENDER) as db:
            db.execute(
                "UPDATE outbox SET state = 'refused', done_at = ?,"
                " error = 'cut off by a crash; sent at most once' "
                " WHERE state = 'sending' AND kind = 'ephemeral'",
                (now,),
            )
            again = db.execute(
                "UPDATE outbox SET state = 'waiting', ambiguous = (kind <> 'edit'), due_at = ?"
                " WHERE state = 'sending'",
                (_settled(now),),
            ).rowcount
            halted = db.execute(
                "UPDATE outbox SET state = 'waiting', due_at = ?, done_at = ''"
                " WHERE state = 'refused' AND error LIKE 'token: %'",
                (now,),
            ).rowcount
            unseen = db.execute(
                "UPDATE outbox SET state = 'waiting', due_at = ?, done_at = '',"
                " channel = iif(ambiguous, outbox.channel, a.channel) FROM alerts a"
                " WHERE a.id = outbox.subject AND a.ts = '' AND a.state <> 'resolved'"
                " AND outbox.state = 'refused' AND kind = 'card'",
                (now,),
            ).rowcount
            looks = _looks(db, now)
            put(db, looks, now)
            notes = db.execute(
                "UPDATE outbox SET state = 'waiting', due_at = ?, done_at = '', attempts = 0"
                " FROM alerts a WHERE a.id = outbox.subject AND a.ts <> ''"
                " AND outbox.state = 'refused' AND kind = 'note' AND error LIKE ? || '%'",
                (now, _LOST),
            ).rowcount
        return int(again + halted + unseen + notes) + len(looks)

    def sends_under_way(self) -> Sequence[Send]:
        """The sends that are claimed and not done: after a crash, those that it cut off."""
        rows = self.reader.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE state = 'sending'"  # noqa: S608 - constant text
            " ORDER BY seq"
        )
        return [_send(row) for row in rows]

    def unheard_calls(self, since: str, limit: int = 100) -> Sequence[Send]:
        """Calls about critical alerts, refused for good from *since* (ISO) on, latest first."""
        rows = self.reader.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE state = 'refused' AND done_at >= ?"  # noqa: S608
            " AND kind IN ('dm', 'post') AND lane = ? AND error NOT LIKE 'token: %'"
            " AND json_extract(body, '$.untaken') IS NOT NULL ORDER BY done_at DESC LIMIT ?",
            (since, Lane.CRITICAL, limit),
        )
        return [_send(row) for row in rows]

    def last_send(self, subject: str) -> Send | None:
        """The send about *subject* that was queued last."""
        row = self.reader.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE subject = ?"  # noqa: S608 - constant text
            " ORDER BY seq DESC LIMIT 1",
            (subject,),
        ).fetchone()
        return _send(row) if row else None

    def last_posts(self) -> Mapping[str, str]:
        """Per channel, when we last posted there."""
        rows = self.reader.execute(
            "SELECT channel, max(done_at) FROM outbox WHERE state = 'sent'"
            " AND kind <> 'edit' GROUP BY channel"
        )
        return dict(rows.fetchall())

    def refused_sends(self, limit: int = 20, since: str = "") -> Sequence[Send]:
        """The latest sends, from *since* (ISO) on, refused for good that nothing else was sent
        in place of."""
        rows = self.reader.execute(
            f"SELECT {_COLUMNS} FROM outbox WHERE state = 'refused'"  # noqa: S608 - constant text
            " AND error NOT LIKE ? || '%' AND done_at >= ?"
            " ORDER BY done_at DESC, seq DESC LIMIT ?",
            (REPLACED, since, limit),
        )
        return [_send(row) for row in rows]


def _settled(now: str) -> str:
    """A request cut off by our death may still be on its way; look for it a moment later."""
    parsed = moment(now)
    return iso(parsed + timedelta(seconds=1)) if parsed else now


def _qualified(table: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in _COLUMNS.split(","))


def _send(row: Sequence[Any]) -> Send:
    return Send(
        id=row[0],
        kind=SendKind(row[1]),
        subject=row[2],
        channel=row[3],
        user=row[4],
        lane=Lane(row[5]),
        revision=row[6],
        body=msgspec.json.decode(row[7]),
        state=SendState(row[8]),
        attempts=row[9],
        ambiguous=bool(row[10]),
        tried_at=row[11],
        due_at=row[12],
        ts=row[13],
        error=row[14],
    )
