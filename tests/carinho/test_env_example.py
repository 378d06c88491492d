"""What may be set is written down, and nothing else is."""

import re

from django.conf import settings

from carinho.embedded.processes import ROOT
from tests.server import compose


def read_by_the_settings():
    """The names in `env("NAME")`, those made of a system's or a source's name written out."""
    text = (ROOT / "carinho" / "settings.py").read_text()
    names = set()
    for name in re.findall(r'\benv(?:\.\w+)?\(\s*f?"([^"]+)"', text):
        names |= {
            name.replace("{name.upper()}", system.upper()).replace("{source.upper()}", source.upper())
            for system in settings.SYSTEMS
            for source in settings.SOURCES
        }
    return names


def read_by_compose():
    text = (ROOT / "docker-compose.yml").read_text()
    return {found["name"] for found in compose.VARIABLE.finditer(text) if found["name"]}


def test_example_of_the_environment_names_every_setting_and_no_other():
    named = set(re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == read_by_the_settings() | read_by_compose()
