"""MITRE ATT&CK's techniques by id, from the table that is shipped: no network is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

VERSION = "18.1"
"""Of ATT&CK Enterprise."""

_TABLE = Path(__file__).with_name("attack.tsv")


class Technique(Struct, frozen=True):
    """A technique or a sub-technique, with the tactics that it serves."""

    id: str
    name: str
    tactics: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its page."""
        return f"https://attack.mitre.org/techniques/{self.id.replace('.', '/')}"


@cache
def techniques() -> Mapping[str, Technique]:
    """Every technique that is not revoked, by its id (`T1078.004`)."""
    rows = [
        line.split("\t")
        for line in _TABLE.read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]
    return {row[0]: Technique(row[0], row[1], tuple(row[2].split(","))) for row in rows}


@cache
def tag_names() -> frozenset[str]:
    """What may stand after `attack.` in a rule's tags: techniques and tactics."""
    known = techniques().values()
    return frozenset(
        [one.id.lower() for one in known] + [tactic for one in known for tactic in one.tactics]
    )


def techniques_of(tags: Iterable[str]) -> list[str]:
    """The ids of the techniques among a rule's *tags*, known to ATT&CK or not."""
    names = [tag.removeprefix("attack.") for tag in tags if tag.startswith("attack.t")]
    return [name.upper() for name in names if name[1:2].isdigit()]
