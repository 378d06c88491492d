"""Each page is met by clicks, and says no English word, no name of the code and no template's brace."""

import gettext
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import TextChoices

from carinho.access.audit_log import Audited
from carinho.access.roles import ADMINISTRATOR
from tests.clients import logged_in
from tests.console import every_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
QUOTING = {  # what programs say: to who builds the other system, and as the API gives it
    "events_conformancecheck_changelist",
    "monitoring_alert_runbook",
}
WORD = re.compile(r"[a-zà-ÿ]+", re.IGNORECASE)
OF_CODE = re.compile(r"(?<![@\w.])(?:[a-z]+(?:_[a-z]+)+|[a-z]+\.[a-z]{3}[a-z_]*)\b|\{\{|\{%")
SETTING = re.compile(r"\bWEBHOOK_SECRET_[A-Z]+\b")  # its name is what an administrator types
ALLOWED = {"api", "utc", "for", "lead"}
OUR_PACKAGES = {"carinho", "events", "monitoring", "sync", "whatsapp"}


def stored() -> Iterator[tuple[str, str]]:
    """The values that our code stores (states, causes, kinds of rounds, actions), each with its label."""
    for action in Audited.registry.values():
        yield action.name, str(action.label)
    for choices in TextChoices.__subclasses__():
        if choices.__module__.partition(".")[0] in OUR_PACKAGES:
            yield from ((str(value), str(label)) for value, label in choices.choices)


@cache
def english() -> set[str]:
    """The words that Django and its apps translate and that Portuguese has not, and those that we store."""
    theirs = set(WORD.findall(" ".join([*every_page.DEAD, *every_page.DEAD.values()]).lower()))
    ours = {"crm"}
    for value, label in stored():
        theirs |= set(WORD.findall(value.lower()))
        ours |= set(WORD.findall(label.lower()))
    for folder in (Path(settings.BASE_DIR), *(Path(app.path) for app in apps.get_app_configs())):
        file = folder / "locale/pt_BR/LC_MESSAGES/django.mo"
        if file.exists():
            with file.open("rb") as opened:
                catalogue = gettext.GNUTranslations(opened)._catalog  # type: ignore[attr-defined]
            for source, translated in catalogue.items():
                theirs |= set(WORD.findall(str(source).lower()))
                ours |= set(WORD.findall(translated.lower()))
    return {word for word in theirs - ours - ALLOWED if len(word) > 2 and word.isascii()}


UNGRAMMATICAL = re.compile(r"\w \?|\b1 (precisam|itens|entregas|retidas|falharam|pessoas)\b")
SINCE = re.compile(r"\S desde$")  # within a sentence: as a column's title it stands alone


def foreign(page: every_page.ShownPage) -> list[tuple[str, str]]:
    """What a page says that is no Portuguese, each with the text in which it stands."""
    return [
        (word, text)
        for text in page.shown
        if "/" not in text  # a time zone
        for word in [
            *(w for w in WORD.findall(SETTING.sub("", text)) if w.lower() in english()),
            *OF_CODE.findall(text),
        ]
    ]


@pytest.mark.parametrize("word", ["evening", "morning", "escalated", "requeue", "superseded", "overtaken"])
def test_word_that_the_code_stores_is_foreign_on_a_page(word):
    assert foreign(every_page.ShownPage(f"<p>ronda {word}</p>")) == [(word, f"ronda {word}")]


def test_every_page_is_met_by_clicks_and_speaks_portuguese():
    every_page.fill()
    client, met, said = logged_in(ADMINISTRATOR), set(), []
    for address, view, page in every_page.walk(
        lambda address: client.get(address, follow=True).content.decode()
    ):
        met.add(view)
        if view not in QUOTING:
            said += [(address, *found) for found in foreign(page)]
            said += [(address, text) for text in page.shown if UNGRAMMATICAL.search(text)]
            said += [
                (address, text, moment)
                for text, moment in pairwise(page.shown)
                if SINCE.search(text) and moment.startswith(("agora", "há "))
            ]
    assert not said
    assert len(met) > 50
