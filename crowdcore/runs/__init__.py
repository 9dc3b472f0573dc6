"""A run's life: launched or resumed, opened, served, supervised, finished; and what commands do for one unserved.

`launch` is where it begins (`setup` → `host` → `open` → `serve`, `supervise`). May import every room but cli and
testing.
"""

__all__ = [
    "deliver",
    "expire",
    "handle",
    "launch",
    "lock",
    "outside",
    "people",
    "report",
    "simulate",
    "stored",
    "values",
    "watch",
]
