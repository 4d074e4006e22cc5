"""The same pictures, drawn by a process of their own.

Tried: drawn by the bot itself, a picture is a fifth of a second of Python during which clicks wait,
and matplotlib stays in memory with 90 MB. `bench clicks` then had its p99 at 140 to 220 ms instead
of 30 to 45. A process costs a second, for which nobody waits.
"""

from __future__ import annotations

import subprocess
import sys

import msgspec

from bot.errors import Fault
from bot.model import Timeline

PATIENCE = 30.0
"""Seconds a picture may take; the first one on a machine looks for its fonts."""


def draw_aside(timeline: Timeline) -> bytes:
    """`draw`, elsewhere. Raises Fault where no picture comes of it."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bot.charts"],
            input=msgspec.json.encode(timeline),
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Fault(f"The picture could not be drawn ({' '.join(last)[:200]}).") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Fault(f"The picture could not be drawn ({type(error).__name__}).") from error
    return done.stdout
