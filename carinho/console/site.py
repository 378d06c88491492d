"""Django's admin in unfold's look."""

from typing import Any

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite

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
