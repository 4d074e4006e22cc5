"""What a record adds to the memory: features once an hour, calls by their number."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from bot.detection.baseline.features import ACTIVE, Caller, Feature, feature, operation_class
from bot.detection.baseline.memory import Memory
from bot.detection.baseline.scoring import LEAST_CALLS, others_of, rate_surprisal
from bot.detection.record import Core
from bot.model.evidence import Count, Touch, apply, apply_count


class Burst(Struct, frozen=True, gc=False):
    """The hour so far of one class of calls: how many, how many are usual, and the bits.

    *hours* (decayed) of the caller's own tell what is usual; where they are few, peers' do too.
    """

    kind: str
    bits: float = 0.0
    usual: float = 0.0
    count: int = 0
    hours: float = 0.0


def touch(
    memory: Memory, who: Caller, found: list[Feature], hour: int, half_life: float
) -> list[Touch]:
    """Note what was seen, and return what of it was not noted in this hour before."""
    own = memory.scope(who.scopes[0])
    touches = []
    newcomer = not own
    for one in (*found, ACTIVE):
        row = own.get(one.feature)
        if row is not None and row.last == hour and row.mask & 1:
            continue
        text = ""
        account = memory.get(who.scopes[2], one.feature)
        # The words of what was not seen for long may have been let go.
        if account is None or hour - account.last > half_life:
            text = f"{one.dimension} {one.value}".rstrip()
        touches.append(Touch(who.scopes, one.total, one.feature, hour, text))
    if newcomer:
        one = feature("principal", who.actor.principal)
        touches.append(Touch(who.scopes[2:], one.total, one.feature, hour))
    for each in touches:
        apply(memory, each, half_life)
    return touches


def count(
    memory: Memory, core: Core, who: Caller, hour: int, seen: int, half_life: float
) -> tuple[list[Count], Burst]:
    """Count the call, the *seen*-th of its kind in this hour, and weigh the hour so far.

    Only powers of two are told of, so each stands for the calls since the one before; 0 is none.
    """
    if not seen:
        return [], _NONE
    kind, rate = _rate(core.source, core.name)
    counted = Count(who.scopes[:2], rate.feature, hour, max(1, seen // 2))
    apply_count(memory, counted, half_life)
    own = memory.get(who.scopes[0], rate.feature)
    if own is None or own.last != hour or own.mask < LEAST_CALLS:
        return [counted], _NONE
    others = others_of(own, memory.get(who.scopes[1], rate.feature), half_life)
    bits, mean = rate_surprisal(own, others, own.mask)
    return [counted], Burst(kind, bits, mean, own.mask, own.weight)


_NONE = Burst("")


@lru_cache(maxsize=20_000)
def _rate(source: str, name: str) -> tuple[str, Feature]:
    kind = operation_class(name)
    return kind, feature("rate", f"{source} {kind}")


def named(who: Caller, touches: list[Touch]) -> tuple[tuple[int, str], ...]:
    """The scopes' words, where the store may not have them yet."""
    if not any(each.feature == ACTIVE.feature for each in touches):
        return ()
    return (
        (who.scopes[0], f"principal {who.account} {who.actor.principal}"),
        (who.scopes[1], f"group {who.account} {who.group}"),
        (who.scopes[2], f"account {who.account}"),
    )
