"""How measured times are summed up."""

from __future__ import annotations

from bot.bench import load


def test_a_summary_of_nothing_is_still_json() -> None:
    """No figure is better than one that no program can read."""
    summary = load.summary([])

    assert load.as_text(summary, "json") == (
        '{"count": 0, "median_ms": null, "p95_ms": null, "p99_ms": null, "most_ms": null}'
    )


def test_quantiles_are_values_that_were_measured() -> None:
    """Nearest rank: of a hundred values the 99th is the second largest."""
    assert load.summary([one / 1000 for one in range(1, 101)]) == {
        "count": 100,
        "median_ms": 50.0,
        "p95_ms": 95.0,
        "p99_ms": 99.0,
        "most_ms": 100.0,
    }
