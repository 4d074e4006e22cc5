"""What is loaded is not looked through for garbage meanwhile, and afterwards all is as before."""

from __future__ import annotations

import gc

import pytest

from bot.detection import heap


def test_the_collector_rests_and_comes_back() -> None:
    """Also where loading fails."""
    with heap.uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken"), heap.uncollected():
        raise ValueError("broken")
    assert gc.isenabled()


def test_who_switched_it_off_keeps_it_off() -> None:
    """It is switched on only by who switched it off."""
    gc.disable()
    try:
        with heap.uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
