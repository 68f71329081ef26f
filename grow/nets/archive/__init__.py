"""Reads saved Keras models as descriptions, without Keras and without TensorFlow.

`opened` has the files read by a process of its own, `archive` and `hdf5` know their formats,
`legacy` brings old configurations into today's form, `graph` follows layers and calls,
`settings` and `slots` read what one layer does and which arrays it has, `shapes` infers what
reaches it, `bare` does with a weights file alone. Nothing is ever built and no array is read: a
saved model's code cannot run here.
"""

from grow.nets.archive.read import read

__all__ = ["read"]
