"""The requester's application: another origin on a port of its own, with its log-in, its pages and its API.

May import: server.http, and what stands below the server; the run that serves it fulfils the protocol of `context`.
"""

from crowdcore.admin.app import AdminApp, admin_app

__all__ = ["AdminApp", "access", "address", "admin_app", "passes"]
