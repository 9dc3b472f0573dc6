"""Looking after a database: whether it is whole, its backup, and putting one back."""

__all__ = ["backup", "check", "restore"]
