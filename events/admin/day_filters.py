"""Filters by day over the tables that grow."""

from datetime import timedelta

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from carinho.console.filters import DayFilter
from events.models import Event

OUT_OF_STEP = 2_000  # how far ids may differ from the order in which events were received


class EventDayFilter(DayFilter):
    """Days by which events were received, over a table that grows: first made into a range of ids."""

    key = "pk"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        queryset = super().queryset(request, queryset)
        if self.begin:
            first = self._event(Event.objects.filter(received_at__gte=self.begin).order_by("received_at"))
            queryset = queryset.filter(**{f"{self.key}__gte": first - OUT_OF_STEP})
        if self.end:
            end = self.end + timedelta(days=1)
            last = self._event(Event.objects.filter(received_at__lt=end).order_by("-received_at"))
            queryset = queryset.filter(**{f"{self.key}__lte": last + OUT_OF_STEP})
        return queryset

    def _event(self, events: QuerySet[Event]) -> int:
        return events.values_list("pk", flat=True).first() or 0


class DeliveryDayFilter(EventDayFilter):
    key = "event_id"
