"""What the console's templates say of states, moments and names; and the filters of a list."""

from typing import Any

from django import template
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.utils.translation import gettext as _

from events.console import badges, moments, words
from events.models import BreakerState, CircuitBreaker, DeadLetterStatus, DeliveryStatus, EventStatus

register = template.Library()
STATES = {
    "breaker": BreakerState,
    "dead_letter": DeadLetterStatus,
    "delivery": DeliveryStatus,
    "event": EventStatus,
}

register.filter("moment", moments.moment)
register.filter("system", words.system)
register.filter("event_type", words.event_type)
register.filter("who", words.who)
register.filter("did", words.did)
register.simple_tag(words.who_fixes)


@register.filter
def state(value: str, kind: str) -> str:
    """The word for a state of `kind`, in its colour."""
    return badges.of(STATES[kind], value)


@register.filter
def health(breaker: CircuitBreaker) -> str:
    """Whether a system takes deliveries, in a word and its colour."""
    if breaker.paused_at:
        return badges.badge(_("pausado"), "warning", "paused")
    if breaker.offline_since:
        return badges.badge(_("desconectado"), "danger", "offline")
    return state(breaker.state, "breaker")


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
