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
from grow.spec.run import (
    Carried,
    Checkpoint,
    OptimizerState,
    Policy,
    Round,
    RunSpec,
    ShrinkPerturb,
    Stage,
    Stop,
    Transfer,
)
from grow.spec.training import (
    MAY_BE_OFF,
    TRAINING_KEYS,
    Best,
    Monitor,
    Optimizer,
    Plateau,
    ReduceOnPlateau,
    Training,
    Until,
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
    "Carried",
    "Checkpoint",
    "Data",
    "Deepen",
    "DrawnData",
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
    "ReduceOnPlateau",
    "Round",
    "RunSpec",
    "ShrinkPerturb",
    "Stage",
    "Stop",
    "Training",
    "Transfer",
    "Until",
    "Value",
    "Widen",
]
