"""Roof."""
