"""What the server makes sure of, whatever a page sends."""

from crowdcore import hookimpl


@hookimpl
def blueprint_validate(data):
    """A mood is needed."""
    if not isinstance(data, dict) or data.get("mood") not in ("glad", "neutral", "sad"):
        return {"mood": ["Please choose a mood."]}
    return None
