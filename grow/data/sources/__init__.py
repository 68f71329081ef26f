"""Where pictures come from: each source lists them without opening any."""
