"""The trail's files as a folder, as a copy of its bucket would have them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from bot.demo.aws.routes import mark, trail_file, trail_key
from bot.demo.story import Frame


def write_folder(frames: Iterable[Frame], start: datetime, folder: Path) -> int:
    """Write the files of *frames* under *folder*/AWSLogs and return how many there are.

    *start* is when the story's day begins. The same frames give the same files.
    """
    written = 0
    for written, frame in enumerate(frames, 1):  # noqa: B007 - it is the number of files
        body = trail_file(frame.records)
        at = start + timedelta(seconds=frame.at)
        file = folder / trail_key(frame.account, frame.region, at, mark(body, 0))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return written
