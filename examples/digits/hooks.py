"""The server's side of the page: a small model that reads drawn digits."""

import threading
from dataclasses import dataclass

import crowdcore
from crowdcore import hookimpl

SIDE = 8  # the model's pictures have 8 x 8 pixels of 0 (paper) to 16 (ink)
_lock = threading.Lock()
_models = []


@dataclass
class Drawing:
    """What the page sends: 64 numbers from 0 to 16, row by row."""

    pixels: list[float]


def model():
    """The classifier, trained once (scikit-learn takes a second to import and to train)."""
    with _lock:
        if not _models:
            from sklearn.datasets import load_digits
            from sklearn.svm import SVC

            examples = load_digits()
            _models.append(SVC(gamma=0.001, random_state=0).fit(examples.data, examples.target))
        return _models[0]


@hookimpl
def on_run_launched():
    """Train at start-up, beside the first page rather than before the first answer."""
    model()


@crowdcore.procedure("classify")
def classify(args: Drawing):
    """{"digit": what the drawing shows}."""
    if len(args.pixels) != SIDE * SIDE:
        raise ValueError(f"expected {SIDE * SIDE} pixels, not {len(args.pixels)}")
    return {"digit": int(model().predict([args.pixels])[0])}


@hookimpl
def blueprint_validate(data):
    """A worker draws, is answered, and has the last word."""
    if not isinstance(data, dict) or data.get("digit") not in [str(digit) for digit in range(10)]:
        return {"digit": ["Please say which digit it is, from 0 to 9."]}
    return None
