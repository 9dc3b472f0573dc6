"""The edge of an application: what is let in and how fast, errors as documents, headers, shared pages, a server."""

__all__ = [
    "bodies", "contributed", "edge", "headers", "limits", "mount", "openapi", "pages", "problems", "rates", "reply",
    "serve",
]  # fmt: skip
