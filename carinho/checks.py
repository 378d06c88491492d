"""What of the settings cannot work, each in one sentence; with --deploy what is made for trying out."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from carinho import addresses


@register(Tags.security, deploy=True)
def no_system_is_simulated(**_: Any) -> list[CheckMessage]:
    names = addresses.simulated()
    if not names:
        return []
    sentence = f"The simulator takes what is meant for {', '.join(names)}: nothing reaches the real ones."
    return [Error(sentence, hint="Set <SYSTEM>_URL, and ZAPI_URL for WhatsApp.", id="carinho.E001")]


@register(Tags.security, deploy=True)
def cookies_travel_by_https_only(**_: Any) -> list[CheckMessage]:
    if settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE:
        return []
    sentence = "The session of a logged-in person also travels without TLS, where anybody may read it."
    return [Error(sentence, hint="Set COOKIES_SECURE=1.", id="carinho.E002")]


@register(Tags.security, deploy=True)
def nothing_is_shown_off(**_: Any) -> list[CheckMessage]:
    if not settings.DEMO:
        return []
    sentence = "DEMO makes logins and an API key whose secrets are printed at each start."
    return [Error(sentence, hint="Set DEMO=0.", id="carinho.E003")]


@register()
def every_lane_finds_a_slot(**_: Any) -> list[CheckMessage]:
    slots, needed = settings.CELERY_WORKER_CONCURRENCY, settings.NEEDED_SLOTS
    if slots >= needed:
        return []
    sentence = f"A worker has {slots} slots where {needed} are needed: one lane waits for another to end."
    hint = "Leave WORKER_CONCURRENCY unset, unless several workers have that many together."
    return [CheckWarning(sentence, hint=hint, id="carinho.W001")]
