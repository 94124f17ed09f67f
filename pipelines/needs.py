"""x"""


def memory_of(step, unit):
    return 100_000_000
