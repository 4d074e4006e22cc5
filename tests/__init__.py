"""The tests; folders mirror the program."""
