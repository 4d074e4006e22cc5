"""Puts the day together: notes become frames, and what must come of them is counted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import msgspec

from bot.demo.story.cast import ACCOUNT, REGION, REPLICA_REGION, Cast, choose
from bot.demo.story.ordinary import DAY, write_day
from bot.demo.story.records import Scribe
from bot.demo.story.shapes import Expected, Frame, Noted, Route, Story, chained, fold
from bot.demo.story.takeover import write_takeover

FILE_SECONDS = 3000.0
"""Event time that one file covers; CloudTrail's are shorter, but a day has to be told quickly."""

_CUT_OFF = '{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAM'


def story(seed: int, *, now: datetime) -> Story:
    """The day that ended at *now*, as *seed* has it. The same arguments give the same story."""
    # A seed must repeat: this is a tale, not a secret.
    rng = random.Random(f"callwarden {seed}")  # noqa: S311 - see above
    end = now.astimezone(UTC).replace(microsecond=0)
    start = end - timedelta(seconds=DAY)
    cast = choose(rng)
    scribe = Scribe(rng, start)
    write_day(scribe, cast)
    write_takeover(scribe, cast)
    notes = sorted(scribe.notes, key=lambda note: note.at)
    files = _files(notes, rng)
    if rng.random() >= 0.5:
        files = [_late(frame) for frame in files]
    frames = [*files, *_events(notes), _digest(start)]
    frames.append(_again(files, notes, cast))
    frames.sort(key=lambda frame: frame.at)
    delivered = sum(len(_ids(frame)) for frame in frames)
    return Story(
        seed=seed,
        start=start,
        frames=tuple(frames),
        labels={note.id: note.rule for note in notes},
        expected=Expected(
            records=len(notes),
            repeats=delivered - len(notes),
            unreadable=1,
            alerts=(*fold(notes), *chained(notes, start)),
        ),
    )


def after(past: Sequence[Frame], day: Story) -> Story:
    """*day* with its *past*: frames before its own, at whose records no rule speaks."""
    ids = [one for frame in past for one in _ids(frame)]
    return msgspec.structs.replace(
        day,
        frames=(*past, *day.frames),
        labels={**{str(one): None for one in ids}, **day.labels},
        expected=msgspec.structs.replace(day.expected, records=day.expected.records + len(ids)),
    )


def _ids(frame: Frame) -> list[object]:
    if frame.route == "digest":
        return []
    return [record["eventID"] for record in frame.records if isinstance(record, dict)]


def _files(notes: Sequence[Noted], rng: random.Random) -> list[Frame]:
    """The trail's files: one for each stretch of time, account and Region."""

    def shelf(note: Noted) -> tuple[int, str, str]:
        record = note.record
        stretch = int(note.at // FILE_SECONDS)
        return stretch, str(record["recipientAccountId"]), str(record["awsRegion"])

    frames: list[Frame] = []
    for (_, account, region), group in groupby(sorted(notes, key=shelf), key=shelf):
        batch = list(group)
        route: Route = "s3" if account == ACCOUNT else "sns"
        frames.append(
            Frame(
                at=batch[-1].at,
                route=route,
                account=account,
                region=region,
                caption=_caption(batch),
                records=tuple(note.record for note in batch),
            )
        )
    return _broken(frames, rng)


def _late(frame: Frame) -> Frame:
    """The replica Region's file comes after the one with the originals, on this day."""
    if frame.region != REPLICA_REGION:
        return frame
    at = max(frame.at, min(frame.at + FILE_SECONDS, DAY))
    return msgspec.structs.replace(frame, at=at)


def _broken(frames: list[Frame], rng: random.Random) -> list[Frame]:
    """One file has an entry that was cut off; its neighbours must be read all the same."""
    place = rng.randrange(len(frames))
    chosen = frames[place]
    cut = rng.randint(0, len(chosen.records))
    records = (*chosen.records[:cut], _CUT_OFF, *chosen.records[cut:])
    caption = f"{chosen.caption} One record is broken."
    broken = Frame(
        at=chosen.at,
        route=chosen.route,
        account=chosen.account,
        region=chosen.region,
        caption=caption,
        records=records,
    )
    return [*frames[:place], broken, *frames[place + 1 :]]


def _caption(batch: Sequence[Noted]) -> str:
    # What came by EventBridge has been told already.
    told = (note.caption for note in batch if note.caption and not note.fast)
    said = list(dict.fromkeys(told))
    if said:
        rest = f"; and {len(said) - 2} more" if len(said) > 2 else ""
        return "; ".join(said[:2]) + f"{rest}."
    count = len(batch)
    return f"{count} ordinary record{'' if count == 1 else 's'}."


def _events(notes: Sequence[Noted]) -> list[Frame]:
    """What EventBridge brings long before the file with the same record comes."""
    return [
        Frame(
            at=note.at,
            route="eventbridge",
            account=str(note.record["recipientAccountId"]),
            region=str(note.record["awsRegion"]),
            caption=f"{note.caption}.",
            records=(note.record,),
        )
        for note in notes
        if note.fast
    ]


def _again(files: Sequence[Frame], notes: Sequence[Noted], cast: Cast) -> Frame:
    """A second trail delivers the file with the administrator's own edit once more."""
    edit = next(note for note in notes if note.rule is not None)
    original = next(frame for frame in files if edit.record in frame.records)
    readable = tuple(record for record in original.records if isinstance(record, dict))
    return Frame(
        at=original.at + 60,
        route="s3",
        account=original.account,
        region=original.region,
        caption=f"A second trail delivers {cast.admin.first}'s change again.",
        records=readable,
    )


def _digest(start: datetime) -> Frame:
    """CloudTrail's hourly digest lies in the same bucket and holds no records."""
    end = start + timedelta(hours=1)
    document = {
        "awsAccountId": ACCOUNT,
        "digestStartTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "digestS3Bucket": "callwarden-demo-trail",
        "digestSignatureAlgorithm": "SHA256withRSA",
        "logFiles": [],
    }
    return Frame(
        at=3600.0,
        route="digest",
        account=ACCOUNT,
        region=REGION,
        caption="CloudTrail signs its files: a digest, no records.",
        records=(document,),
    )
