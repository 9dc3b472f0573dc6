"""What knows nothing of crowds: time, places on this machine, quantities, the secret key, threads, JSON, text.

May import: the errors. Everybody else may import these modules.
"""

__all__ = [
    "clock", "faults", "hostile_json", "limiter", "loops", "outputs", "paths", "places", "quantities", "secret",
    "tables", "terminal", "typed_json", "version", "wait", "words",
]  # fmt: skip
