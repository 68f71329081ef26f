"""Networks: architectures as values, the operators that grow them, and what of one fits another.

`transfer` plans what a growth carries over, `weights` does it in NumPy, `network` builds the Keras
model; `archive` reads saved models without Keras, and `explain` compares any two of them.
"""
