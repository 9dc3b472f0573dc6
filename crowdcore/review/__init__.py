"""Decisions on submitted work, and results as whoever decides reads them.

May import: work and what stands below it. Telling listeners and platforms of a decision is a matter of runs.
"""

__all__ = ["decisions", "results"]
