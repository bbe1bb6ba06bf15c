"""INK: strokes in, pen on paper out. Knows nothing of letters, jobs or the web."""
