"""A trouble of a source as a finding, so that it becomes a card like any other alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from bot.health.judging import DEAD, FAILING, LATE, REFUSED, SILENT, Reading
from bot.model import OWN_SOURCE, Actor, Diagnosis, Finding, Level, Record, Trouble, moment

TAG = "callwarden.feed"
"""The tag of every finding of ours about ourselves, for routes."""

AGAIN_AFTER = timedelta(days=1)
"""A trouble that goes on for so long is found anew: it is heard of though somebody resolved it."""

_FOLD_MINUTES = 31 * 24 * 60
"""A trouble folds into the open alert about it, however long it goes on."""


class _Words(Struct, frozen=True):
    why: str
    runbook: tuple[str, ...]


_WORDS: Mapping[str, _Words] = {
    SILENT: _Words(
        "While no records come, nothing is detected. A trail that was stopped, by mistake or by an "
        "intruder, looks exactly like this.",
        (
            "Look in CloudTrail whether the trail is logging, and whether its bucket gets files.",
            "Look whether the bucket's event notification still names the queue.",
            "Look in the event history for StopLogging, DeleteTrail and PutEventSelectors.",
            "If it is usual for this source, set quiet_minutes under its [[source]].",
        ),
    ),
    FAILING: _Words(
        "What is in the queue is not read, so nothing in it is detected until this is mended.",
        (
            "Mend what the sentence names: a permission, the network, the queue's address.",
            "Nothing is lost meanwhile: messages stay until the queue's retention ends.",
        ),
    ),
    LATE: _Words(
        "What happens now is detected only when the queue has been worked off.",
        (
            "Look whether the bot was down, or whether something else receives from this queue.",
            "Look at the source's error in /callwarden status, and at this machine's clock.",
            "If the account is simply that busy, give the machine more, or filter the trail.",
            "A source of type lookup-events gives 100 events a second: beyond, use a trail.",
        ),
    ),
    DEAD: _Words(
        "A message in the dead-letter queue was tried and given up: what it says was never "
        "detected, and it is lost when that queue's retention ends.",
        (
            "Look in /callwarden status and in the log for why it could not be read.",
            "Mend that, then start a redrive in the SQS console (Start DLQ redrive).",
            "If it is no CloudTrail, delete it, and keep its sender off the queue.",
        ),
    ),
    REFUSED: _Words(
        "What cannot be read is not judged. A call that should be an alert may be in it.",
        (
            "Look in /callwarden status and in the log: each is named, with its reason.",
            "Look at it by hand, where the name says it is.",
            "A missing permission brings the message back by itself once it is given.",
        ),
    ),
}


def due(trouble: Trouble, now: datetime) -> int:
    """How many findings *trouble* should have led to by *now*: one, and one more each day."""
    begun = moment(trouble.since) or now
    return 1 + max(0, (now - begun) // AGAIN_AFTER)


def finding(diagnosis: Diagnosis, trouble: Trouble, number: int, reading: Reading) -> Finding:
    """The finding *number* of *trouble*. The same number again is the same finding."""
    words = _WORDS[diagnosis.rule]
    begun = moment(trouble.since) or reading.now
    identity = f"{OWN_SOURCE}:{trouble.rule}:{trouble.source}:{trouble.since}:{number}"
    record = Record(
        id=identity,
        key=identity,
        raw=msgspec.json.encode(reading),
        time=_cloudtrail(begun + (number - 1) * AGAIN_AFTER),
        source=OWN_SOURCE,
        name=diagnosis.rule,
        actor=Actor(principal=OWN_SOURCE, name=OWN_SOURCE),
        target=trouble.source,
    )
    return Finding(
        rule=diagnosis.rule,
        level=Level.HIGH,
        headline=diagnosis.said,
        why=words.why,
        record=record,
        fold=(trouble.source,),
        runbook=words.runbook,
        tags=(TAG,),
        fold_minutes=_FOLD_MINUTES,
        accounts=reading.heard.accounts,
        since=_quiet_since(reading) if diagnosis.rule == SILENT else trouble.since,
    )


def _quiet_since(reading: Reading) -> str:
    """A silence is older than the trouble, which begins where it is longer than usual."""
    return reading.heard.last_at or reading.heard.since


def _cloudtrail(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
