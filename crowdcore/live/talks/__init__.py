"""Conversations that go on: the blueprint with its people and bots, what is replayed after a crash, the end."""
