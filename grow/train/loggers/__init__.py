"""Listeners that keep files of a run: events as JSON lines, TensorBoard event files."""
