"""The measurement itself works, on few pairs."""

from __future__ import annotations

from bot.bench.baseline import measure


def test_it_measures_what_it_wrote() -> None:
    """Each pair is a row; the totals of the dimensions are rows too."""
    result = measure(pairs=2_000)

    assert result["faults"] == []
    assert isinstance(result["pairs"], int)
    assert result["pairs"] >= 1_600
