"""Training: a run from top to bottom, and everything that touches a Keras model."""
