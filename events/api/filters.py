"""What lists can be narrowed by."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.api.filters import MomentFilter
from events import time_range
from events.models import DeadLetter, DeadLetterStatus, Delivery, Event, EventStatus

LANES = [(name, name) for name in settings.LANES]


LONGEST_DAYS = 36_500
INDEXED = {"status", "type", "subject"}  # one of them is served by its own index, newest first


class EventFilter(django_filters.FilterSet):
    """`since` and `until` bound the moment of arrival.

    What no index serves is looked for in the newest 200,000 events only, or in as many before `until`.
    """

    type = django_filters.CharFilter(label=_("Tipo do evento, como lead.created."))
    source = django_filters.CharFilter(label=_("Sistema que enviou."))
    status = django_filters.ChoiceFilter(choices=EventStatus.choices, label=_("Situação do evento."))
    subject = django_filters.CharFilter(label=_("De quem trata, como phone:5511987654321 ou client:42."))
    since = MomentFilter(method="received_since", label=_("A partir deste momento."))
    until = MomentFilter(method="received_before", label=_("Antes deste momento."))

    class Meta:
        model = Event
        fields: list[str] = []

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        """`from` and `to`, which no class can have as names, are other spellings of `since` and `until`."""
        given = {name: data.get(name) for name in data or ()}
        for other, name in (("from", "since"), ("to", "until")):
            if given.get(other) and not given.get(name):
                given[name] = given[other]
        super().__init__(given, *args, **kwargs)

    def received_since(self, events: time_range.Events, _name: str, moment: datetime) -> time_range.Events:
        return time_range.received_since(events, moment)

    def received_before(self, events: time_range.Events, _name: str, moment: datetime) -> time_range.Events:
        return time_range.received_before(events, moment)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().filter_queryset(queryset)
        return found if self._is_served() else time_range.newest(found, self.form.cleaned_data["until"])

    def _is_served(self) -> bool:
        """Whether the newest rows are found without reading rows that do not match."""
        asked = {name for name, value in self.form.cleaned_data.items() if value} - {"since", "until"}
        return "subject" in asked or not asked or (len(asked) == 1 and asked <= INDEXED)


class DeadLetterFilter(django_filters.FilterSet):
    """`since` and `until` bound the moment at which the item appeared."""

    service = django_filters.ChoiceFilter(choices=LANES, label=_("Sistema que não recebeu."))
    cause = django_filters.CharFilter(label=_("Código da causa, como connection_timeout."))
    type = django_filters.CharFilter(field_name="event_type", label=_("Tipo do evento."))
    since = MomentFilter(field_name="created_at", lookup_expr="gte", label=_("A partir deste momento."))
    until = MomentFilter(field_name="created_at", lookup_expr="lt", label=_("Antes deste momento."))

    class Meta:
        model = DeadLetter
        fields: list[str] = []


class DeadLetterListFilter(DeadLetterFilter):
    """A list without `status` shows what waits for a person: the open items."""

    status = django_filters.ChoiceFilter(
        choices=DeadLetterStatus.choices, label=_("Situação; sem ela, o que espera por uma pessoa (open).")
    )

    days = django_filters.NumberFilter(method="of_last_days", label=_("Só dos últimos tantos dias."))

    def of_last_days(self, dead_letters: QuerySet[Any], _name: str, days: Decimal) -> QuerySet[Any]:
        since = timezone.now() - timedelta(days=min(max(float(days), 0), LONGEST_DAYS))
        return dead_letters.filter(created_at__gte=since)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = super().filter_queryset(queryset)
        return found if self.form.cleaned_data["status"] else found.filter(status=DeadLetterStatus.OPEN)


class RetryFilter(django_filters.FilterSet):
    service = django_filters.ChoiceFilter(choices=LANES, label=_("Sistema que vai receber."))
    type = django_filters.CharFilter(field_name="event__type", label=_("Tipo do evento."))

    class Meta:
        model = Delivery
        fields: list[str] = []
