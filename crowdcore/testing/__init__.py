"""What tests of plugins and tasks need: the `mock` blueprint and provider."""
