"""Records become findings: pure, fast, and never silenced by bad input."""
