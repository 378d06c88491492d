"""Django's admin in unfold's look."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from unfold.sites import UnfoldAdminSite

from carinho.console import badge_counts
from carinho.console.sidebar import Item, sidebar


class ConsoleSite(UnfoldAdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models of one app. Of all apps nothing: the sidebar is not made from them.

        Django asks for it at every page, and looks at each model's addresses and permissions for it.
        """
        return super().get_app_list(request, app_label) if app_label else []

    def get_sidebar_list(self, request: HttpRequest) -> list[Item]:
        """Complete as it is: the theme would copy it and ask for each line whether it is seen and active."""
        return sidebar(request)

    def i18n_javascript(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """What Django's scripts say, which only another Django changes: a browser keeps it for an hour."""
        response = super().i18n_javascript(request, extra_context)
        response["Cache-Control"] = "private, max-age=3600"
        return response

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Any:
        """What is posted may change the sidebar's numbers: the next page has them as they are then."""
        allowed = super().admin_view(view, cacheable)

        @wraps(allowed)
        def answer(request: HttpRequest, *given: Any, **named: Any) -> HttpResponse:
            response = allowed(request, *given, **named)
            if request.method == "POST" and self.has_permission(request):
                badge_counts.acted()
            return response

        return answer
