"""Exit codes of the command line."""

DONE = 0
USAGE = 1
INPUT = 2
SOME_FAILED = 3
ENVIRONMENT = 4
INTERRUPTED = 130
