"""What the console's templates say of moments, systems and people; and the filters of a list."""

import re
from datetime import datetime
from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from carinho.console import dates, labels, notes, sidebar, support

register = template.Library()
register.filter("moment", dates.moment)
register.filter("since", dates.since)
register.filter("system", labels.system)
register.filter("who", labels.who)
register.filter("number", labels.number)
register.filter("action", labels.action)
register.filter("error_words", labels.error)
register.filter("about_person", notes.about_person)
register.filter("about_system", notes.about_system)


@register.filter
def title_of_page(part: dict[str, Any]) -> Any:
    """A part of the breadcrumbs, by the name that the sidebar gives the page it leads to."""
    return sidebar.title_of(str(part.get("link", ""))) or part["title"]


ADMINISTRATORS = re.compile(r"(?i)(?<!\w)(um |o |ao )?administrador(?!\w)")


@register.filter
def with_contacts(text: Any) -> SafeString:
    """A sentence that sends to an administrator, whose words lead to who that is."""
    address = f"{reverse('admin:monitoring_alert_contacts')}#administradores"
    link = format_html('<a href="{}">', address)
    return mark_safe(ADMINISTRATORS.sub(rf"{link}\g<0></a>", conditional_escape(text)))  # noqa: S308


@register.inclusion_tag("admin/contacts.html")
def support_contacts(since: datetime | None = None) -> dict[str, Any]:
    """Whom to call about a trouble that began then, and when; without a moment, the rule in general."""
    return {"levels": support.levels(since), "since": since}


@register.inclusion_tag("admin/list_tabs.html")
def list_tabs(cl: ChangeList) -> dict[str, Any]:
    """The filters that are shown as tabs, and what else was chosen, each with the way to take it off."""
    specs: list[Any] = cl.filter_specs
    tabs = [spec for spec in specs if getattr(spec, "is_tab", False)]
    chosen = [spec for spec in specs if getattr(spec, "chosen", "") and spec not in tabs]
    return {
        "tabs": [tab for spec in tabs for tab in _tabs(cl, spec)],
        "chosen": [
            {
                "title": spec.title,
                "text": spec.chosen,
                "off": cl.get_query_string(remove=[*spec.parameters, PAGE_VAR]),
            }
            for spec in chosen
        ],
        "query": cl.query,
        "query_off": cl.get_query_string(remove=["q", PAGE_VAR]),
    }


def _tabs(cl: ChangeList, spec: Any) -> list[dict[str, Any]]:
    name, now = spec.parameter_name, spec.value()
    choices = spec.lookup_choices if spec.default else [("", "todos"), *spec.lookup_choices]
    return [
        {
            "text": text,
            "address": cl.get_query_string(
                {name: value} if value else {}, [PAGE_VAR] if value else [name, PAGE_VAR]
            ),
            "is_here": (value or None) == (now or None),
        }
        for value, text in choices
    ]
