"""How the console looks: the brand's colours and files, as django-unfold asks for them."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def asset(path: str) -> Any:
    """A file of ours, by the address that static files have at the time of the request."""
    return lambda _request: static(path)


UNFOLD = {
    "SITE_TITLE": _("Carinho Integrações"),
    "SITE_HEADER": _("Carinho Integrações"),
    "SITE_SUBHEADER": _("Carinho com Você"),
    "SITE_URL": None,
    "SITE_ICON": asset("console/heart.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": asset("console/heart.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [asset(f"console/{name}.css") for name in ("console", "lists")],
    "SCRIPTS": [
        asset(f"console/{name}.js")
        for name in ("frame", "console", "live", "regions", "keyboard", "required")
    ],
    "DASHBOARD_CALLBACK": "monitoring.admin.panel.context",
    "ACCOUNT": {"navigation": [{"title": _("Sua conta"), "link": reverse_lazy("account")}]},
    "SIDEBAR": {"show_search": False, "show_all_applications": False},
}
