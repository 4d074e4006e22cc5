"""Message shortcuts: one file is one callback id."""
