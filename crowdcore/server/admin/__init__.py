"""The admin application: another origin, for the people who run tasks."""
