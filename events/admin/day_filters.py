"""Filters by day over the tables that grow."""

from datetime import timedelta

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from carinho.console.filters import DayFilter
from events import time_range


class EventDayFilter(DayFilter):
    """Days by which events were received, over a table that grows: first made into a range of ids."""

    key = "pk"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        queryset = super().queryset(request, queryset)
        if self.begin:
            queryset = queryset.filter(**{f"{self.key}__gte": time_range.lowest_id(self.begin) or 0})
        if self.end:
            highest = time_range.highest_id(self.end + timedelta(days=1))
            queryset = queryset.filter(**{f"{self.key}__lte": highest or 0})
        return queryset


class DeliveryDayFilter(EventDayFilter):
    key = "event_id"
