"""A first stage file for a folder of pictures: looked at, chosen for, written with its reasons.

`look` sees what is there, `choose` decides from that alone, `wording` writes the decisions down as
a stage file with comments, `place` knows where it goes, and `draft` does it in order.
"""

from grow.planning.draft.draft import Draft, draft

__all__ = ["Draft", "draft"]
