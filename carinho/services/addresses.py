"""Where the other systems are, and whether it is a real one that answers there or the simulator."""

from django.conf import settings


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


def _is_simulator(url: str) -> bool:
    return f"{url}/".startswith(settings.SIMULATOR_URL.rstrip("/") + "/")
