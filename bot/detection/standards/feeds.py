"""What kinds of records a rule lives on, by the records in its own tests that match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.detection.coverage import is_data, only_reads

_KINDS: Mapping[str, str] = {
    "data_events": "a data event",
    "read_events": "an event that only reads",
}


def fed(needs: Sequence[str], hits: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """A rule that sees nothing on an ordinary feed must say so in *needs*, and only such a rule.

    *hits* are the records of its tests that match.
    """
    records = list(hits)
    shown = {
        "data_events": any(is_data(record) for record in records),
        "read_events": any(only_reads(record) for record in records),
    }
    for need, is_shown in shown.items():
        if is_shown and need not in needs:
            yield f"a test that matches is of {_KINDS[need]}; declare needs: [{need}]"
        if need in needs and not is_shown:
            yield f"it declares needs: [{need}], but no test that matches is of {_KINDS[need]}"
