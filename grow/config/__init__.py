"""The stage file: the schema of its keys, the reader that knows every place, and ready examples."""
