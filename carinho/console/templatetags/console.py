"""What the console's templates say of moments, systems and people; and the filters of a list."""

from collections.abc import Hashable
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.forms import Media
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from carinho.console import dates, labels, notes, sidebar, support

register = template.Library()
register.filter("moment", dates.moment)
register.filter("since", dates.since)
register.filter("clock", dates.clock)
register.filter("system", labels.system)
register.filter("who", labels.who)
register.filter("number", labels.number)
register.filter("action", labels.action)
register.filter("error_words", labels.error)
register.filter("about_person", notes.about_person)
register.filter("about_system", notes.about_system)
register.filter("with_contacts", support.with_contacts)


@register.filter
def title_of_page(part: dict[str, Any]) -> Any:
    """A part of the breadcrumbs, by the name that the sidebar gives the page it leads to."""
    return sidebar.title_of(str(part.get("link", ""))) or part["title"]


@register.filter
def lines(groups: list[dict[str, Any]]) -> SafeString:
    """The sidebar, which is made anew only where a line, a number or the page on show is another."""
    return _lines(
        tuple(
            (str(group["title"]), tuple(tuple(item.items()) for item in group["items"])) for group in groups
        )
    )


@lru_cache(maxsize=256)  # some people on each of fifty pages
def _lines(groups: tuple[tuple[str, tuple[Hashable, ...]], ...]) -> SafeString:
    shown = [{"title": title, "items": [dict(item) for item in items]} for title, items in groups]  # type: ignore[call-overload]
    return render_to_string("admin/sidebar_lines.html", {"groups": shown})


@register.simple_tag(takes_context=True)
def ask_administrator(context: Any) -> SafeString | str:
    """Whom to ask for a right: the page that says who it is, or their names for whom that page is closed."""
    user = getattr(context.get("request"), "user", None)
    sentence = _("Peça a um administrador")
    if user is None or not user.is_authenticated:
        return f"{sentence}."
    if user.has_perm("monitoring.view_alert"):
        return support.with_contacts(f"{sentence}.")
    named = "; ".join(", ".join(filter(None, [one.name, one.email])) for one in support.administrators())
    return f"{sentence}: {named}." if named else f"{sentence}."


@register.filter
def deferred(media: Media) -> SafeString:
    """Its scripts, run in their order once the page has been read: nothing that is shown waits for them."""
    scripts = (script.replace("<script ", "<script defer ", 1) for script in media.render_js())
    return mark_safe("\n".join(scripts))  # noqa: S308 -- as Django made them


@register.inclusion_tag("admin/contacts.html")
def support_contacts(since: datetime | None = None) -> dict[str, Any]:
    """Whom to call about a trouble that began then, and when; without a moment, the rule in general."""
    return {"levels": support.levels(support.calls(since) if since else None)}


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
