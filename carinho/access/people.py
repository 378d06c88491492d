"""Accounts: made with a role, and with a password that only their person goes on to know."""

import secrets
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access import audit_log
from carinho.access.audit_log import Audited
from carinho.access.models import OneTimePassword

ONE_TIME_LASTS = timedelta(days=7)
CREATED = Audited("access.create", _("criou a pessoa"))


def create(name: str, role: str, *, email: str = "", password: str = "", actor: str) -> tuple[User, str]:
    """A new person, and the one-time password made for them; "" if one is given.

    Raises ValidationError for a weak password, or a name that is taken.
    """
    user = User(username=name, email=email, is_staff=True)
    user.full_clean(exclude=["password"])
    if password:
        validate_password(password, user)
    made = "" if password else secrets.token_urlsafe(12)
    user.set_password(password or made)
    with transaction.atomic():
        user.save()
        user.groups.set([Group.objects.get(name=role)])
        if made:
            make_one_time(user)
        CREATED.record(actor, audit_log.person(name), {"role": role})
    return user, made


def make_one_time(user: User) -> None:
    """What opens the account now opens only the page that changes it, for a week."""
    expires_at = timezone.now() + ONE_TIME_LASTS
    OneTimePassword.objects.update_or_create(user=user, defaults={"expires_at": expires_at})
