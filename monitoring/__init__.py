"""Monitoring: one verdict with its reasons, and nobody has to remember to look."""
