"""What knows nothing of crowds: time, places on this machine, quantities, the secret key, threads, JSON.

May import: the errors. Everybody else may import these modules.
"""

__all__ = [
    "clock",
    "faults",
    "hostile_json",
    "limiter",
    "loops",
    "outputs",
    "paths",
    "quantities",
    "secret",
    "typed_json",
    "version",
    "wait",
    "watch",
]
