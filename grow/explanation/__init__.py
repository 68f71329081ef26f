"""What could be carried over between any two saved Keras models, and what Keras would load.

Pure: it works on small frozen descriptions (`described`) and needs neither Keras nor a file.
`align` finds which layer of the new model is which of the old one, `carry` decides what could
be carried over, `loading` predicts Keras's ``load_weights(skip_mismatch=True)``, and `columns`
puts the three beside each other.
"""

from grow.explanation.columns import explain
from grow.explanation.described import Call, Group, Layer, Model, Source, Weight
from grow.explanation.value import SCHEMA, Difference, Explanation, Line

__all__ = [
    "SCHEMA",
    "Call",
    "Difference",
    "Explanation",
    "Group",
    "Layer",
    "Line",
    "Model",
    "Source",
    "Weight",
    "explain",
]
