"""The worker application: the task's page, its files, crowd.js, and the worker API on its own origin.

`http/` is what the requester's application needs too. May import: live, pay, work and what stands below them; the run
that is served comes as the protocol of `context`.
"""

__all__ = ["app", "http", "tokens"]
