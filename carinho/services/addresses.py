"""Where the other systems are, and whether it is a real one that answers there or the simulator."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _


def of_systems() -> dict[str, str]:
    """The address of each system, WhatsApp included, by its name."""
    return {name: system["url"] for name, system in settings.SYSTEMS.items()} | {
        "whatsapp": settings.ZAPI["url"]
    }


def simulated() -> list[str]:
    return [name for name, url in of_systems().items() if _is_simulator(url)]


def real() -> list[str]:
    """The names of the systems that the simulator does not play; one on this machine may be real too."""
    return [name for name, url in of_systems().items() if not _is_simulator(url)]


def wrong_in(url: str) -> str:
    """Why a system cannot be called at an address that a person wrote; empty if it can."""
    if not _is_address(url):
        return _("O endereço devia começar com https:// ou http://, sem usuário, senha nem acentos.")
    if url.rstrip("/").endswith("/api/v1"):
        return _("O endereço vai sem /api/v1: o hub o acrescenta em cada chamada.")
    return ""


def has_port(url: str) -> bool:
    """Whether something can listen at the port that an address names, or at the usual one."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and has_port(text)
            and not (parts.query or parts.fragment)
            and len(text) <= 500
            and text.isprintable()
            and text.isascii()
            and " " not in text
        )
    except ValueError:
        return False


def _is_simulator(url: str) -> bool:
    return f"{url}/".startswith(settings.SIMULATOR_URL.rstrip("/") + "/")
