"""The operators' guide names only what the console has, and its pictures are of pages that are there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from carinho.access.roles import OPERATOR
from tests.clients import logged_in
from tests.console import guide_images

GUIDE = (settings.BASE_DIR / "docs" / "guia-do-operador.md").read_text(encoding="utf-8")
BOLD = re.findall(r"\*\*([^*]+)\*\*", GUIDE)
NAMES = sorted(
    {" ".join(name.split()) for name in BOLD if name[-1] not in ".:"}
)  # the others head a paragraph
APPS = ("carinho", "events", "sync", "whatsapp", "monitoring", "templates")


def test_every_name_in_bold_stands_on_the_console():
    files = (path for app in APPS for path in Path(settings.BASE_DIR, app).rglob("*.*"))
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix in (".py", ".html")]
    starts = {text.lower() for source in texts for text in re.findall(r"""(?<=["'>])[^"'<>]+""", source)}
    assert len(NAMES) > 90
    assert [name for name in NAMES if not any(text.startswith(name.lower()) for text in starts)] == []


@pytest.mark.django_db
@pytest.mark.usefixtures("no_messages")
def test_every_picture_is_of_a_page_that_is_there():
    taken = {path.stem for path in guide_images.FOLDER.glob("*.png")}
    assert set(re.findall(r"\(imagens/([\w-]+)\.png\)", GUIDE)) == taken == set(guide_images.PAGES)
    client, known = logged_in(OPERATOR), guide_images.fill()
    for name, address in guide_images.PAGES.items():
        assert client.get(address.format(**known)).status_code == 200, name
