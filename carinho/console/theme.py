"""How the console looks: the brand's colours and files, as django-unfold asks for them."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from carinho.console.sidebar import sidebar


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
    "BORDER_RADIUS": "8px",
    "STYLES": [asset(f"console/{name}.css") for name in ("console", "lists")],
    "SCRIPTS": [asset(f"console/{name}.js") for name in ("console", "live", "regions", "keyboard")],
    "DASHBOARD_CALLBACK": "monitoring.admin.panel.context",
    "ACCOUNT": {"navigation": [{"title": _("Sua conta"), "link": reverse_lazy("account")}]},
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": sidebar},
    "COLORS": {
        "base": {  # greys towards the brand's text colour #1A2B32
            "50": "#F7F9F9",
            "100": "#EEF2F3",
            "200": "#DFE6E8",
            "300": "#C6D1D4",
            "400": "#93A3A9",
            "500": "#5F7077",
            "600": "#47585F",
            "700": "#35464D",
            "800": "#24353C",
            "900": "#1A2B32",
            "950": "#0F1A1F",
        },
        "primary": {  # 300, 400, 500: the brand's light, primary, dark; white is read on 600
            "50": "#F0FAF8",
            "100": "#D9F2ED",
            "200": "#B5E5DC",
            "300": "#8DD4C7",
            "400": "#5BBFAD",
            "500": "#4AA99A",
            "600": "#23796C",
            "700": "#1C6359",
            "800": "#184F48",
            "900": "#15413C",
            "950": "#0A2623",
        },
    },
}
