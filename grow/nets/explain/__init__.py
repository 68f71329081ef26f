"""What could be carried over between any two saved Keras models, and what Keras would load.

Pure: it works on small frozen descriptions (`described`) and needs neither Keras nor a file.
`align` finds which layer of the new model is which of the old one, `passing` knows the layers
that change nothing at inference, `carry` decides what could be carried over, `loading` and
`rows` predict Keras's ``load_weights``, and `columns` puts them beside each other.
"""

from grow.nets.explain.columns import explain
from grow.nets.explain.described import Call, Group, Layer, Model, Source, Weight
from grow.nets.explain.value import SCHEMA, Difference, Explanation, Line

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
