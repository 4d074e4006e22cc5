"""A stretch of the event history: read newest first, handed over oldest first."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.aws.paging import PAGE
from bot.model import Unreadable, iso
from bot.ports import Blob

log = logging.getLogger(__name__)


class Stretch:
    """From *start* to *end*, both included; *events* as far as they are read, newest first."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start = start
        self.end = end
        self.events: list[Any] = []
        self.token = ""
        self.pages = 0

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


class LookupDelivery:
    """A `ports.Delivery`: the *events* of a stretch that are new, oldest first.

    *lost* is a time that the history no longer shows and that nobody has read. *stored* and
    *again* are told of the end.
    """

    sent_at = ""
    """How late it is, its gauge tells: history of the first start is not."""

    def __init__(
        self,
        *,
        name: str,
        stretch: Stretch,
        events: Sequence[Any],
        lost: tuple[datetime, datetime] | None,
        stored: Callable[[], None],
        again: Callable[[], None],
    ) -> None:
        self.where = _where(name, stretch.start, stretch.end)
        self._name = name
        self._events = events
        self._lost = lost
        self._stored = stored
        self._again = again

    def parts(self) -> Iterator[Blob | Unreadable]:
        """A blob for each 50 events; first what the history no longer shows."""
        if self._lost:
            reason = "the event history shows 90 days, and was not read for longer"
            yield Unreadable(where=_where(self._name, *self._lost), reason=reason)
        for first in range(0, len(self._events), PAGE):
            kept = [_kept(event) for event in self._events[first : first + PAGE]]
            yield Blob(where=self.where, body=json.dumps({"Events": kept}).encode())

    def done(self) -> None:
        """Everything in it is stored: the cursor moves on."""
        self._stored()

    def failed(self, reason: str) -> None:
        """The stretch is read again."""
        log.warning("%s will be read again: %s", self.where, reason)
        self._again()


def _where(name: str, start: datetime, end: datetime) -> str:
    return f"{name} from {iso(start)} to {iso(end)}"


def _kept(event: Any) -> dict[str, str]:
    """The record is a string of JSON; what else AWS says of it stands in it too."""
    return {key: event[key] for key in ("EventId", "CloudTrailEvent") if key in event}
