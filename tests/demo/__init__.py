"""Tests of the stand-ins and the story."""
