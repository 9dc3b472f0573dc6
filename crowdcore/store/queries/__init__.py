"""What is read and written, by subject: one module for each kind of thing that the database holds.

Functions take a `Conn` and run in a transaction of their caller; whoever moves a status also appends the event.
"""

__all__ = [
    "agents", "budgets", "calls", "comments", "conversations", "events", "items", "journal", "known_items",
    "outbox", "qualifications", "removals", "reviews", "runs", "seats", "units", "uploads", "workers",
]  # fmt: skip
