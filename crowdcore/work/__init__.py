"""One person and one piece of work: enter, gates, claim, match, submit, what follows, calls, documents.

`service` has a method for each call of the worker API and leads to all the rest; `context` is what the parts of one
run share. May import: config, plugins, store, base and the words. What a higher room does here (live work) comes as
a protocol that `context` declares.
"""

__all__ = [
    "addresses", "context", "counters", "documents", "end", "gates", "preview", "service", "service_clock", "stored",
    "submission", "submit", "transcripts", "url_params", "visits",
]  # fmt: skip
