"""What is declared by being there: a file in its folder is enough, and no list names it."""

import importlib
import pkgutil


def import_modules(package: str) -> None:
    """Import every module of a package, in the order of their names."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
