"""docs/proof.md: its figures are those of the last runs, each with the commit, machine and date it is of."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench.group import ROOT
from tests.figures import FOLDER

DOCUMENT = ROOT / "docs" / "proof.md"
MOST_IN_A_ROW = 8
PLACE = "<!-- figures: {name} -->\n(?P<old>.*?)<!-- end -->"


def renew(folder: Path = FOLDER, document: Path = DOCUMENT) -> list[str]:
    """Write the figures of this folder where the document has a place for them; the names of these."""
    text, renewed = document.read_text(), []
    for path in sorted(folder.glob("*.json")):
        kept = json.loads(path.read_text())
        new = f"<!-- figures: {path.stem} -->\n{_text(kept)}<!-- end -->"
        text, times = re.subn(
            PLACE.format(name=re.escape(path.stem)), lambda _, new=new: new, text, flags=re.DOTALL
        )
        renewed += [path.stem] * bool(times)
    document.write_text(text)
    return renewed


def _text(kept: Mapping[str, Any]) -> str:
    machine = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in kept["machine"].items())
    lines = [
        f"Commit {kept['commit']}, {kept['date'][:10]}; {machine}.",
        "",
        "| what | figure |",
        "| --- | --- |",
    ]
    lines += [f"| {name} | {value} |" for name, value in _flat(kept["figures"])]
    return "\n".join(lines) + "\n"


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in figures.items():
        title = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping) and (
            len(value) > MOST_IN_A_ROW or any(isinstance(each, Mapping | list) for each in value.values())
        ):
            yield from _flat(value, f"{title}: ")
        elif isinstance(value, Mapping):
            yield title, ", ".join(f"{key.replace('_', ' ')} {each}" for key, each in value.items()) or "none"
        elif isinstance(value, list):
            yield title, " → ".join(map(str, value))
        else:
            yield title, str(value)
