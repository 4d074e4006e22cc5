"""The demo's accounts: what the store says, held against what Slack and AWS saw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.demo.acts import Done, cards, thread_of
from bot.demo.stage import Stage
from bot.demo.story import Story
from bot.detection.baseline import FIRST_SEEN, RATE
from bot.model import AlertState, Verb
from bot.paging import BY
from bot.store import SqliteStore

UNUSUAL = frozenset((FIRST_SEEN, RATE))
"""What baselines say is no part of the plot: it depends on the order in which records come."""

UNUSUAL_A_DAY = 4
"""Of baselines: their budget a day as settings have it, and one for an hour that turns the day."""

TEST_EVENTS = 1
"""S3 says hello to a queue when it is told of it."""


@dataclass
class Accounts:
    """The summary, and every sentence about a number that does not agree."""

    summary: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def agree(self, what: str, found: object, expected: object) -> None:
        """Note a fault where the two differ."""
        if found != expected:
            self.faults.append(f"{what}: {found}, expected {expected}")


def draw_up(stage: Stage, story: Story, done: Done) -> Accounts:
    """Everything the story should have led to, from the store and the two call logs."""
    accounts = Accounts()
    store = SqliteStore(stage.store)
    try:
        _intake(accounts, store, story)
        _alerts(accounts, store, stage, story)
        _sends(accounts, store, stage)
        _said_once(accounts, stage, done)
        _decisions(accounts, store, stage, done)
        _acknowledged(accounts, stage, done)
        _queue(accounts, stage, story)
        _pages(accounts, store, stage)
    finally:
        store.close()
    accounts.summary["faults"] = accounts.faults
    return accounts


def _intake(accounts: Accounts, store: SqliteStore, story: Story) -> None:
    counts, expected = store.counts(), story.expected
    accounts.summary |= {
        "seed": story.seed,
        "records": counts.get("records", 0),
        "records_again": counts.get("records.again", 0),
        "unreadable": counts.get("unreadable", 0),
        "findings": counts.get("findings", 0),
    }
    accounts.agree("records stored", counts.get("records", 0), expected.records)
    accounts.agree("records delivered again", counts.get("records.again", 0), expected.repeats)
    accounts.agree("unreadable records", counts.get("unreadable", 0), expected.unreadable)


def _alerts(accounts: Accounts, store: SqliteStore, stage: Stage, story: Story) -> None:
    alerts = store.alerts(tuple(AlertState), limit=10_000)
    found: Counter[str] = Counter(alert.rule for alert in alerts)
    speaking: Counter[str] = Counter()
    for alert in alerts:
        speaking[alert.rule] += alert.count
    unusual = {rule: found.pop(rule, 0) for rule in UNUSUAL}
    unusual_findings = sum(speaking.pop(rule, 0) for rule in UNUSUAL)
    findings = accounts.summary["findings"] - unusual_findings
    accounts.agree("findings", findings, story.expected.findings)
    accounts.agree("alerts by rule", dict(found), story.expected.alerts_by_rule())
    accounts.agree("findings by rule", dict(speaking), story.expected.findings_by_rule())
    by_day = Counter(alert.first_time[:10] for alert in alerts if alert.rule in UNUSUAL)
    busy = {day: number for day, number in by_day.items() if number > UNUSUAL_A_DAY}
    accounts.agree("days with too many alerts of baselines", busy, {})
    posted: Counter[str] = Counter(card.alert for card in cards(stage.slack))
    missing = [alert.id for alert in alerts if alert.id not in posted]
    twice = [alert for alert, times in posted.items() if times > 1]
    accounts.agree("alerts without a card", missing, [])
    accounts.agree("alerts with two cards", twice, [])
    accounts.summary |= {
        "alerts": len(alerts),
        "alerts_by_rule": dict(sorted((found + Counter(unusual)).items())),
        "baseline_alerts": sum(unusual.values()),
        "posted_twice": len(twice),
        "lost": max(0, story.expected.records - accounts.summary["records"])
        + max(0, story.expected.findings - findings)
        + len(missing),
    }


def _sends(accounts: Accounts, store: SqliteStore, stage: Stage) -> None:
    counts = store.counts()
    posts = [call for call in stage.slack.calls("chat.postMessage") if call.ok]
    edits = [call for call in stage.slack.calls("chat.update") if call.ok]
    whispers = [call for call in stage.slack.calls("chat.postEphemeral") if call.ok]
    stored = sum(counts.get(f"sent.{kind}", 0) for kind in ("card", "note", "dm", "post"))
    accounts.agree("posts in the store, by Slack's log", stored, len(posts))
    accounts.agree("edits in the store, by Slack's log", counts.get("sent.edit", 0), len(edits))
    accounts.agree(
        "private answers in the store, by Slack's log",
        counts.get("sent.ephemeral", 0),
        len(whispers),
    )
    accounts.agree("sends still waiting", counts.get("sends.waiting", 0), 0)
    accounts.agree("sends under way", counts.get("sends.sending", 0), 0)
    accounts.agree("sends refused", counts.get("sends.refused", 0), 0)
    slowed = sum(call.status == 429 for call in stage.slack.calls())
    accounts.summary |= {
        "posts": len(posts),
        "edits": len(edits),
        "private_answers": len(whispers),
        "rate_limited": slowed,
    }


def _said_once(accounts: Accounts, stage: Stage, done: Done) -> None:
    """No send's id was posted twice, the raw record went to who asked, modals were opened."""
    posts = [call.args for call in stage.slack.calls("chat.postMessage") if call.ok]
    named = Counter(str(_metadata(args).get("id", "")) for args in posts)
    accounts.agree("posts without an id", named.pop("", 0), 0)
    accounts.agree("posts said twice", [one for one, times in named.items() if times > 1], [])
    rooms = set(stage.slack.channels.values())
    direct = [args for args in posts if args["channel"] not in rooms]
    received = [m for m in stage.slack.messages(done.raw_to) if m["user"] != done.raw_to]
    accounts.agree("direct messages", len(direct), 1)
    accounts.agree("direct messages to who asked for the raw record", len(received), 1)
    opened = sum(call.ok for call in stage.slack.calls("views.open"))
    accounts.agree("modals opened", opened, done.modals)
    accounts.summary |= {"direct_messages": len(direct), "modals": opened}


def _metadata(args: Mapping[str, Any]) -> dict[str, Any]:
    """What the bot wrote beside a message, to find it again."""
    metadata = args.get("metadata") or {}
    written: dict[str, Any] = json.loads(metadata) if isinstance(metadata, str) else metadata
    return dict(written.get("event_payload") or {})


def _decisions(accounts: Accounts, store: SqliteStore, stage: Stage, done: Done) -> None:
    counts, chain = store.counts(), store.verify()
    accepted, refused = counts.get("decisions", 0), counts.get("decisions.refused", 0)
    links = store.links(limit=10_000)
    away = sum(link.kind in {f"{verb}.refused" for verb in Verb} for link in links)
    accounts.agree("decisions accepted", accepted, done.accepted)
    accounts.agree("decisions refused", refused - away, done.refused)
    accounts.agree("people turned away at the door", away, done.turned_away)
    by_itself = sum(link.by == BY for link in links)
    accounts.agree("links of the ledger", chain.length - by_itself, accepted + refused)
    accounts.agree("the ledger", chain.reason, "")
    said = sum(
        "took it" in str(message) or "resolved it" in str(message)
        for card in cards(stage.slack)
        for message in thread_of(stage.slack, card)
        if message["ts"] != card.ts
    )
    accounts.agree("decisions told in threads", said, done.accepted - 1)
    accounts.summary |= {
        "decisions": accepted,
        "decisions_refused": refused - away,
        "turned_away": away,
        "ledger": {"links": chain.length, "head": chain.head, "whole": chain.whole},
    }


def _acknowledged(accounts: Accounts, stage: Stage, done: Done) -> None:
    """Slack's log of what people did: all of it was acknowledged, every command with an answer."""
    deeds = stage.slack.interactions()
    failed = [one.name for one in deeds if one.acked_at is None or one.failed]
    answered = sum(bool(one.answer) for one in deeds if one.envelope_type == "slash_commands")
    accounts.agree("not acknowledged", failed, [])
    accounts.agree("commands answered, by Slack's log", answered, done.commands)
    accounts.summary["commands"] = answered


def _queue(accounts: Accounts, stage: Stage, story: Story) -> None:
    """Every object was read once, every message deleted once, and none was given up."""
    read = sum(call.status == 200 for call in stage.aws.calls("GetObject"))
    deleted = sum(call.deleted for call in stage.aws.calls())
    accounts.agree("objects read", read, story.objects)
    accounts.agree("messages deleted", deleted, story.messages + TEST_EVENTS)
    accounts.agree("messages left on the queue", stage.aws.queue_depth(), 0)
    dead = len(stage.aws.dead_letters())
    accounts.agree("dead letters", dead, 0)
    accounts.summary |= {
        "objects_read": read,
        "messages_deleted": deleted,
        "dead_letters": dead,
    }


def _pages(accounts: Accounts, store: SqliteStore, stage: Stage) -> None:
    """What woke somebody, by the store, by its ledger, by AWS and by whoever was woken."""
    counts = store.counts()
    sent = counts.get("pages.sent", 0)
    published = sum(call.status == 200 for call in stage.aws.calls("Publish"))
    written = sum(link.kind == "page.sent" for link in store.links(limit=10_000))
    accounts.agree("pages in the store, by AWS's log", sent, published)
    accounts.agree("pages in the ledger", written, sent)
    accounts.agree("pages that reached somebody", len(stage.aws.pages()), published)
    left = sum(counts.get(f"pages.{state}", 0) for state in ("waiting", "sending", "refused"))
    accounts.agree("pages that did not go out", left, 0)
    accounts.summary |= {"pages": sent}
