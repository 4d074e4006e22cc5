"""The picture of what happened around an alert."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from matplotlib.colors import to_rgb

from bot.charts import draw, draw_aside
from bot.charts.canvas import DENSITY, FAINT, INK, PAPER
from bot.charts.timeline import HEIGHT, OTHER, OWN, REFUSED, WIDTH
from bot.errors import Fault
from bot.model import Dot, Tie, Timeline, Track
from tests.builders import at


def dots(number: int, **facts: Any) -> tuple[Dot, ...]:
    """So many calls, spread over half an hour before and after noon."""
    return tuple(Dot(at=at(-30 + 60 * n / max(1, number)), times=1, **facts) for n in range(number))


def made(*tracks: tuple[Dot, ...], name: str = "mallory", zone: str = "") -> bytes:
    """The picture around noon."""
    shown = tuple(Track(tie=t, name=name, dots=d) for t, d in zip(Tie, tracks, strict=False))
    return draw(Timeline(middle=at(), minutes=30, tracks=shown, zone=zone))


def pixels(png: bytes) -> Any:
    """The decoded picture: rows of (red, green, blue, alpha), each 0 to 1."""
    from matplotlib.image import imread

    return imread(io.BytesIO(png), format="png")


def painted(png: bytes, color: str) -> int:
    """How many pixels have exactly this colour."""
    return int((abs(pixels(png)[..., :3] - to_rgb(color)).max(axis=-1) < 0.01).sum())


@pytest.mark.parametrize("number", [0, 1, 500, 5000])
def test_any_number_of_calls_is_a_picture(number: int) -> None:
    """It decodes, has its size, is small, and shows calls where there are any."""
    png = made(dots(number), dots(number), dots(number))

    assert struct.unpack(">II", png[16:24]) == (WIDTH * DENSITY, HEIGHT * DENSITY)
    assert pixels(png).shape[:2] == (HEIGHT * DENSITY, WIDTH * DENSITY)
    assert len(png) < 150_000
    # The legend holds a little of each colour.
    assert (painted(png, OTHER) > painted(made(), OTHER)) is (number > 0)


def test_all_at_the_same_second_is_a_picture() -> None:
    """One slot, however many; the alert's own are marked, and so is what was refused."""
    burst = (Dot(at=at(), times=900, refused=900, own=True),)
    png, legend = made(burst), made()

    assert painted(png, OWN) > painted(legend, OWN)
    assert painted(png, REFUSED) > painted(legend, REFUSED)
    assert painted(png, OTHER) == painted(legend, OTHER)


def test_what_is_outside_is_left_out() -> None:
    """A call of yesterday or one without a time is not on the axis."""
    outside = (Dot(at=at(-31), times=1), Dot(at="soon", times=1), Dot(at=at(31), times=1))

    assert painted(made(outside), OTHER) == painted(made(), OTHER)


@pytest.mark.parametrize(
    "name",
    [
        "דניאל כהן",
        "دانيال",
        "🦊🦊 fox",
        "漢字",
        "$x^{2$ and $",
        r"\frac{",
        "W" * 2000,
        "",
        "a\nb\tc",
    ],
)
def test_any_name_is_drawn_without_a_warning(name: str) -> None:
    """Right to left, emoji, formulas, endless ones (a warning is an error in these tests)."""
    assert pixels(made(dots(3), name=name)).any()


def test_the_zone_is_the_readers_and_utc_where_there_is_no_such_one() -> None:
    """Another zone writes other hours; a zone that nobody knows is UTC."""
    utc = made(dots(3))

    assert made(dots(3), zone="Europe/Zurich") != utc
    for unknown in ("Mars/Olympus", "../etc/passwd", "Europe", "x" * 5000):
        assert made(dots(3), zone=unknown) == utc
    assert made(dots(3), zone="America/Argentina/Ushuaia") != utc


def test_a_middle_that_is_no_time_is_refused() -> None:
    """There is no axis then."""
    with pytest.raises(ValueError, match="is no time"):
        draw(Timeline(middle="soon", minutes=30))


@pytest.mark.parametrize("color", [INK, FAINT, OWN, OTHER, REFUSED])
def test_everything_stands_out_from_the_paper(color: str) -> None:
    """Contrast by WCAG: 4.5 at least, on a paper of its own."""

    def luminance(of: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(of)]
        return float(sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True)))

    light, dark = luminance(color), luminance(PAPER)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert pixels(made())[0, 0, 3] == 1.0


def test_the_same_values_are_the_same_picture() -> None:
    """Nothing of the moment of drawing is in it."""
    assert zlib.crc32(made(dots(9))) == zlib.crc32(made(dots(9)))


def test_a_process_of_its_own_draws_the_same() -> None:
    """What it cannot draw is a fault that says why."""
    tracks = (Track(tie=Tie.ACTOR, name="mallory", dots=dots(9)),)
    timeline = Timeline(middle=at(), minutes=30, tracks=tracks)
    assert draw_aside(timeline) == draw(timeline)
    with pytest.raises(Fault, match="is no time"):
        draw_aside(Timeline(middle="soon", minutes=30))
