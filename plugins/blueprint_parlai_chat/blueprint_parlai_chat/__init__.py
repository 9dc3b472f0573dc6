"""People who talk with each other in worlds of ParlAI's kind, and its models as stand-ins."""
