"""Answers as rows, and rows as files.

May import: work and what stands below it.
"""

__all__ = ["answers", "copies", "exporters", "files", "rows"]
