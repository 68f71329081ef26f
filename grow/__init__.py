"""Train a small convolutional network, grow it deeper, carry over what it has learnt.

The Python API, loaded when it is first used so that importing `grow` is instant:

    grow.plan("stages.yaml")     what would happen; no TensorFlow
    grow.run("stages.yaml")      trains every stage, or goes on where it stopped
    grow.load("runs/cats-dogs")  a run folder's histories, plans and models
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grow.errors import GrowError
    from grow.gallery import contact_sheet
    from grow.launch import resume, run
    from grow.planning import Plan, plan
    from grow.runs import Run, StageResult, load, load_all
    from grow.stagefile import schema
    from grow.stopping import StopSwitch

__version__ = "0.1.0"

__all__ = [
    "GrowError",
    "Plan",
    "Run",
    "StageResult",
    "StopSwitch",
    "contact_sheet",
    "load",
    "load_all",
    "plan",
    "resume",
    "run",
    "schema",
]

_HOMES = {
    "GrowError": "grow.errors",
    "Plan": "grow.planning",
    "Run": "grow.runs",
    "StageResult": "grow.runs",
    "StopSwitch": "grow.stopping",
    "contact_sheet": "grow.gallery",
    "load": "grow.runs",
    "load_all": "grow.runs",
    "plan": "grow.planning",
    "resume": "grow.launch",
    "run": "grow.launch",
    "schema": "grow.stagefile",
}


def __getattr__(name: str) -> Any:
    """Loads a part of the API when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'grow' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
