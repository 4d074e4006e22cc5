"""What baselines remember: rows of evidence, and the one way in which they change.

The memory of the running bot and the store apply the same functions to the same touches, so both
hold the same rows. A touch is once an hour: the same hour again, in any order, changes nothing.
"""

from __future__ import annotations

from msgspec import Struct

HOURS = 63
"""Hours back from the last one in which a late record still counts, and counts once."""

FAINT = 1 / 16
"""Evidence of which no more than this is left counts as none: of an hour, after four half-lives."""

_BITS = (1 << HOURS) - 1


class Row(Struct, gc=False):
    """Evidence of one feature in one scope.

    *weight* is the number of hours in which it was seen, each halved for every half-life that has
    passed up to *last*; *novel* how many principals it was new for (of a total: how many values
    were new, decayed as the weight is). *first* and *last* are hours since 1970; bit n of *mask*
    says that it was seen n hours before *last*; *hours* counts hours without decay, *days* the
    principals' days: two who showed it on the same three days make six.

    Of a rate: *weight* is the decayed number of hours that are over, *novel* the decayed sum of
    their counts, *hours* that of their squares, *mask* the count of the hour *last*. In a wider
    scope these are the hours of each principal in it, one by one, and *mask* is 0.
    """

    weight: float = 0.0
    novel: float = 0.0
    first: int = 0
    last: int = 0
    mask: int = 0
    hours: float = 0.0
    days: int = 0


class Touch(Struct, frozen=True, gc=False):
    """*feature* was seen in *hour* in each of *scopes* (narrowest first); *total* is its dimension.

    *text* is set where nobody in the widest scope had shown it: the words for people.
    """

    scopes: tuple[int, ...]
    total: int
    feature: int
    hour: int
    text: str = ""


class Count(Struct, frozen=True, gc=False):
    """*number* more calls of a class in *hour*; *feature* is the class. *scopes* are the caller's
    own and those of its peers, which learn of each hour of the caller's once it is over."""

    scopes: tuple[int, ...]
    feature: int
    hour: int
    number: int


class Evidence(Struct, frozen=True, kw_only=True):
    """What one record adds to the baselines; to be stored in the record's own transaction.

    *traces* are what must be forgotten should the record turn out to be an attack's. *state* is
    that of the alert budget (opaque), where it changed, *version* orders two of them.
    """

    half_life: float
    touches: tuple[Touch, ...] = ()
    counts: tuple[Count, ...] = ()
    traces: tuple[Touch, ...] = ()
    names: tuple[tuple[int, str], ...] = ()
    state: bytes = b""
    version: int = 0


class Named(Struct, frozen=True, kw_only=True):
    """A row in words: whose it is (`principal ACCOUNT WHO`) and of what (`region eu-west-1`)."""

    scope: str
    feature: str
    row: Row


def decayed(value: float, hours: int, half_life: float) -> float:
    """What is left of *value* after *hours*; *half_life* in hours."""
    return value if hours <= 0 else value * 2.0 ** (-hours / half_life)


def touched(row: Row, hour: int, half_life: float) -> bool:
    """Note in *row* that its feature was seen in *hour*; False where that was known or too old."""
    if not row.mask:
        row.first = row.last = hour
        row.weight, row.mask, row.hours = 1.0, 1, row.hours + 1
        return True
    ahead = hour - row.last
    if ahead > 0:
        row.weight = decayed(row.weight, ahead, half_life) + 1.0
        row.mask = ((row.mask << ahead) | 1) & _BITS if ahead < HOURS else 1
        row.last = hour
    else:
        if -ahead >= HOURS or row.mask >> -ahead & 1:
            return False
        row.mask |= 1 << -ahead
        row.weight += decayed(1.0, -ahead, half_life)
        row.first = min(row.first, hour)
    row.hours += 1
    return True


def is_new_day(row: Row, hour: int) -> bool:
    """Whether *row* knows of no other hour of the day of *hour*; of days too long ago it knows
    nothing."""
    begins = row.last - (hour - hour % 24)
    if not row.mask or begins < 0:
        return True
    ends = max(0, begins - 23)
    return not row.mask >> ends & ((1 << (begins - ends + 1)) - 1)


def taken_back(row: Row, hour: int, half_life: float) -> bool:
    """Undo a touch; False where there is none to undo."""
    behind = row.last - hour
    if not 0 <= behind < HOURS or not row.mask >> behind & 1:
        return False
    row.mask &= ~(1 << behind)
    row.weight = max(0.0, row.weight - decayed(1.0, behind, half_life))
    row.hours -= 1
    row.days = max(0, row.days - is_new_day(row, hour))
    if not row.mask and row.hours > 0:
        # Older hours stand in the weight alone: bit 0 keeps the row alive, at its old age.
        row.mask = 1
    return True


def added(total: Row, hour: int, new: bool, half_life: float) -> None:
    """One more hour of one value of a dimension; *new* where the value was."""
    if hour == total.last and total.hours:
        # Most values of an hour come in its order.
        total.weight += 1.0
        total.novel += new
        total.hours += 1
        return
    if not total.hours:
        total.first = total.last = hour
    ahead = hour - total.last
    if ahead > 0:
        total.weight = decayed(total.weight, ahead, half_life)
        total.novel = decayed(total.novel, ahead, half_life)
        total.last = hour
    total.first = min(total.first, hour)
    share = decayed(1.0, -ahead, half_life)
    total.weight += share
    total.novel += share if new else 0.0
    total.hours += 1


def counted(
    rate: Row, hour: int, number: int, half_life: float, usual: float = 0.0
) -> tuple[int, float] | None:
    """*number* more calls in *hour*. A later hour closes the one before; an earlier is left out.

    Returns (hour, count as it was learned) of what was closed. *usual* is what peers' hours hold,
    0 where that is not known.
    """
    if not rate.last:
        rate.first = rate.last = hour
    ahead = hour - rate.last
    if ahead < 0:
        return None
    closed = None
    if ahead > 0:
        closed = rate.last, _close(rate, usual)
        learned(rate, rate.last, closed[1], half_life)
        _fade(rate, hour, half_life)
        rate.mask = 0
    rate.mask += number
    return closed


def _close(rate: Row, usual: float) -> float:
    """What the hour that ends counts for: at most four times what is usual for the caller, or for
    its peers where that is not known. So one burst does not make the next one normal."""
    count = float(rate.mask)
    if rate.weight >= 1.0:
        usual = rate.novel / rate.weight
    return min(count, max(8.0, 4.0 * usual)) if usual else count


def learned(rate: Row, hour: int, count: float, half_life: float) -> None:
    """An hour with *count* calls is over."""
    if not rate.last:
        rate.first = rate.last = hour
    _fade(rate, hour, half_life)
    share = decayed(1.0, rate.last - hour, half_life)
    rate.weight += share
    rate.novel += share * count
    rate.hours += share * count * count


def _fade(rate: Row, hour: int, half_life: float) -> None:
    if (ahead := hour - rate.last) > 0:
        for name in ("weight", "novel", "hours"):
            setattr(rate, name, decayed(getattr(rate, name), ahead, half_life))
        rate.last = hour


class Rows:
    """Where rows are: what the functions below ask and tell.

    Where they are *live*, what `get` gives is what is kept, and only a new row needs its `put`.
    """

    live = False

    def get(self, scope: int, feature: int) -> Row | None:
        """The row, None where there is none."""
        raise NotImplementedError

    def put(self, scope: int, feature: int, row: Row) -> None:
        """Keep *row*, new or changed."""
        raise NotImplementedError


def apply(rows: Rows, touch: Touch, half_life: float) -> None:
    """Note *touch* in every scope."""
    first = day = False
    hour, live = touch.hour, rows.live
    for place, scope in enumerate(touch.scopes):
        row = rows.get(scope, touch.feature)
        new = row is None
        row = row or Row()
        if place == 0:
            first, day = new, is_new_day(row, hour)
        elif not (first or day) and row.last == hour and row.mask & 1:
            # A peer showed it in this hour already.
            continue
        fresh = touched(row, hour, half_life)
        if first:
            row.novel += 1
        day = day and (fresh or place > 0)
        row.days += day
        if new or (not live and (fresh or first or day)):
            rows.put(scope, touch.feature, row)
        if fresh:
            total = rows.get(scope, touch.total)
            if total is None:
                total = Row()
                added(total, hour, new, half_life)
                rows.put(scope, touch.total, total)
            else:
                added(total, hour, new, half_life)
                if not live:
                    rows.put(scope, touch.total, total)


def apply_count(rows: Rows, count: Count, half_life: float) -> None:
    """Note *count* in the caller's own scope, and what it closes in those of its peers."""
    own, *wider = count.scopes
    now = rows.get(own, count.feature)
    if now is not None and now.last == count.hour:
        now.mask += count.number
        if not rows.live:
            rows.put(own, count.feature, now)
        return
    around = [(scope, rows.get(scope, count.feature) or Row()) for scope in wider]
    usual = next((row.novel / row.weight for _, row in around if row.weight >= 1.0), 0.0)
    rate = now or Row()
    closed = counted(rate, count.hour, count.number, half_life, usual)
    rows.put(own, count.feature, rate)
    if closed is None:
        return
    for scope, row in around:
        learned(row, *closed, half_life)
        rows.put(scope, count.feature, row)
