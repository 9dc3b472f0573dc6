"""The HTTP side of a run: the worker application, the admin application, and what serves them."""
