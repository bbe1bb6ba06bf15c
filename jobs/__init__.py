"""ORDERS: who wants what written, on which machine, and how it went."""
