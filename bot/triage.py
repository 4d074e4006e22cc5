"""Findings become alerts: what folds into what, and what is new about it.

An alert covers the window after and before the event time of its first finding. A finding folds
in where its rule and fold values are the same; a change that Global Resiliency repeats in the
replica Region folds into the alert about the original. What an alert has not shown before (actor,
network, user agent, success after refusals, a higher level) is new context: it is shown on the
card and said in the thread. A resolved alert takes in only what came before its resolution and
brings nothing new; anything else opens a new alert, so that nobody hides behind a closed one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from bot.detection.correlate import NO_CHAINS
from bot.exemptions import exempted
from bot.inhibition import NONE
from bot.model import (
    Alert,
    AlertState,
    Exemption,
    Finding,
    Record,
    Seen,
    Snooze,
    first_card,
    moment,
)
from bot.novelty import SEEN_KEPT, news, principal, seeing
from bot.ports import Correlating, Folded, Inhibiting, Storming
from bot.snoozes import quieted
from bot.storms import NEVER
from bot.telling import edit, kept, told


class Triage:
    """`ports.Folding`: the rules of folding, with a *window* and the channel of a finding."""

    def __init__(
        self,
        *,
        window: timedelta,
        channel_of: Callable[[Finding], str],
        storms: Storming = NEVER,
        inhibition: Inhibiting = NONE,
        correlations: Correlating = NO_CHAINS,
        origin_of: Callable[[str], str] = lambda address: "",
    ) -> None:
        self._window = window
        self._channel_of = channel_of
        self.storms: Storming = storms
        self.inhibition: Inhibiting = inhibition
        self.correlations: Correlating = correlations
        self._origin_of = origin_of

    def keys(self, finding: Finding) -> tuple[str, str]:
        """(fold key, target key); the target key is "" where the record names no target."""
        record = finding.record
        fold = _key(finding.rule, *finding.fold)
        if not (record.target or record.instance):
            return fold, ""
        return fold, _key("target", finding.rule, record.name, record.target, record.instance)

    def exempted(
        self, finding: Finding, exemptions: Sequence[Exemption], now: str
    ) -> Exemption | None:
        """The one of *exemptions* by which *finding* is expected, with the hit counted."""
        return exempted(finding, exemptions, now)

    def fold(
        self,
        finding: Finding,
        candidates: Sequence[Alert],
        new_id: Callable[[], str],
        now: str,
        snoozes: Sequence[Snooze] = (),
    ) -> Folded:
        """Fold *finding* into the first of *candidates* that takes it in, or open *new_id()*.

        *snoozes* are those that are asked for or on; what one covers disturbs nobody.
        """
        folded = self._placed(self._fold(finding, candidates, new_id, now))
        before = next((one for one in candidates if one.id == folded.alert.id), None)
        return quieted(folded, finding, before, snoozes, now)

    def _fold(
        self, finding: Finding, candidates: Sequence[Alert], new_id: Callable[[], str], now: str
    ) -> Folded:
        fold_key, target_key = self.keys(finding)
        time = finding.record.happened(now)
        for alert in candidates:
            if not self._covers(alert, finding, time):
                continue
            if alert.resolved and time > alert.resolved.at:
                continue
            same_target = bool(target_key) and alert.target_key == target_key
            if finding.record.replay and same_target:
                return _replayed(alert, now)
            if same_target and _only_replays(alert):
                return _originated(alert, finding, fold_key, time, now)
            if alert.fold_key == fold_key and not _crowded(alert, finding.record):
                origin = self._origin_of(finding.record.source_ip)
                fresh = news(alert.seen, alert.level, finding, time, origin)
                if not (alert.resolved and fresh):
                    return _folded(alert, finding, fresh, time, now)
        return self._opened(finding, new_id(), time, now)

    def _placed(self, folded: Folded) -> Folded:
        """With whose the address is, and where."""
        origin = self._origin_of(folded.alert.source_ip)
        if origin == folded.alert.origin:
            return folded
        alert = msgspec.structs.replace(folded.alert, origin=origin)
        return msgspec.structs.replace(folded, alert=alert)

    def window(self, finding: Finding) -> timedelta:
        """How far from an alert's first finding *finding* still folds into it."""
        return timedelta(minutes=finding.fold_minutes) if finding.fold_minutes else self._window

    def _covers(self, alert: Alert, finding: Finding, time: str) -> bool:
        anchor, at = moment(alert.anchor), moment(time)
        return bool(anchor and at and abs(at - anchor) <= self.window(finding))

    def _opened(self, finding: Finding, new_id: str, time: str, now: str) -> Folded:
        record = finding.record
        fold_key, target_key = self.keys(finding)
        alert = Alert(
            id=new_id,
            rule=finding.rule,
            level=finding.level,
            headline=finding.headline,
            why=finding.why,
            runbook=finding.runbook,
            tags=finding.tags,
            fold_key=fold_key,
            target_key=target_key,
            anchor=time,
            first_time=time,
            last_time=time,
            opened_at=now,
            replays=int(record.replay),
            actor=record.actor,
            seen=seeing(Seen(), record),
            channel=self._channel_of(finding),
        )
        alert = msgspec.structs.replace(alert, **_latest(record))
        return Folded(alert=alert, sends=(first_card(alert),), opened=True)


def _folded(alert: Alert, finding: Finding, fresh: Sequence[str], time: str, now: str) -> Folded:
    """One more of the same, with what is new about it."""
    record = finding.record
    latest = _latest(record) if time >= alert.last_time else {}
    changed = msgspec.structs.replace(
        alert,
        count=alert.count + 1,
        replays=alert.replays + record.replay,
        version=alert.version + 1,
        level=max(alert.level, finding.level, key=lambda level: level.rank),
        headline=alert.headline if finding.level.rank <= alert.level.rank else finding.headline,
        first_time=min(alert.first_time, time),
        last_time=max(alert.last_time, time),
        seen=seeing(alert.seen, record),
        news=kept((*alert.news, *fresh)),
        **latest,
    )
    return Folded(alert=changed, sends=(edit(changed, now), *told(changed, fresh)))


def _replayed(alert: Alert, now: str) -> Folded:
    """The replica's copy of a change that the alert is about: counted, nothing new."""
    changed = msgspec.structs.replace(
        alert, count=alert.count + 1, replays=alert.replays + 1, version=alert.version + 1
    )
    return Folded(alert=changed, sends=(edit(changed, now),))


def _originated(alert: Alert, finding: Finding, fold_key: str, time: str, now: str) -> Folded:
    """The original of a change whose replay came first: the alert is about its actor now."""
    record = finding.record
    fresh = (f"the change itself: by {record.actor.name or 'unknown'} ({time})",)
    changed = msgspec.structs.replace(
        alert,
        count=alert.count + 1,
        version=alert.version + 1,
        level=max(alert.level, finding.level, key=lambda level: level.rank),
        headline=finding.headline,
        actor=record.actor,
        fold_key=fold_key,
        first_time=min(alert.first_time, time),
        last_time=max(alert.last_time, time),
        seen=seeing(alert.seen, record),
        news=kept((*alert.news, *fresh)),
        **_latest(record),
    )
    return Folded(alert=changed, sends=(edit(changed, now), *told(changed, fresh)))


def _crowded(alert: Alert, record: Record) -> bool:
    """One more actor than the alert can name: inside it they would be out of sight."""
    return len(alert.seen.actors) >= SEEN_KEPT and principal(record) not in alert.seen.actors


def _only_replays(alert: Alert) -> bool:
    return alert.replays == alert.count and alert.state is not AlertState.RESOLVED


def _latest(record: Record) -> dict[str, str]:
    """The fields of the last finding that stand for the alert."""
    return {
        "account": record.account,
        "region": record.region,
        "instance": record.instance,
        "target": record.target,
        "event_source": record.source,
        "event_name": record.name,
        "source_ip": record.source_ip,
        "user_agent": record.user_agent,
        "error_code": record.error_code,
    }


def _key(*parts: str) -> str:
    text = "\n".join(part.replace("\\", "\\\\").replace("\n", "\\n") for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
