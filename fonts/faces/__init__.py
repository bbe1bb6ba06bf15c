"""Our own drawn faces, as text data."""
