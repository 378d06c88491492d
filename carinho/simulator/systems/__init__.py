"""The systems played here, in the order of their files: a new one is a file."""

from carinho.discovery import import_modules
from carinho.simulator.system import System

import_modules(__name__)
SYSTEMS: dict[str, type[System]] = {kind.name: kind for kind in System.__subclasses__()}
