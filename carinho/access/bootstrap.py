"""What a new hub needs before anybody can use it: roles, a first administrator, and what a demo shows.

Everything may be asked for again: what exists stays. The demo's own secrets are kept beside the data, so
that each start can print them; the administrator's password is shown once and kept nowhere.
"""

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from carinho.access import api_keys, roles, secret_fingerprints, sessions
from carinho.access.models import ApiKey
from carinho.access.scopes import Scope

ADMIN = "admin"
DEMO_LOGINS = {"operador": roles.OPERATOR, "visualizador": roles.VIEWER}
DEMO_NAME = "Demonstração"  # as the console lists them; by it they are known again
DEMO_KEY = "demo"
DEMO_SCOPES = [Scope.READ, Scope.EVENTS, Scope.OPERATE]
ACTOR = "bootstrap"


@dataclass
class Made:
    """What there is now: logins with their passwords as far as known, and the demo's key."""

    logins: dict[str, str] = field(default_factory=dict)
    api_key: str = ""
    printed: str = ""  # the hash of the administrator's password that the demo showed on the screen

    def lines(self) -> list[str]:
        """What the person who started the hub must know, in Portuguese."""
        lines = [
            str(_("Login: %(name)s   senha: %(password)s") % {"name": name, "password": password})
            for name, password in self.logins.items()
        ]
        if self.api_key:
            lines.append(str(_("Chave de API: %(key)s") % {"key": self.api_key}))
        return lines


def run() -> Made:
    """Make what is missing, all or nothing, and say what there is. Raises `ImproperlyConfigured`."""
    with transaction.atomic():
        roles.make_roles()
        secret_fingerprints.keep()
        made = Made(_first_administrator(), printed=read().printed)
        if settings.DEMO:
            _make_demo(made)
        else:
            _end_demo(made)
    return made


def _first_administrator() -> dict[str, str]:
    is_administrator = Q(is_superuser=True) | Q(groups__name=roles.ADMINISTRATOR)
    if User.objects.filter(is_administrator, is_active=True).exists():
        admin = User.objects.filter(username=ADMIN).first()
        if settings.OPERATOR_PASSWORD and not (admin and admin.check_password(settings.OPERATOR_PASSWORD)):
            return {ADMIN: str(_("não é a de OPERATOR_PASSWORD, que só vale no primeiro início"))}
        return {ADMIN: str(_("a que você já conhece"))} if admin else {}
    password = _password_of_administrator()
    _make_login(ADMIN, roles.ADMINISTRATOR, password, is_superuser=True)
    return {ADMIN: str(_("a de OPERATOR_PASSWORD")) if settings.OPERATOR_PASSWORD else password}


def _password_of_administrator() -> str:
    """OPERATOR_PASSWORD, or a new one. Raises `ImproperlyConfigured`."""
    given = settings.OPERATOR_PASSWORD
    if not given:
        return secrets.token_urlsafe(9)
    try:
        validate_password(given, User(username=ADMIN))
    except ValidationError as error:
        sentence = _("OPERATOR_PASSWORD é fraca: %(why)s") % {"why": " ".join(error.messages)}
        raise ImproperlyConfigured(sentence) from error
    return given


def _make_login(name: str, role: str, password: str, **columns: Any) -> None:
    user, _made = User.objects.update_or_create(
        username=name, defaults={"is_staff": True, "is_active": True, **columns}
    )
    user.set_password(password)
    user.save(update_fields=["password"])
    user.groups.set([Group.objects.get(name=role)])


def _make_demo(made: Made) -> None:
    kept = read()
    for name, role in DEMO_LOGINS.items():
        made.logins[name] = _kept_password(kept, name) or _new_password(name, role)
    made.api_key = kept.api_key if ApiKey.objects.is_valid(kept.api_key) else _new_key()
    if made.logins.get(ADMIN) and not settings.OPERATOR_PASSWORD:
        admin = User.objects.get(username=ADMIN)
        made.printed = admin.password if admin.check_password(made.logins[ADMIN]) else made.printed
    write(Made({name: made.logins[name] for name in DEMO_LOGINS}, made.api_key, made.printed))


def _end_demo(made: Made) -> None:
    """What an earlier demo made and printed opens nothing any more. Who got another name is nobody's demo.

    The administrator goes on with OPERATOR_PASSWORD, or with a new password that is printed once.
    """
    if made.printed and User.objects.filter(username=ADMIN, password=made.printed).exists():
        password = _password_of_administrator()
        _make_login(ADMIN, roles.ADMINISTRATOR, password, is_superuser=True)
        made.logins[ADMIN] = str(_("a de OPERATOR_PASSWORD")) if settings.OPERATOR_PASSWORD else password
    of_demo = User.objects.filter(first_name=DEMO_NAME)
    of_demo.filter(is_active=True).update(is_active=False)
    sessions.end_all(of_demo.values_list("pk", flat=True))
    for key in ApiKey.objects.filter(name=DEMO_KEY, revoked=False):
        api_keys.revoke(key, actor=ACTOR)
    _file().unlink(missing_ok=True)


def _kept_password(kept: Made, name: str) -> str:
    password = kept.logins.get(name, "")
    user = User.objects.filter(username=name, is_active=True).first()
    return password if user and user.check_password(password) else ""


def _new_password(name: str, role: str) -> str:
    password = secrets.token_urlsafe(9)
    _make_login(name, role, password, first_name=DEMO_NAME)
    return password


def _new_key() -> str:
    """The demo's key; an earlier one whose text is lost can be used by nobody."""
    ApiKey.objects.filter(name=DEMO_KEY, revoked=False).update(revoked=True)
    return api_keys.create(DEMO_KEY, DEMO_SCOPES, actor=ACTOR)[1]


def _file() -> Path:
    return Path(settings.VAR_DIR) / "bootstrap.json"


def read() -> Made:
    """What an earlier start kept; nothing if it kept nothing that can be read."""
    try:
        kept = json.loads(_file().read_text())
        return Made(dict(kept["logins"]), str(kept["api_key"]), str(kept.get("printed", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return Made()


def write(made: Made) -> None:
    """Keep the demo's secrets where only the owner can read them."""
    path = _file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps({"api_key": made.api_key, "logins": made.logins, "printed": made.printed}))
