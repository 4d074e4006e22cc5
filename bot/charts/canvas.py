"""A dark sheet to draw on, in pixels from its upper left corner.

matplotlib costs half a second and 55 MB, so it is imported with the first picture. The font is the
one it brings along, so that pictures look the same on every machine. The sheet has a colour of its
own, as Slack's may be light or dark, and a dark one does not dazzle at night.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ft2font import FT2Font

PAPER, INK, FAINT = "#1b2430", "#eef2f6", "#9fb0c2"
"""Background, text, and lines with the words of least weight."""

DENSITY = 2
"""Pixels of the PNG a pixel of ours: phones and laptops have so many."""

_UNKNOWN = "□"


class Canvas:
    """*width* and *height* in pixels."""

    def __init__(self, width: int, height: int) -> None:
        from matplotlib import get_data_path
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.font_manager import get_font

        # At 72 dots an inch a point is a pixel.
        self._figure: Figure = Figure(
            figsize=(width / 72, height / 72), dpi=72 * DENSITY, facecolor=PAPER
        )
        FigureCanvasAgg(self._figure)
        self.axes: Axes = self._figure.add_axes((0, 0, 1, 1))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)
        fonts = Path(get_data_path()) / "fonts" / "ttf"
        self._faces = {True: fonts / "DejaVuSans-Bold.ttf", False: fonts / "DejaVuSans.ttf"}
        self._glyphs: FT2Font = get_font(str(self._faces[False]))

    def line(self, points: list[tuple[float, float]], color: str, width: float = 1) -> None:
        """A line through *points*."""
        across, down = zip(*points, strict=True)
        self.axes.plot(across, down, color=color, linewidth=width, solid_capstyle="butt")

    def marks(self, sign: str, points: list[tuple[float, float]], color: str, size: float) -> None:
        """*sign* (a matplotlib marker) at each of *points*."""
        if points:
            across, down = zip(*points, strict=True)
            self.axes.plot(across, down, sign, color=color, markersize=size, markeredgewidth=2.5)

    def bars(self, bars: list[tuple[float, float]], foot: float, color: str, width: float) -> None:
        """Upright bars on *foot*: each the middle of its breadth, and its height."""
        if bars:
            across, heights = zip(*bars, strict=True)
            tops = [-height for height in heights]
            self.axes.bar(across, tops, width, bottom=foot, color=color, linewidth=0)

    def text(
        self,
        across: float,
        foot: float,
        text: str,
        *,
        size: float,
        color: str = INK,
        bold: bool = False,
        side: str = "left",
        most: float = 0,
    ) -> float:
        """*text* on the line *foot*; cut so that it is at most *most* wide. Returns its width.

        What the font lacks is a box; nothing in *text* is taken for a formula.
        """
        from matplotlib.font_manager import FontProperties

        shown = self._known(text)
        made: Any = self.axes.text(
            across,
            foot,
            shown,
            fontproperties=FontProperties(fname=str(self._faces[bold]), size=size),
            color=color,
            ha=side,
            va="baseline",
            parse_math=False,
        )
        while most and len(shown) > 1 and self._width(made) > most:
            # A name may be long: what is far too long is cut by a quarter, then sign by sign.
            cut = max(1, len(shown) // 4) if self._width(made) > 1.5 * most else 1
            shown = shown[: -cut - 1].rstrip()
            made.set_text(shown + "…")
        return self._width(made)

    def png(self) -> bytes:
        """The picture; it can be had once."""
        written = io.BytesIO()
        self._figure.savefig(written, format="png", facecolor=PAPER, edgecolor="none")
        # A figure's parts hold each other in circles: taken apart, they are freed at once.
        self._figure.clear()
        return written.getvalue()

    def _width(self, made: Any) -> float:
        width: float = made.get_window_extent().width
        return width / DENSITY

    def _known(self, text: str) -> str:
        """*text* in one line; a run of signs that the font lacks is one box."""
        kept = ""
        for sign in text:
            known = sign if self._glyphs.get_char_index(ord(sign)) else _UNKNOWN
            kept += "" if known == _UNKNOWN and kept.endswith(_UNKNOWN) else known
        return " ".join(kept.split())
