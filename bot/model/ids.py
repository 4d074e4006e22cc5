"""Ids: those we derive and those that people say."""

from __future__ import annotations

import hashlib
import re
import uuid
from typing import Literal

NAMESPACE = uuid.UUID("6f0d1c52-6a55-5a3e-9d0b-0a6c1f4f7c11")
"""Root of every uuid5 we derive; changing it would make stored ids unrecognisable."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SPOKEN = str.maketrans({"I": "1", "L": "1", "O": "0"})
_EXEMPTION_ID = re.compile(r"\AEX-[0-9A-HJKMNP-TV-Z]{5,8}\Z")
_SNOOZE_ID = re.compile(r"\ASN-[0-9A-HJKMNP-TV-Z]{5,8}\Z")
_STORM_ID = re.compile(r"\AST-[0-9A-HJKMNP-TV-Z]{5,8}\Z")
_ALERT_ID = re.compile(r"\A(?:A-|A(?=.{5}\Z))?([0-9A-HJKMNP-TV-Z]{5,8})\Z")


Prefix = Literal["A", "BG", "DL", "EX", "SN", "ST"]


def spoken_id(prefix: Prefix, seed: str, length: int = 5) -> str:
    """A short id that can be said on the phone, such as `A-7K2QF`, made from *seed*.

    Crockford base 32: no I, L, O or U. The same seed gives the same id; a longer *length* extends
    it, for the rare case where the shorter one is taken.
    """
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    digits = "".join(_CROCKFORD[(number >> (5 * place)) & 31] for place in range(length))
    return f"{prefix}-{digits}"


def read_alert_id(text: str) -> str | None:
    """The alert id a person meant (`a-7k2qf`, `7K2QF`, O for 0, I for 1), or None."""
    match = _ALERT_ID.match(text.strip().upper().translate(_SPOKEN))
    return f"A-{match[1]}" if match else None


def read_snooze_id(text: str) -> str | None:
    """*text*, where it is the id of a snooze (`SN-7K2QF`) to the letter, or None."""
    return text if _SNOOZE_ID.match(text) else None


def read_exemption_id(text: str) -> str | None:
    """*text*, where it is the id of an exception (`EX-7K2QF`) to the letter, or None."""
    return text if _EXEMPTION_ID.match(text) else None


def read_storm_id(text: str) -> str | None:
    """The storm id a person meant (`st-7k2qf0`, O for 0, I for 1), or None."""
    head, _, rest = text.strip().upper().partition("-")
    meant = f"{head}-{rest.translate(_SPOKEN)}"
    return meant if _STORM_ID.match(meant) else None
