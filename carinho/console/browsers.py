"""What a browser calls itself, as people know it."""

from django.utils.translation import gettext as _

BROWSERS = {  # the first that is named: most also call themselves Chrome or Safari
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def name_of(user_agent: str) -> str:
    """`Mozilla/5.0 (Windows NT 10.0; …) Chrome/…` as "Chrome em Windows"."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s em %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:40] or _("navegador desconhecido")
