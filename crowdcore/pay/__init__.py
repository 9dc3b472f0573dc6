"""Money and decisions on their way outside: each row of the outbox is sent once, through the provider.

May import: work, config, plugins, store, base and the words.
"""

__all__ = ["executor"]
