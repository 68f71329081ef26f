"""The transfer planner: for each layer of a grown model one decision, and why.

Pure: it compares two architectures under a policy and touches no array (`grow.nets.weights` carries
a plan out). `plan` holds the values, `correspondence` follows what the new maps say of the old
ones, `fitting` how a kept layer's weights become the new ones, `decide` makes the plan. Layers
are matched by their lifelong names, never by position.
"""

from grow.nets.transfer.correspondence import Correspondence
from grow.nets.transfer.decide import plan, walk
from grow.nets.transfer.plan import (
    SCHEMA,
    Adaptation,
    Carried,
    Decision,
    LayerPlan,
    MoreClasses,
    Reason,
    TransferPlan,
    Verdict,
    more_classes,
    named,
)

__all__ = [
    "SCHEMA",
    "Adaptation",
    "Carried",
    "Correspondence",
    "Decision",
    "LayerPlan",
    "MoreClasses",
    "Reason",
    "TransferPlan",
    "Verdict",
    "more_classes",
    "named",
    "plan",
    "walk",
]
