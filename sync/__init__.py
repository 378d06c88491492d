"""Periodic synchronisations: the data of two systems agrees, and it can be shown."""
