"""What a stage file says, as frozen values.

Owns the keys, their types, defaults and bounds; each description is what `grow schema` tells an
editor. It reads no file and decides nothing: checks that need more than one key's own value live
in `stagefile`. Imports pydantic and `scalars` only.
"""

from grow.spec.data import Augment, Data, DrawnData, FolderData
from grow.spec.model import (
    Activation,
    Block,
    Deepen,
    Head,
    HeadPool,
    Insert,
    Model,
    Operator,
    Pool,
    Widen,
)
from grow.spec.run import Checkpoint, OptimizerState, Policy, Report, RunSpec, Stage, Transfer
from grow.spec.training import (
    MAY_BE_OFF,
    TRAINING_KEYS,
    Best,
    EarlyStopping,
    Monitor,
    Optimizer,
    Plateau,
    Training,
)
from grow.spec.values import NAME_PATTERN, Fraction, Name, Value

__all__ = [
    "MAY_BE_OFF",
    "NAME_PATTERN",
    "TRAINING_KEYS",
    "Activation",
    "Augment",
    "Best",
    "Block",
    "Checkpoint",
    "Data",
    "Deepen",
    "DrawnData",
    "EarlyStopping",
    "FolderData",
    "Fraction",
    "Head",
    "HeadPool",
    "Insert",
    "Model",
    "Monitor",
    "Name",
    "Operator",
    "Optimizer",
    "OptimizerState",
    "Plateau",
    "Policy",
    "Pool",
    "Report",
    "RunSpec",
    "Stage",
    "Training",
    "Transfer",
    "Value",
    "Widen",
]
