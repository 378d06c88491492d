"""What of the settings cannot work, each in one sentence; with --deploy what is made for trying out."""

import base64
import os
import stat
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError

from carinho.access import secret_fingerprints
from carinho.retention import Kept
from carinho.services import addresses, contract, outgoing
from carinho.services.base import AUTH_HEADERS

OF_SOURCE = "WEBHOOK_SECRET_"
OF_THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]", "::1"}


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


@register(Tags.security, deploy=True)
def administrators_need_more_than_a_password(**_: Any) -> list[CheckMessage]:
    if settings.SECOND_FACTOR_REQUIRED:
        return []
    sentence = "Who learns an administrator's password has the whole hub."
    return [CheckWarning(sentence, hint="Set SECOND_FACTOR_REQUIRED=1.", id="carinho.W005")]


@register(Tags.security, deploy=True)
def secrets_are_those_of_the_installation(**_: Any) -> list[CheckMessage]:
    try:
        names = secret_fingerprints.differing()
    except DatabaseError:  # not there yet, or not migrated
        return []
    if not names:
        return []
    sentence = f"Another process of this installation has another {', '.join(names)}."
    hint = "Give all containers the same, then run manage.py bootstrap and start them all again."
    return [Error(sentence, hint=hint, id="carinho.E007")]


@register(Tags.security, deploy=True)
def proxy_is_declared(**_: Any) -> list[CheckMessage]:
    if settings.SECURE_PROXY_SSL_HEADER:
        return []
    sentence = "No proxy is declared: every caller has its address, and log-ins are limited for all together."
    return [CheckWarning(sentence, hint="Set BEHIND_PROXY=1 behind one.", id="carinho.W006")]


@register(Tags.security, deploy=True)
def hub_is_called_by_its_own_name(**_: Any) -> list[CheckMessage]:
    own = [host for host in settings.ALLOWED_HOSTS if host not in OF_THIS_MACHINE]
    wrong = {
        "ALLOWED_HOSTS names this machine only: whoever calls the hub by its name is refused.": not own,
        "ALLOWED_HOSTS takes any name: a stranger's may stand in what the hub says of itself.": "*" in own,
        "HUB_URL is this machine: links in mails and webhooks lead nowhere.": (
            urlsplit(settings.HUB_URL).hostname in OF_THIS_MACHINE
        ),
    }
    hint = "Set both to the name by which people and systems call the hub."
    found = [sentence for sentence, is_so in wrong.items() if is_so]
    return [CheckWarning(sentence, hint=hint, id="carinho.W007") for sentence in found]


@register(Tags.security, deploy=True)
def somebody_is_told_of_alerts(**_: Any) -> list[CheckMessage]:
    if settings.ALERT_EMAILS or settings.ALERT_WHATSAPP_NUMBERS or settings.ALERT_WEBHOOK_URL:
        return []
    sentence = "Nobody is told of an alert who does not look at the console."
    hint = "Set ALERT_EMAILS, ALERT_WHATSAPP_NUMBERS or ALERT_WEBHOOK_URL."
    return [CheckWarning(sentence, hint=hint, id="carinho.W008")]


@register(Tags.security, deploy=True)
def alerts_reach_their_webhook(**_: Any) -> list[CheckMessage]:
    if not settings.ALERT_WEBHOOK_URL or outgoing.is_allowed(settings.ALERT_WEBHOOK_URL):
        return []
    sentence = "ALERT_WEBHOOK_URL is in a private network: no alert is sent there."
    return [CheckWarning(sentence, hint="Set WEBHOOKS_TO_PRIVATE_ADDRESSES=1.", id="carinho.W009")]


@register(Tags.security, deploy=True)
def own_folder_is_closed_to_others(**_: Any) -> list[CheckMessage]:
    if not settings.VAR_DIR.exists() or not stat.S_IMODE(settings.VAR_DIR.stat().st_mode) & 0o066:
        return []
    sentence = f"Every account of this machine may look into {settings.VAR_DIR}, or write there."
    hint = "chmod 0711 where root starts the hub, 0700 elsewhere."
    return [CheckWarning(sentence, hint=hint, id="carinho.W010")]


@register()
def every_lane_finds_a_slot(**_: Any) -> list[CheckMessage]:
    slots, needed = settings.CELERY_WORKER_CONCURRENCY, settings.NEEDED_SLOTS
    if slots >= needed:
        return []
    sentence = f"A worker has {slots} slots where {needed} are needed: one lane waits for another to end."
    hint = "Leave WORKER_CONCURRENCY unset, unless several workers have that many together."
    return [CheckWarning(sentence, hint=hint, id="carinho.W001")]


@register()
def habits_of_systems_are_known(**_: Any) -> list[CheckMessage]:
    known = {"auth": tuple(AUTH_HEADERS), "pages": ("cursor", "number")}
    wrong = [
        f"{name.upper()}_LACKS names {call!r}, which is no call of that system."
        for name, system in settings.SYSTEMS.items()
        for call in system["lacks"]
        if call not in {operation.name for operation in contract.of_system(name)}
    ] + [
        f"{name.upper()}_{habit.upper()} is {system[habit]!r}, which is none of {', '.join(choices)}."
        for name, system in settings.SYSTEMS.items()
        for habit, choices in known.items()
        if system[habit] not in choices
    ]
    return [Error(sentence, id="carinho.E005") for sentence in wrong]


@register(Tags.security)
def secret_key_is_given(**_: Any) -> list[CheckMessage]:
    """Django complains only when it first needs the key."""
    try:
        is_given = bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        is_given = False
    if is_given:
        return []
    sentence = "SECRET_KEY is not set, and every process of the hub needs the same."
    hint = "Set it in the environment or in .env; `make run` keeps one in VAR_DIR."
    return [Error(sentence, hint=hint, id="carinho.E004")]


@register(Tags.security)
def webhook_secrets_can_be_read(**_: Any) -> list[CheckMessage]:
    secrets_of = {f"{OF_SOURCE}{name.upper()}": secrets for name, secrets in settings.WEBHOOK_SECRETS.items()}
    secrets_of["ALERT_WEBHOOK_SECRET"] = [settings.ALERT_WEBHOOK_SECRET]
    return [
        CheckWarning(f"{name} is not base64: no signature is ever right with it.", id="carinho.W002")
        for name, secrets in secrets_of.items()
        if not all(is_base64(secret.strip().removeprefix("whsec_")) for secret in secrets)
    ]


@register()
def every_source_with_a_secret_exists(**_: Any) -> list[CheckMessage]:
    known = {f"{OF_SOURCE}{name.upper()}" for name in settings.SOURCES}
    named = {name.removesuffix("_FILE") for name in os.environ if name.startswith(OF_SOURCE)}
    return [
        CheckWarning(f"{name} is ignored: there is no such source.", id="carinho.W003")
        for name in sorted(named - known)
    ]


@register()
def addresses_and_keys_come_together(**_: Any) -> list[CheckMessage]:
    """Whichever of the two is missing is silently the simulator's."""
    keys = {name: system["key"] for name, system in settings.SYSTEMS.items()}
    keys["whatsapp"] = settings.ZAPI["token"]
    own = {name for name, key in keys.items() if key != "simulator"}
    found = {
        "has an address but no key of its own.": set(addresses.real()) - own,
        "has a key but no address: the simulator takes all for it.": set(addresses.simulated()) & own,
    }
    return [
        CheckWarning(f"{name} {sentence}", id="carinho.W004")
        for sentence, names in found.items()
        for name in sorted(names)
    ]


@register()
def nothing_is_removed_at_once(**_: Any) -> list[CheckMessage]:
    return [
        Error(f"{kept.setting} is {kept.days}: at least one day is kept.", id="carinho.E006")
        for kept in {kept.setting: kept for kept in Kept.registry}.values()
        if kept.days < 1
    ]


def is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
