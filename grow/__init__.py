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
    from grow.api import check, compare, draw_pictures, export, init, resume, run
    from grow.comparison.folder import load_comparison
    from grow.comparison.result import Comparison
    from grow.config.write import schema
    from grow.data.checks import Check
    from grow.data.synthetic.sketchbook import Drawn
    from grow.deploy.card import Card, card
    from grow.deploy.export import Export
    from grow.deploy.gallery import contact_sheet
    from grow.deploy.predict import Prediction, Predictions, predict
    from grow.errors import GrowError
    from grow.nets.explain import Explanation
    from grow.nets.explaining import explain
    from grow.planning.draft import Draft
    from grow.runs.diff import Difference, difference
    from grow.runs.gc import Cleaning, clean
    from grow.runs.planned import Plan, plan
    from grow.runs.result import Run, StageResult, load, load_all
    from grow.runs.verify import Verification, verify
    from grow.signals import StopSwitch

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
    "Card": "grow.deploy.card",
    "Export": "grow.deploy.export",
    "card": "grow.deploy.card",
    "export": "grow.api",
    "Check": "grow.data.checks",
    "check": "grow.api",
    "Cleaning": "grow.runs.gc",
    "Comparison": "grow.comparison.result",
    "compare": "grow.api",
    "Difference": "grow.runs.diff",
    "difference": "grow.runs.diff",
    "Draft": "grow.planning.draft",
    "init": "grow.api",
    "Drawn": "grow.data.synthetic.sketchbook",
    "draw_pictures": "grow.api",
    "load_comparison": "grow.comparison.folder",
    "GrowError": "grow.errors",
    "Plan": "grow.runs.planned",
    "Run": "grow.runs.result",
    "StageResult": "grow.runs.result",
    "StopSwitch": "grow.signals",
    "Explanation": "grow.nets.explain",
    "contact_sheet": "grow.deploy.gallery",
    "explain": "grow.nets.explaining",
    "load": "grow.runs.result",
    "load_all": "grow.runs.result",
    "Prediction": "grow.deploy.predict",
    "Predictions": "grow.deploy.predict",
    "plan": "grow.runs.planned",
    "predict": "grow.deploy.predict",
    "resume": "grow.api",
    "run": "grow.api",
    "schema": "grow.config.write",
    "Verification": "grow.runs.verify",
    "clean": "grow.runs.gc",
    "verify": "grow.runs.verify",
}


def __getattr__(name: str) -> Any:
    """Loads a part of the API when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'grow' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
