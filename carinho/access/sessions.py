"""Where people are logged in: one row for each browser, which they and an administrator may end."""

import hashlib
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import QuerySet
from django.db.models.signals import m2m_changed, post_save, pre_save
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from carinho.access import audit_log, rate_limits
from carinho.access.audit_log import Audited
from carinho.access.models import LoginSession, OneTimePassword
from carinho.database import run

ENDED = Audited("session.end", _("encerrou sessões"))

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

SEE = """
UPDATE access_loginsession SET seen_at = now()
WHERE session_key = %s AND coalesce(seen_at < now() - interval '1 minute', true)
"""


class SessionStore(DatabaseStore):
    """Django's sessions in the database, in rows that say whose they are."""

    @classmethod
    def get_model_class(cls) -> type[LoginSession]:
        return LoginSession

    def create_model_instance(self, data: dict[str, Any]) -> LoginSession:
        row: LoginSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.address, row.browser = data.get("address", ""), data.get("browser", "")
        row.begun_at = datetime.fromtimestamp(data["begun_at"], UTC) if "begun_at" in data else None
        row.seen_at = timezone.now()
        return row


def remember_browser(sender: object, request: HttpRequest, user: User, **_options: Any) -> None:
    request.session["address"] = rate_limits.address_of(request)
    request.session["browser"] = request.META.get("HTTP_USER_AGENT", "")[:200].replace("\x00", "")
    request.session["begun_at"] = time.time()


def see(session_key: str) -> None:
    run(SEE, [session_key])


def of(user: User) -> QuerySet[LoginSession]:
    """The sessions that are open, the one seen last first."""
    return LoginSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at")


def name_of(session_key: str) -> str:
    """What a page may call a session: the key itself would open it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


def browser_of(user_agent: str) -> str:
    """`Mozilla/5.0 (Windows NT 10.0; …) Chrome/…` as "Chrome em Windows"."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return _now("%(browser)s em %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:40] or _now("navegador desconhecido")


def end(user: User, names: Iterable[str], *, actor: str) -> int:
    """End these sessions of a person. Returns how many were open."""
    wanted = set(names)
    keys = [row.session_key for row in of(user) if name_of(row.session_key) in wanted]
    ended = LoginSession.objects.filter(session_key__in=keys).delete()[0]
    if ended:
        ENDED.record(actor, audit_log.person(user.get_username()), {"sessions": ended})
    return ended


def end_all(users: Iterable[int]) -> None:
    """End every session of these people, given by their ids."""
    LoginSession.objects.filter(user_id__in=list(users)).delete()


def notice_new_password(sender: object, instance: User, update_fields: Any, **_options: Any) -> None:
    if instance.pk is None or (update_fields is not None and "password" not in update_fields):
        return
    stored = User.objects.filter(pk=instance.pk).values_list("password", flat=True).first()
    instance.has_new_password = stored != instance.password  # type: ignore[attr-defined]


def end_with_old_password(sender: object, instance: User, **_options: Any) -> None:
    """The session that changed the password goes on: Django gives it a new key."""
    if instance.__dict__.pop("has_new_password", False):
        OneTimePassword.objects.filter(user=instance).delete()
        end_all([instance.pk])
    elif not instance.is_active:
        end_all([instance.pk])


def end_with_lost_role(
    sender: object, instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_options: Any
) -> None:
    """Whose role is taken away enters anew, with what is left."""
    if action not in ("post_remove", "pre_clear"):
        return
    if reverse:
        end_all(pk_set or instance.user_set.values_list("pk", flat=True))
    else:
        end_all([instance.pk])


def keep_in_step() -> None:
    """However a password, a role or an account is changed, what was opened with it ends."""
    user_logged_in.connect(remember_browser)
    pre_save.connect(notice_new_password, sender=User)
    post_save.connect(end_with_old_password, sender=User)
    m2m_changed.connect(end_with_lost_role, sender=User.groups.through)
