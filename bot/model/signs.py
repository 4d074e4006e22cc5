"""What a reader sees as one sign: a letter with its marks, a flag, a family of joined emoji.

Enough of UAX 29 to never cut one in two; Python's own strings know code points only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})
_LONGEST = 24
"""Code points: more than any emoji has. Whatever goes on beyond it is somebody's mischief."""


def signs(units: Iterable[str]) -> Iterator[str]:
    """*units* put together to what is seen as one sign.

    A unit is a code point, or a longer text that is whole by itself, such as `&amp;`.
    """
    held = ""
    for unit in units:
        if held and len(held) < _LONGEST and _goes_on(held, unit):
            held += unit
            continue
        if held:
            yield held
        held = unit
    if held:
        yield held


def _goes_on(held: str, unit: str) -> bool:
    if len(unit) > 1:
        return False
    if unit == _JOINER or held[-1] == _JOINER:
        return True
    if _is_regional(unit):  # two of them are a flag
        return len(held) == 1 and _is_regional(held)
    tone_or_tag = "\U0001f3fb" <= unit <= "\U0001f3ff" or "\U000e0020" <= unit <= "\U000e007f"
    return tone_or_tag or unicodedata.category(unit) in _MARKS


def _is_regional(unit: str) -> bool:
    return "\U0001f1e6" <= unit <= "\U0001f1ff"


def cut(units: Iterable[str], room: int) -> str:
    """The longest beginning of *units* (as for `signs`) of at most *room* code points."""
    kept: list[str] = []
    for sign in signs(units):
        room -= len(sign)
        if room < 0:
            break
        kept.append(sign)
    return "".join(kept)
