"""Where pictures come from: sources, splits, one prepared master, contact sheets.

Nothing is imported here, so that listing and planning load neither numpy nor Pillow.
"""
