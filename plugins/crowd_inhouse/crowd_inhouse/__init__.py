"""Work done by your own people, invited by link."""
