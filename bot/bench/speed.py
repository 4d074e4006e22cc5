"""Records a second: unpacking and parsing alone (the floor) and the engine, in turn."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import msgspec
from isal import igzip
from msgspec import Struct

from bot.aws.files import walk
from bot.cli.sweep import Sweep, Tally, Window
from bot.detection.engine import Engine
from bot.detection.record import Core, Limits, read
from bot.errors import BadInput
from bot.model import Unreadable

_EVENTS = 5_000
"""Records that are judged one by one, as EventBridge delivers them."""


class _File(Struct, gc=False):
    Records: list[Core]


_decode = msgspec.json.Decoder(_File).decode


def measure(
    path: Path, *, rounds: int, jobs: int, folders: Sequence[Path] = ()
) -> dict[str, object]:
    """The figures of *path*; rates are records a second, the median of *rounds*.

    Floor and engine take turns, so that what else the machine does meets both. The baselines'
    ratios are None: this engine has none. Raises BadInput where *path* holds no plain files of
    CloudTrail.
    """
    files = [file for file in walk([path]) if isinstance(file, Path)]
    sweep = Sweep.of(folders, Window())
    records, size = _floor(files)
    if not records:
        raise BadInput(f"{path} holds no records. `callwarden bench corpus` writes some.")
    floors: list[float] = []
    engines: list[float] = []
    shared: list[float] = []
    for _ in range(rounds):
        floors.append(_seconds(lambda: _floor(files)))
        engines.append(_seconds(lambda: _judge(sweep, files, records, 1)))
        if jobs > 1:
            shared.append(_seconds(lambda: _judge(sweep, files, records, jobs)))
    floor, engine = median(floors), median(engines)
    return {
        "records": records,
        "files": len(files),
        "rules": sweep.rules,
        "rounds": rounds,
        "floor_rps": round(records / floor),
        "floor_mb_s": round(size / floor / 1e6),
        "engine_rps": round(records / engine),
        "engine_mb_s": round(size / engine / 1e6),
        "ratio": round(floor / engine, 3),
        "ratio_baselines_warm": None,
        "ratio_baselines_cold": None,
        "event_us": _event_us(sweep.engine, files[0]),
        "peak_rss_mb": round(_peak_mb(), 1),
        "jobs": jobs,
        "jobs_rps": round(records / median(shared)) if shared else None,
        "jobs_speedup": round(engine / median(shared), 2) if shared else None,
    }


def _floor(files: Sequence[Path]) -> tuple[int, int]:
    """Unpack and decode the fields of `Core`, and nothing else: records, bytes of JSON."""
    records = size = 0
    for file in files:
        body = file.read_bytes()
        if body.startswith(b"\x1f\x8b"):
            body = igzip.decompress(body)  # type: ignore[no-untyped-call]
        try:
            records += len(_decode(body).Records)
        except msgspec.MsgspecError as error:
            raise BadInput(f"{file} is no plain file of CloudTrail: {error}.") from error
        size += len(body)
    return records, size


def _judge(sweep: Sweep, files: Sequence[Path], records: int, jobs: int) -> None:
    tally = Tally()
    for _ in sweep.over(files, tally, jobs=jobs):
        pass
    if tally.records != records:
        raise BadInput(f"The engine read {tally.records:,} of {records:,} records.")


def _event_us(engine: Engine, file: Path) -> float:
    """Microseconds for one record in EventBridge's envelope, from bytes to findings."""
    bodies = [
        b'{"version":"0","id":"e","detail-type":"AWS API Call via CloudTrail","source":"aws.any",'
        b'"account":"111122223333","time":"2026-11-22T10:00:00Z","region":"eu-central-1",'
        b'"resources":[],"detail":' + bytes(entry.raw) + b"}"
        for entry in read(_Bytes(str(file), file.read_bytes()), Limits())
        if not isinstance(entry, Unreadable)
    ][:_EVENTS]
    limits = Limits()

    def each() -> None:
        for body in bodies:
            for entry in read(_Bytes("event", body), limits):
                if not isinstance(entry, Unreadable):
                    engine.look(entry)

    return round(min(_seconds(each) for _ in range(3)) / len(bodies) * 1e6, 2)


class _Bytes(Struct, frozen=True):
    where: str
    body: bytes


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _peak_mb() -> float:
    """The most that this process, or the largest of those it started, held in memory."""
    unit = 1 if sys.platform == "darwin" else 1024
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return most * unit / 1e6
