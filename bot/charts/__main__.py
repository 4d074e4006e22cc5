"""`python -m bot.charts`: a timeline as JSON comes in, its picture as PNG goes out."""

from __future__ import annotations

import os
import sys

import msgspec

from bot.charts.timeline import draw
from bot.model import Timeline

if __name__ == "__main__":
    # Whoever waits for a click is served first.
    os.nice(10)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Timeline)
    sys.stdout.buffer.write(draw(asked))
