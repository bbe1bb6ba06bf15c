"""LETTERS: text in, strokes on a card out. Knows nothing of machines, jobs or the web."""
