"""Filters of the lists. Their choice stands in the URL and is shown above the list."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin import FieldListFilter, ModelAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.contrib.filters.admin import DropdownFilter
from unfold.contrib.filters.forms import DropdownForm
from unfold.widgets import SELECT_CLASSES

from carinho.console import dates

NEWEST = 200_000
Choices = Iterable[tuple[str, Any]]


class SearchableField:
    """The scripts that turn a choice into a field to type in. How it looks is said below the list, which is
    read without it (templates/admin/change_list.html).
    """

    class Media:
        js = DropdownForm.Media.js


class ChoiceFilter(DropdownFilter):
    """One field, one value of a list. With `default` that value holds until another is chosen.

    Its field looks as the theme's, whose form takes a template for each option: a tenth of a list's page.
    """

    template = "admin/choice_filter.html"
    form_class = SearchableField
    field = ""
    default: str | None = None
    every: str | None = None  # the choice that means no restriction, where there is a default
    scans = False  # no index serves it: only the newest rows are searched, unless something else narrows them
    is_tab = False  # shown as a row of tabs above the list
    offered: Callable[[], Choices]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Choices:
        return list(type(self).offered())

    def value(self) -> str | None:
        return super().value() or self.default

    def choices(self, changelist: Any) -> Iterator[Any]:
        now, offered = self.value() or "", [self.all_option] if self.all_option else []
        option = '<option value="{}"{}>{}</option>'
        rows = (
            (value, SafeString(" selected") if str(value) == now else "", text)
            for value, text in [*offered, *self.lookup_choices]
        )
        yield {
            "name": self.parameter_name,
            "classes": " ".join([*SELECT_CLASSES, "unfold-admin-autocomplete admin-autocomplete"]),
            "options": format_html_join("", option, rows),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        if value in (None, "", self.every):
            return queryset
        found = self.matching(queryset, value)
        return newest(found) if self.scans and not _is_narrow(request) else found

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset.filter(**{self.field or self.parameter_name: value})

    @property
    def chosen(self) -> str:
        """The label of what the operator chose; empty when nothing."""
        return str(dict(self.lookup_choices).get(super().value(), ""))

    @property
    def parameters(self) -> list[str]:
        return [self.parameter_name]


def choice_filter(
    parameter: str, title: Any, offered: Callable[[], Choices], **attributes: Any
) -> type[ChoiceFilter]:
    """A filter on one field; `attributes` may name another `field`, a `default`, and what means `every`."""
    given = {"parameter_name": parameter, "title": title, "offered": staticmethod(offered)} | attributes
    if given.get("default"):
        given["all_option"] = None
    return type(f"{parameter.title()}Filter", (ChoiceFilter,), given)


def _is_narrow(request: HttpRequest) -> bool:
    """Whether days, a queue or a search already leave few rows."""
    return any(name in ("q", "queue") or name.endswith(("_from", "_to")) for name in request.GET)


def newest(queryset: QuerySet) -> QuerySet:
    """The last rows of a table that grows: what no index serves is looked for among these."""
    last = queryset.model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return queryset.filter(pk__gt=last - NEWEST)


class DayFilter(FieldListFilter):
    """Whole days in local time, both ends included; a link may begin at an hour ("2026-01-22T14:00")."""

    template = "admin/day_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: dict[str, Any], *rest: Any, **more: Any
    ) -> None:
        super().__init__(field, request, params, *rest, **more)
        begin, end = (_moment(self.used_parameters.get(name)) for name in self.expected_parameters())
        self.begin, self.end = begin, end and end.replace(hour=0, minute=0)

    def expected_parameters(self) -> list[str]:  # type: ignore[override]
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.begin:
            queryset = queryset.filter(**{f"{self.field_path}__gte": self.begin})
        if self.end:
            queryset = queryset.filter(**{f"{self.field_path}__lt": self.end + timedelta(days=1)})
        return queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        for name, day, label in zip(
            self.parameters, (self.begin, self.end), (_("de"), _("até")), strict=True
        ):
            yield {"name": name, "label": label, **_input(day)}

    @property
    def parameters(self) -> list[str]:
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    @property
    def chosen(self) -> str:
        """The label of the days the operator chose; empty when none."""
        if not (self.begin or self.end):
            return ""
        return " ".join(
            f"{word} {day.strftime('%d/%m/%Y %H:%M' if _is_hour(day) else '%d/%m/%Y')}"
            for word, day in ((_("de"), self.begin), (_("até"), self.end))
            if day
        )


def _moment(given: Any) -> datetime | None:
    """The beginning of a day, or the hour of it that was asked for."""
    return dates.typed((given[0] if isinstance(given, list) else given) or "")


def _is_hour(moment: datetime) -> bool:
    return (moment.hour, moment.minute) != (0, 0)


def _input(moment: datetime | None) -> dict[str, str]:
    """What the form shows: an hour that a link asked for stays when the form is sent."""
    if moment is not None and _is_hour(moment):
        return {"kind": "datetime-local", "value": f"{moment:%Y-%m-%dT%H:%M}"}
    return {"kind": "date", "value": f"{moment:%Y-%m-%d}" if moment else ""}
