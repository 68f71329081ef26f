"""Reads saved Keras models as descriptions, without Keras and without TensorFlow.

`archive` opens the files, `graph` follows the layers and calls of a model's configuration,
`settings` reads what one layer does, `bare` does with a weights file alone. Nothing is ever
built and no array is read: a saved model's code cannot run here.
"""

from grow.saved.read import read

__all__ = ["read"]
