"""A run folder on disk: its files and formats, its lock, and what is damaged in it."""
