"""How long tests wait."""

from __future__ import annotations

PATIENCE = 120.0
"""Seconds after which what a test waits for counts as never happening. What works takes a moment, or many seconds
on a machine that is busy with other things; only a fault uses all of it up."""
