"""Train a small convolutional network, grow it deeper, carry over what it has learnt.

The Python API, loaded when it is first used so that importing `grow` is instant:

    grow.init("pictures")        a first stage file for a folder of pictures
    grow.plan("stages.yaml")     what would happen; no TensorFlow
    grow.run("stages.yaml")      trains every stage, or goes on where it stopped
    grow.compare("stages.yaml")  growth against its controls, over several seeds
    grow.load("runs/cats-dogs")  a run folder's histories, plans and models
    grow.predict("runs/cats-dogs", "cat.jpg")  the class of each picture
    grow.export("runs/cats-dogs", "onnx")  the model for other programs
    grow.check("pictures")       what is to be known of pictures before training on them
    grow.explain("old.keras", "new.keras")  what could be carried over, what Keras would load
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grow.carding import Card, card
    from grow.checking import Check, check
    from grow.cleaning import Cleaning, clean
    from grow.comparefolder import load_comparison
    from grow.comparing import compare
    from grow.comparison import Comparison
    from grow.differing import Difference, difference
    from grow.drafting import Draft, init
    from grow.errors import GrowError
    from grow.explaining import explain
    from grow.explanation import Explanation
    from grow.exporting import Export, export
    from grow.gallery import contact_sheet
    from grow.inspection import Verification, verify
    from grow.launch import resume, run
    from grow.planning import Plan, plan
    from grow.predicting import Prediction, Predictions, predict
    from grow.runs import Run, StageResult, load, load_all
    from grow.sketchbook import Drawn, draw_pictures
    from grow.stagefile import schema
    from grow.stopping import StopSwitch

__version__ = "0.1.0"

__all__ = [
    "Card",
    "Check",
    "Cleaning",
    "Comparison",
    "Difference",
    "Draft",
    "Drawn",
    "Explanation",
    "Export",
    "GrowError",
    "Plan",
    "Prediction",
    "Predictions",
    "Run",
    "StageResult",
    "StopSwitch",
    "Verification",
    "card",
    "check",
    "clean",
    "compare",
    "contact_sheet",
    "difference",
    "draw_pictures",
    "explain",
    "export",
    "init",
    "load",
    "load_all",
    "load_comparison",
    "plan",
    "predict",
    "resume",
    "run",
    "schema",
    "verify",
]

_HOMES = {
    "Card": "grow.carding",
    "Export": "grow.exporting",
    "card": "grow.carding",
    "export": "grow.exporting",
    "Check": "grow.checking",
    "check": "grow.checking",
    "Cleaning": "grow.cleaning",
    "Comparison": "grow.comparison",
    "compare": "grow.comparing",
    "Difference": "grow.differing",
    "difference": "grow.differing",
    "Draft": "grow.drafting",
    "init": "grow.drafting",
    "Drawn": "grow.sketchbook",
    "draw_pictures": "grow.sketchbook",
    "load_comparison": "grow.comparefolder",
    "GrowError": "grow.errors",
    "Plan": "grow.planning",
    "Run": "grow.runs",
    "StageResult": "grow.runs",
    "StopSwitch": "grow.stopping",
    "Explanation": "grow.explanation",
    "contact_sheet": "grow.gallery",
    "explain": "grow.explaining",
    "load": "grow.runs",
    "load_all": "grow.runs",
    "Prediction": "grow.predicting",
    "Predictions": "grow.predicting",
    "plan": "grow.planning",
    "predict": "grow.predicting",
    "resume": "grow.launch",
    "run": "grow.launch",
    "schema": "grow.stagefile",
    "Verification": "grow.inspection",
    "clean": "grow.cleaning",
    "verify": "grow.inspection",
}


def __getattr__(name: str) -> Any:
    """Loads a part of the API when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'grow' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
