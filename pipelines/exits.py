"""Exit codes of the command line."""

DONE = 0
USAGE = 1
INPUT = 2
SOME_FAILED = 3
ENVIRONMENT = 4
INTERRUPTED = 130

ENVIRONMENT_ERRORS = ("OutputError", "OSError", "PermissionError", "MemoryError")
"""Errors of a unit that are not its recording's fault: a missing recording is a ReadError."""
