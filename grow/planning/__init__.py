"""Pure decisions before anything is done: what each stage is, what is reused, when training ends.

Everything here is a function of the stage file, the pictures' digests and the recorded epochs, so
that `grow plan` and `grow run` decide alike, and a resumed run as one that never stopped.
"""
