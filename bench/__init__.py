"""Measures, with public tools: each bench prints one table; peers side by side in the same run."""
