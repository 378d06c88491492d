"""The one address."""

from django.urls import path

from tests.bench.plain.views import EventView

urlpatterns = [path("api/events", EventView.as_view())]
