"""How surprising a record is for whoever made it, by what is remembered."""

from __future__ import annotations

from msgspec import Struct

from bot.detection.baseline.features import ACTIVE, Caller, Feature, feature, risk
from bot.detection.baseline.memory import Memory
from bot.detection.baseline.scoring import DIMENSIONS, surprisal
from bot.detection.headline import is_refused
from bot.detection.record import Core
from bot.model.evidence import FAINT, Row, decayed

_LATER = ("asn", "country")
"""Dimensions that are there once settings name a file: who was seen before it is no news."""
_SERVICE_SHARE = 0.3
_REFUSED_SERVICE_SHARE = 0.05


class Others(Struct, frozen=True, gc=False):
    """How many others show a feature, on how many days together, since which hour."""

    number: int
    days: int
    since: int


class New(Struct, frozen=True, gc=False):
    """One feature that is new for somebody, with its bits and what others do.

    *last* is the hour in which they last showed it, 0 where they never did; *group* and *account*
    are None where nobody there did.
    """

    bits: float
    feature: Feature
    last: int = 0
    group: Others | None = None
    account: Others | None = None


def score(
    memory: Memory, who: Caller, found: list[Feature], hour: int, half_life: float, said: bool
) -> tuple[float, list[New]]:
    """(bits, what is new), most surprising first. *half_life* in hours. What is new is left out
    where it is not to be *said*."""
    own = memory.scope(who.scopes[0])
    newcomer = not own
    unknown = []
    for one in found:
        row = own.get(one.feature)
        if row is None:
            if newcomer or one.dimension not in _LATER or one.total in own:
                unknown.append(one)
        # Nothing fades from a whole hour to nothing within one half-life.
        elif hour - row.last > half_life and _is_new(row, hour, half_life):
            unknown.append(one)
    if not unknown:
        return 0.0, []
    group, account = (memory.scope(scope) for scope in who.scopes[1:])
    alone = (active := group.get(ACTIVE.feature)) is None or active.novel < 2
    new = []
    score = 0.0
    for one in unknown:
        levels = [(account.get(one.feature), account.get(one.total))]
        if not alone or newcomer:
            # A group of one says the same thing twice.
            levels.append((group.get(one.feature), group.get(one.total)))
        levels.append((own.get(one.feature), own.get(one.total)))
        bits = surprisal(levels, hour, half_life) * DIMENSIONS[one.dimension]
        score += bits
        if not said:
            continue
        row = own.get(one.feature)
        new.append(
            New(
                bits,
                one,
                row.last if row else 0,
                _others(group.get(one.feature)),
                _others(account.get(one.feature)),
            )
        )
    if newcomer:
        one = feature("principal", who.actor.principal)
        bits = surprisal([(None, account.get(one.total))], hour, half_life)
        bits *= DIMENSIONS["principal"]
        score += bits
        new.append(New(bits, one))
    new.sort(key=lambda each: -each.bits)
    return score, new


def share(core: Core, who: Caller) -> float:
    """How much surprise weighs for this operation by this kind of caller."""
    part = risk(core.source, core.name)
    if who.service:
        refused = bool(core.error) and is_refused(core.error or "")
        part *= _REFUSED_SERVICE_SHARE if refused else _SERVICE_SHARE
    return part


def _others(row: Row | None) -> Others | None:
    # A copy: the row goes on to count the record that is judged.
    return Others(round(row.novel), row.days, row.first) if row and row.novel >= 1 else None


def _is_new(row: Row, hour: int, half_life: float) -> bool:
    return decayed(row.weight, hour - row.last, half_life) <= FAINT
