"""CloudTrail's event history on loopback, as far as LookupEvents shows it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from msgspec import Struct

from bot.demo.aws.modelled import Answer, Modelled, ModelledError

KEPT: Final = timedelta(days=90)
PER_SECOND: Final = 2.0
PAGE: Final = 50

_Record = Mapping[str, Any]


class _Event(Struct, frozen=True):
    at: datetime
    order: int
    visible_from: datetime
    record: _Record


class EventHistory:
    """One account and Region. *clock* gives its time, *timer* the seconds of its throttle.

    `server` serves it. *refused* and *pages_expire* can be set: an error code for every call, and
    after how many seconds of *timer* a NextToken is no longer taken.
    """

    def __init__(self, clock: Callable[[], datetime], timer: Callable[[], float]) -> None:
        self._clock = clock
        self._timer = timer
        self._events: list[_Event] = []
        self._lock = Lock()
        self._tokens = PER_SECOND
        self._filled_at = timer()
        self.refused = ""
        self.pages_expire = 3600.0
        self.elsewhere = 0
        """Calls that somebody else makes before our next one; they use up the same quota."""

    def server(self) -> Modelled:
        """Not yet started: it is a context manager."""
        return Modelled("cloudtrail", {"LookupEvents": self.lookup})

    def write(self, record: _Record, *, late: timedelta = timedelta(0)) -> None:
        """*record* happened at its eventTime and is shown *late* after that."""
        at = datetime.fromisoformat(str(record["eventTime"]))
        with self._lock:
            self._events.append(_Event(at, len(self._events), at + late, record))

    def lookup(self, asked: Answer) -> Answer:
        """LookupEvents: newest first, both ends of the time included, 50 a page."""
        with self._lock:
            self._throttle()
            if self.refused:
                raise ModelledError(self.refused)
            return self._page(asked)

    def _throttle(self) -> None:
        now = self._timer()
        self._tokens = min(PER_SECOND, self._tokens + (now - self._filled_at) * PER_SECOND)
        self._filled_at = now
        self._tokens -= 1 + self.elsewhere
        self.elsewhere = 0
        if self._tokens < -1e-6:  # the same half seconds, added up in another order
            self._tokens += 1  # who is refused is not served, and pays nothing
            raise ModelledError("ThrottlingException", "Rate exceeded")

    def _page(self, asked: Answer) -> Answer:
        now = self._clock()
        start = asked.get("StartTime", now - KEPT)
        end = asked.get("EndTime", now)
        if start > end or start < now - KEPT:
            raise ModelledError("InvalidTimeRangeException")
        wanted = _attribute(asked)
        if asked.get("EventCategory") == "insight":
            return {"Events": []}
        before = self._place(asked)
        fitting = sorted(
            (
                event
                for event in self._events
                if start <= event.at <= end
                and event.visible_from <= now
                and (event.at, event.order) < before
                and event.record.get("managementEvent", True)
                and (wanted is None or _value(event.record, wanted[0]) == wanted[1])
            ),
            key=lambda event: (event.at, event.order),
            reverse=True,
        )
        most = asked.get("MaxResults", PAGE)
        page: Answer = {"Events": [_shown(event) for event in fitting[:most]]}
        if len(fitting) > most:
            page["NextToken"] = self._token(asked, fitting[most - 1])
        return page

    def _token(self, asked: Answer, last: _Event) -> str:
        inside = [_same(asked), self._timer(), last.at.isoformat(), last.order]
        return base64.b64encode(json.dumps(inside).encode()).decode()

    def _place(self, asked: Answer) -> tuple[datetime, int]:
        """Before which event the page begins. A token goes with the call that it was given to."""
        if "NextToken" not in asked:
            return self._clock() + timedelta(days=1), 0
        try:
            same, given_at, at, order = json.loads(base64.b64decode(asked["NextToken"]))
        except ValueError as error:
            raise ModelledError("InvalidNextTokenException") from error
        if same != _same(asked) or self._timer() - given_at > self.pages_expire:
            raise ModelledError("InvalidNextTokenException")
        return datetime.fromisoformat(at), int(order)


def _same(asked: Answer) -> str:
    rest = {key: value for key, value in asked.items() if key != "NextToken"}
    return json.dumps(rest, sort_keys=True, default=str)


def _attribute(asked: Answer) -> tuple[str, str] | None:
    attributes = asked.get("LookupAttributes", [])
    if not attributes:
        return None
    known = "EventId EventName ReadOnly Username ResourceType ResourceName EventSource AccessKeyId"
    [first, *more] = attributes
    # The model shows a list; the API takes one.
    if more or first["AttributeKey"] not in known.split():
        raise ModelledError("InvalidLookupAttributesException")
    return first["AttributeKey"], first["AttributeValue"]


def _value(record: _Record, key: str) -> str | None:
    resources = record.get("resources") or [{}]
    value = {
        "EventId": record.get("eventID"),
        "EventName": record.get("eventName"),
        "EventSource": record.get("eventSource"),
        "ReadOnly": str(record.get("readOnly", False)).lower(),
        "Username": _username(record),
        "AccessKeyId": record.get("userIdentity", {}).get("accessKeyId"),
        "ResourceType": resources[0].get("type"),
        "ResourceName": resources[0].get("ARN"),
    }[key]
    return None if value is None else str(value)


def _username(record: _Record) -> str:
    identity = record.get("userIdentity", {})
    arn = str(identity.get("arn", ""))
    return str(identity.get("userName") or arn.rpartition("/")[2] or identity.get("invokedBy", ""))


def _shown(event: _Event) -> Answer:
    record = event.record
    shown = {
        "EventId": record.get("eventID"),
        "EventName": record.get("eventName"),
        "ReadOnly": _value(record, "ReadOnly"),
        "AccessKeyId": record.get("userIdentity", {}).get("accessKeyId"),
        "EventSource": record.get("eventSource"),
        "Username": _username(record),
        "CloudTrailEvent": json.dumps(record),
    }
    return {
        **{key: value for key, value in shown.items() if value is not None},
        "EventTime": event.at,
        "Resources": [
            {"ResourceType": one.get("type", ""), "ResourceName": one.get("ARN", "")}
            for one in record.get("resources") or ()
        ],
    }
