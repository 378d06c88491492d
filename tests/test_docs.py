"""What the documents point to is there."""

import importlib.util
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from tests.test_contributing import EXAMPLES

ROOT = settings.BASE_DIR
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")  # without those to other sites and within the page
MODULE = re.compile(r"(?<![\w/.>-])(?:[\w-]+/)+[\w-]+\.py\b")
COMMAND = re.compile(r"python -m ([^`]+?)(?=`|$)", re.MULTILINE)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS]
)


@each_document
def test_every_relative_link_leads_somewhere(document: Path):
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@each_document
def test_every_module_that_is_named_exists(document: Path):
    modules = set(MODULE.findall(document.read_text())) - set(EXAMPLES)
    assert sorted(module for module in modules if not (ROOT / module).exists()) == []


@each_document
def test_every_command_that_is_named_exists(document: Path):
    text = document.read_text()
    words = [word for command in COMMAND.findall(text) for word in command.split()]
    files = {word for word in words if word.startswith("tests/")}
    modules = {word for word in words if word.startswith(("tests.", "carinho."))}
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= TARGETS
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= get_commands().keys()
    assert sorted(name for name in files if not (ROOT / name).exists()) == []
    assert sorted(name for name in modules if importlib.util.find_spec(name) is None) == []


def test_every_decision_is_in_the_index_and_has_the_four_parts():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    pages = sorted(folder.glob("0*.md"))
    assert [page.name for page in pages] == re.findall(r"\]\((\d{4}[^)]+)\)", index)
    for page in pages:
        parts = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert parts == ["Context", "Choice", "Consequences", "What would change our mind"], page.name
