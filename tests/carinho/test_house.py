"""What holds of the whole tree: a class name means one thing, arrows point down, exceptions have reasons."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.backends.django import get_installed_libraries

ROOT = Path(settings.BASE_DIR)
APPS = ("carinho", "events", "sync", "whatsapp", "monitoring")
BELOW = {  # whose tags and templates a layer's templates may use
    "events": {"carinho", "events"},
    "sync": {"carinho", "events", "sync"},
    "whatsapp": {"carinho", "events", "whatsapp"},
    "monitoring": {"carinho", "events", "sync", "whatsapp", "monitoring"},
}
DEMANDED = {"Meta", "Command", "Migration", "Media"}  # by Django
IMPORT = (ast.Import, ast.ImportFrom)
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources() -> Iterator[tuple[str, str]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text()


def imports_in_functions(node: ast.AST, *, inside: bool = False) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if inside and isinstance(child, IMPORT):
            yield child
        yield from imports_in_functions(child, inside=inside or isinstance(child, FUNCTION))


def has_reason(lines: list[str], number: int) -> bool:
    """A comment on this line or above it; the imports of one block share theirs."""
    if "#" in lines[number - 1]:
        return True
    above = number - 2
    while not lines[above].strip() or lines[above].strip().startswith(("from ", "import ")):
        above -= 1
    return lines[above].strip().startswith("#")


def test_one_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path, source in sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef) and node.name not in DEMANDED:
                places[node.name].append(path)
    clashes = {name: ", ".join(paths) for name, paths in places.items() if len(paths) > 1}
    assert clashes == {}


def test_import_inside_a_function_has_a_reason_beside_it() -> None:
    found = {
        f"{path}: {ast.unparse(node)}"
        for path, source in sources()
        if not path.endswith("/apps.py")  # read before the models are there
        for node in imports_in_functions(ast.parse(source))
        if not has_reason(source.splitlines(), node.lineno)
    }
    assert found == set()


@pytest.mark.parametrize("folder", sorted(BELOW))
def test_templates_use_tags_and_templates_of_their_own_layer_or_below(folder: str) -> None:
    libraries = get_installed_libraries()
    pages = [
        path
        for room in (ROOT / "templates" / folder, ROOT / "templates" / "admin" / folder)
        for path in room.rglob("*.*")
    ]
    used = defaultdict(set)
    for path in pages:
        text = path.read_text()
        for tags in re.findall(r"{% load ([^%]*) %}", text):
            used[path.name] |= {libraries[name].split(".")[0] for name in tags.split() if name in libraries}
        shared = re.findall(r'{% (?:include|extends) "(?:admin/)?(\w+)/', text)
        used[path.name] |= set(shared)
    above = {page: apps & set(APPS) - BELOW[folder] for page, apps in used.items()}
    assert pages
    assert {page: apps for page, apps in above.items() if apps} == {}


def test_advisory_locks_are_taken_in_one_module() -> None:
    found = [path for path, source in sources() if re.search(r"pg_(try_)?advisory", source)]
    assert found == ["carinho/locks.py"]


def test_the_frame_of_a_console_page_is_made_in_one_place() -> None:
    found = [path for path, source in sources() if "each_context(" in source]
    assert found == ["carinho/access/login.py", "carinho/console/base.py"]  # the log-in's own has no sidebar
