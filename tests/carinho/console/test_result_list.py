"""The table of a list: the theme's, made faster."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template import engines
from django.urls import reverse
from unfold.templatetags import unfold_list

from carinho.access.roles import ADMINISTRATOR
from events.admin.dead_letter import DeadLetterAdmin
from events.models import Event
from tests.clients import logged_in
from tests.console import rows

THEME = Path(unfold_list.__file__).parents[1] / "templates/admin/change_list_results.html"


class Parts(HTMLParser):
    """Tags with their attributes, and texts, without the space between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[object] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        # what a section below the row would need, and no list has
        self.found.append(
            (tag, {name: " ".join((value or "").split()) for name, value in attrs if name != "x-data"})
        )

    def handle_endtag(self, tag):
        self.found.append(f"/{tag}")

    def handle_data(self, data):
        self.found += [data.strip()] if data.strip() else []


def _of_theme(cl):
    headers = list(unfold_list.result_headers(cl))
    shown = {"cl": cl, "result_headers": headers, "results": list(unfold_list.results(cl))}
    return engines["django"].from_string(THEME.read_text()).render(shown)


def _table(html):
    """Without the words of moments, which go on between two looks."""
    table = html.partition("<table")[2].partition("</table>")[0]
    return Parts("<table" + re.sub("(<time[^>]*>)[^<]*", r"\1", table)).found


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["events_deadletter", "auth_user", "django_celery_beat_periodictask"])
def test_table_is_the_one_that_the_theme_makes(name):
    rows.dead_letter()
    page = logged_in(ADMINISTRATOR).get(reverse(f"admin:{name}_changelist") + "?q=")
    cl = page.context["cl"]
    assert cl.result_count
    assert _table(page.content.decode()) == _table(_of_theme(cl))


@pytest.mark.django_db
def test_cell_of_what_was_removed_meanwhile_is_empty(monkeypatch):
    def removed(_admin, _row):
        raise Event.DoesNotExist

    rows.dead_letter()
    monkeypatch.setattr(DeadLetterAdmin, "who", removed)
    page = logged_in(ADMINISTRATOR).get(reverse("admin:events_deadletter_changelist"))
    assert re.findall(r'class="field-who[^>]*>([^<]*)</td>', page.content.decode()) == ["-"]
