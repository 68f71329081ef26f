"""A first stage file for a folder of pictures: looked at, chosen for, written with its reasons.

`look` sees what is there, `choose` decides from that alone, `wording` writes the decisions down as
a stage file with comments, `place` knows where it goes, and `draft` does it in order.
Floor 4; Keras only to time training steps, and only when asked to.
"""

from grow.drafting.draft import Draft, init

__all__ = ["Draft", "init"]
