"""What happened around an alert, as a picture: a lane each for its actor, target and address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bot.charts.canvas import FAINT, Canvas
from bot.model import Dot, Tie, Timeline, Track, moment

WIDTH, HEIGHT = 560, 298
"""Pixels. A phone shows it 320 wide: a letter of 20 is one of 11 there, and none is smaller."""

OWN, OTHER, REFUSED = "#ffb454", "#7fb2e5", "#ff8f86"
"""Calls of the alert, other calls, and the sign of refused ones."""

_TITLES = {Tie.ACTOR: "Actor", Tie.TARGET: "Target", Tie.ADDRESS: "Address"}
_SIZE = 21.0
_LEFT, _RIGHT = 20, WIDTH - 20
_TOP, _LANE = 34, 66
_BAR, _SLOT = 19, 6.5
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)


def draw(timeline: Timeline) -> bytes:
    """The picture as PNG, `DENSITY` times as many pixels as `WIDTH` and `HEIGHT` each way. Pure.

    Raises ValueError where *timeline* has no middle that is a time.
    """
    middle = moment(timeline.middle)
    if middle is None:
        raise ValueError(f"{timeline.middle!r} is no time")
    span = timedelta(minutes=timeline.minutes)
    canvas = Canvas(WIDTH, HEIGHT)
    zone, named = _zone(timeline.zone)
    _head(canvas, middle.astimezone(zone), named)
    axis = _Axis(middle - span, middle + span)
    foot = _TOP + _LANE * 3
    _scale(canvas, axis, zone, foot)
    for row, track in enumerate(timeline.tracks[:3]):
        lane = _TOP + _LANE * (row + 1) - 6
        canvas.line([(axis.place(middle), lane - _BAR - 4), (axis.place(middle), lane)], FAINT)
        _lane(canvas, axis, track, lane)
    return canvas.png()


class _Axis:
    """Where on the sheet a moment stands."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start, end

    def place(self, at: datetime) -> float:
        share: float = (at - self.start) / (self.end - self.start)
        return _LEFT + share * (_RIGHT - _LEFT)

    def slot(self, at: datetime) -> float:
        """The middle of the slot of equal breadth that *at* falls into."""
        return round((self.place(at) - _LEFT) / _SLOT) * _SLOT + _LEFT


def _zone(name: str) -> tuple[tzinfo, str]:
    """The zone called *name*; UTC where there is no such one."""
    try:
        return (ZoneInfo(name), name) if name else (UTC, "UTC")
    except (KeyError, OSError, ValueError):  # unknown, a folder of zones, or no name at all
        return UTC, "UTC"


def _head(canvas: Canvas, middle: datetime, zone: str) -> None:
    """The day and the zone above, what the signs mean below."""
    day = f"{middle.day} {middle:%b}, {zone}"
    canvas.text(_LEFT, 27, day, size=20, bold=True, most=_RIGHT - _LEFT)
    across = float(_LEFT)
    for color, sign, meaning in (
        (OWN, "o", "this alert"),
        (OTHER, "s", "other"),
        (REFUSED, "x", "refused"),
    ):
        canvas.marks(sign, [(across + 6, HEIGHT - 20)], color, 10)
        across += canvas.text(across + 20, HEIGHT - 13, meaning, size=20) + 50


def _scale(canvas: Canvas, axis: _Axis, zone: tzinfo, foot: float) -> None:
    """Round times of the day, four to seven of them."""
    minutes = (axis.end - axis.start) / timedelta(minutes=1)
    step = timedelta(minutes=next((one for one in _TICKS if minutes / one <= 7), _TICKS[-1]))
    day = axis.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    # Steps are counted in UTC from the reader's midnight: a clock that jumps has no say in it.
    at = day.astimezone(UTC)
    at += step * -(-(axis.start - at) // step)
    while at <= axis.end:
        across = axis.place(at)
        canvas.line([(across, foot), (across, foot + 6)], FAINT, 2)
        if _LEFT + 20 <= across <= _RIGHT - 20:
            label = f"{at.astimezone(zone):%H:%M}"
            canvas.text(across, foot + 29, label, size=_SIZE, side="center")
        at += step


def _lane(canvas: Canvas, axis: _Axis, track: Track, foot: float) -> None:
    """A title, how many calls, and a bar for each slot; the alert's own bars carry a ball."""
    canvas.line([(_LEFT, foot), (_RIGHT, foot)], FAINT)
    calls = sum(dot.times for dot in track.dots)
    refused = sum(dot.refused for dot in track.dots)
    line = foot - 37
    taken = canvas.text(_RIGHT, line, _told(calls, refused), size=20, color=FAINT, side="right")
    title = canvas.text(_LEFT, line, _TITLES[track.tie], size=20, color=FAINT)
    room = _RIGHT - _LEFT - taken - title - 24
    canvas.text(_LEFT + title + 10, line, track.name, size=20, bold=True, most=room)
    slots = _slots(axis, track.dots)
    most = max((dot.times for _, dot in slots), default=1)
    for own, color in ((False, OTHER), (True, OWN)):
        bars = [(x, _height(dot.times, most)) for x, dot in slots if dot.own is own]
        canvas.bars(bars, foot, color, _SLOT - 1)
        if own:
            canvas.marks("o", [(x, foot - height) for x, height in bars], color, 9)
    refusals = [(x, dot) for x, dot in slots if dot.refused]
    signs = [(x, foot - _height(dot.times, most) - (12 if dot.own else 5)) for x, dot in refusals]
    canvas.marks("x", signs, REFUSED, 9)


def _told(calls: int, refused: int) -> str:
    said = f"{calls:,} call{'' if calls == 1 else 's'}"
    if refused:
        said += f", {'all' if refused == calls > 1 else f'{refused:,}'} ×"
    return said


def _height(times: int, most: int) -> float:
    """High enough to be seen; twice as many calls are not twice as high, or one burst hides all."""
    return 7 + (_BAR - 7) * (times / most) ** 0.5 if most > 1 else 14


def _slots(axis: _Axis, dots: Sequence[Dot]) -> list[tuple[float, Dot]]:
    """The calls by slot, from left to right; what lies outside the axis is left out."""
    found: dict[float, Dot] = {}
    for dot in dots:
        at = moment(dot.at)
        if at is None or not axis.start <= at <= axis.end:
            continue
        across = axis.slot(at)
        here = found.get(across, Dot(at=dot.at, times=0))
        found[across] = Dot(
            at=here.at,
            times=here.times + dot.times,
            refused=here.refused + dot.refused,
            own=here.own or dot.own,
        )
    return sorted(found.items())
