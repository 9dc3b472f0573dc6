"""The admin application: another origin, for the people who run tasks."""

from crowdcore.admin.app import AdminApp, admin_app

__all__ = ["AdminApp", "admin_app"]
