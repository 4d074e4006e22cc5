"""What can be wrong with a setting, and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from bot.errors import BadInput
from bot.settings.tables import RulesSettings


class SettingFault(Struct, frozen=True):
    """One thing that is wrong. *where* is the key (`[[source]] 2, queue_url`)."""

    where: str
    what: str
    mend: str


class SettingsWrong(BadInput):
    """The settings cannot be used; *faults* lists everything that is wrong, not just the first.

    *rules* is what can be read of `[rules]` all the same, so that what is wrong with the rules
    can be said beside it.
    """

    def __init__(
        self, file: Path, faults: list[SettingFault], rules: RulesSettings | None = None
    ) -> None:
        lines = [f"{file}: {len(faults)} thing(s) to mend."]
        lines += [f"  {fault.where}: {fault.what} {fault.mend}" for fault in faults]
        super().__init__("\n".join(lines), where=str(file))
        self.faults = faults
        self.rules = rules or RulesSettings()


_TABLE_HINTS = {
    "slack": 'Write [slack] with channel = "C…".',
    "people": 'Write [people.take] and [people.resolve] with users = ["U…"].',
    "quiet.to": 'Use a time like "18:00", at most "24:00".',
}
HINTS = {
    "channel": "Use the channel's ID (channel name → About → Channel ID), like C0123ABCD.",
    "queue_url": "Use the URL that SQS shows, https://sqs.<region>.amazonaws.com/<account>/<name>.",
    "type": 'Use "sqs" (or leave it out), or "lookup-events".',
    "since_hours": "Use a number from 0.1 to 2160, which is 90 days.",
    "role_arn": "Use arn:aws:iam::<12 digits>:role/<name>.",
    "region": "Use a Region such as eu-central-1.",
    "visibility_seconds": "Use a whole number from 10 to 43200.",
    "quiet_minutes": "Use a whole number from 1 to 10080, or leave it out.",
    "late_minutes": "Use a whole number from 1 to 1440.",
    "id": "Use the instance's bare id (the last part of its ARN), in lower case.",
    "name": 'Use a short name in quotes, like "prod".',
    "instance": "Use the name or the id of an [[instance]].",
    "account": 'Use the account\'s 12 digits in quotes, like "111122223333".',
    "level": 'Use "informational", "low", "medium", "high" or "critical".',
    "levels": 'Use a list of levels, like ["high", "critical"].',
    "tag": 'Use a tag of rules, like "attack.t1078.004" or "attack.t1078*".',
    "path": 'Use a file\'s name in quotes, like "callwarden.db".',
    "folders": 'Use a list of folders, like ["my-rules"].',
    "disabled": 'Use a list of rules\' names, like ["connect_traffic_moved"].',
    "fold_minutes": "Use a whole number from 1 to 1440.",
    "fold_by": 'Use a list of fields, like ["actor", "account"].',
    "status": 'Use "shadow", "experimental", "test" or "stable".',
    "enabled": "Use true or false.",
    "budget_per_day": "Use a whole number from 1 to 100.",
    "warmup_days": "Use a whole number from 1 to 90.",
    "half_life_days": "Use a number from 1 to 365.",
    "memory_rows": "Use a whole number from 10000 to 5000000.",
    "geo_database": "Use a MaxMind DB file's name in quotes, or a list of such.",
    "record_bytes": "Use a whole number, 10000 or more.",
    "object_bytes": "Use a whole number, 100000 or more.",
    "records_days": "Use a whole number from 1 to 36500.",
    "evidence_days": "Use a whole number from 1 to 36500.",
    "cards_per_minute": "Use a whole number from 2 to 1000.",
    "calm_seconds": "Use a whole number from 10 to 3600.",
    "timezone": 'Use an IANA name in quotes, like "Europe/Zurich".',
    "users": 'Use a list of member IDs, like ["U0123ABCD"].',
    "groups": 'Use a list of user groups\' IDs, like ["S0123ABCD"].',
    "everyone": "Use true or false.",
    "sns_topic": "Use arn:aws:sns:<region>:<12 digits>:<name>; a FIFO topic can wake nobody.",
    "after_minutes": "Use a number from 0.01 to 43200.",
    "slack_down_minutes": "Use a number from 0.01 to 43200.",
    "days": 'Use a list like ["mon", "tue", "wed", "thu", "fri"].',
    "from": 'Use a time like "08:00".',
    "to": 'Use a list of "group:S…", "user:U…", "channel:C…" and "page".',
    "holidays": "Use a list of dates, like [2026-12-25, 2026-12-26].",
}
"""How to mend a setting, by its last word: whoever installed the wheel has no docs folder."""


def hint(where: str) -> str:
    """How to mend the setting *where*."""
    last = re.split(r"[., ]+", where)[-1]
    return _TABLE_HINTS.get(where) or HINTS[last]
