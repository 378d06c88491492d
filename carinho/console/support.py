"""Whom to call, and when: support is people, named in the settings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from carinho.access.roles import ADMINISTRATOR


@dataclass(frozen=True)
class SupportPerson:
    name: str
    email: str = ""
    phone: str = ""

    @property
    def dialled(self) -> str:
        """The phone as a link to call it has it."""
        return "".join(character for character in self.phone if character.isdigit() or character == "+")


@dataclass(frozen=True)
class SupportLevel:
    """Who is called so long after the trouble began; `setting` names where they are written down."""

    title: Any
    after: timedelta
    setting: str

    @property
    def people(self) -> list[SupportPerson]:
        return list(parse(getattr(settings, self.setting)))

    def __str__(self) -> str:
        """ "Equipe de operação (Ana Souza, 11 98765-4321; Bia)", without a name that is the title."""
        title = str(self.title)
        ways = [
            ", ".join(part for part in (one.name, one.phone or one.email) if part and part != title)
            for one in self.people
        ]
        named = "; ".join(filter(None, ways))
        return f"{title} ({named})" if named else title


SENT_TO = {  # by the part of the page of contacts that says who it is
    "administradores": re.compile(r"(?i)(?<!\w)(um |o |ao )?administrador(?!\w)"),
    "sistemas": re.compile(r"(?i)(?<!\w)quem cuida d(ele|e|o sistema)(?!\w)"),
}


def with_contacts(text: Any) -> SafeString:
    """A sentence that sends to an administrator, or to who looks after a system: with links to them."""
    said = str(conditional_escape(text))
    for part, words in SENT_TO.items():
        address = f"{reverse('admin:monitoring_alert_contacts')}#{part}"
        said = words.sub(rf'<a href="{address}">\g<0></a>', said)
    return mark_safe(said)  # noqa: S308


def administrators() -> list[SupportPerson]:
    """Who may change keys, people and settings: by the names and addresses of their log-ins."""
    users = get_user_model().objects.filter(is_active=True)
    found = users.filter(Q(is_superuser=True) | Q(groups__name=ADMINISTRATOR)).distinct().order_by("username")
    return [SupportPerson(user.get_full_name() or user.get_username(), user.email) for user in found]


def of_systems() -> list[tuple[str, list[SupportPerson]]]:
    """Each system by its name, and who looks after it."""
    return [(name, list(parse(people))) for name, people in settings.SUPPORT_SYSTEMS.items()]


OPERATIONS = SupportLevel(_("Equipe de operação"), timedelta(), "SUPPORT_OPERATIONS")
DEVELOPMENT = SupportLevel(_("Desenvolvimento"), timedelta(minutes=30), "SUPPORT_DEVELOPMENT")
MANAGEMENT = SupportLevel(_("Gestão"), timedelta(hours=1), "SUPPORT_MANAGEMENT")
LEVELS = (OPERATIONS, DEVELOPMENT, MANAGEMENT)
Calls = Mapping[SupportLevel, datetime]  # from when on each level is called


def parse(text: str) -> Iterator[SupportPerson]:
    """`Ana, ana@exemplo.com, 11 98765-4321; Bia`: semicolons between people, commas within."""
    for person in text.split(";"):
        name, *ways = (part.strip() for part in person.split(","))
        email = next((way for way in ways if "@" in way), "")
        if name:
            yield SupportPerson(name, email, next((way for way in ways if way and way != email), ""))


def calls(
    since: datetime, *, left_alone: timedelta = timedelta(), first: SupportLevel = OPERATIONS
) -> dict[SupportLevel, datetime]:
    """When each level is called in a trouble that began then, and whose turn comes first.

    Nobody is called while it is `left_alone`, because it may end by itself.
    """
    return {
        level: since + (left_alone if level == first else max(level.after, left_alone)) for level in LEVELS
    }


def called(calls: Calls, now: datetime | None = None) -> SupportLevel | None:
    """Whose turn it is, of those who are written down; None while it is nobody's."""
    now = now or timezone.now()
    due = [level for level in LEVELS if level in calls and calls[level] <= now]
    named = [level for level in due if level.people]
    return named[-1] if named else next(iter(due), None)


def called_next(calls: Calls, now: datetime | None = None) -> tuple[SupportLevel, datetime] | None:
    """Whose turn comes next, and when."""
    now = now or timezone.now()
    later = [(level, calls[level]) for level in LEVELS if level in calls and calls[level] > now]
    named = [pair for pair in later if pair[0].people]
    return min(named or later, key=lambda pair: pair[1], default=None)


def levels(calls: Calls | None = None, now: datetime | None = None) -> list[dict[str, Any]]:
    """All levels, each with its people, from when on it is called, and whether that is already so."""
    now, times = now or timezone.now(), calls or {}
    return [
        {"level": level, "at": times.get(level), "is_due": level in times and times[level] <= now}
        for level in LEVELS
    ]
