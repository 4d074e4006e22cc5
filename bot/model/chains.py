"""What counts towards a correlation: several calls that mean more together than each alone."""

from __future__ import annotations

import json

from msgspec import Struct


class ChainMark(Struct, frozen=True, kw_only=True):
    """A record that counts towards *correlation*, in the group of these values.

    *time* is the record's eventTime in milliseconds since 1970 (UTC). *key* is the record's key, so
    that a repeat is the same mark. *rule* is the base rule that matched, "" where all are counted
    together; *value* is what `value_count` counts; *name* is the record's eventName. *span* (in
    milliseconds) and *most* say how far, and how many marks on either side, one has to look.
    """

    correlation: str
    group: tuple[str, ...]
    time: int
    key: str
    rule: str = ""
    value: str = ""
    name: str = ""
    span: int = 0
    most: int = 0

    @property
    def place(self) -> tuple[int, str, str, str]:
        """What tells it from the other marks of its group, in the order of their times."""
        return self.time, self.key, self.rule, self.value

    @property
    def kind(self) -> str:
        """What a correlation counts it as: its rule, its value, or itself."""
        return self.rule or self.value or self.key

    @property
    def stretch(self) -> int:
        """Which stretch of its span it falls in, counted from 1970."""
        return self.time // self.span

    def of(self, stretch: int) -> str:
        """What a finding about its group in *stretch* is idempotent on."""
        return f"{json.dumps(self.group)}\n{stretch}"
