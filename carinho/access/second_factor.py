"""The second factor of a log-in: a code of an app on the person's phone (TOTP), or a recovery code, once."""

import base64
import hashlib
import re
import secrets

import django_otp
import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from carinho.access import audit_log, roles
from carinho.access.audit_log import Audited
from carinho.access.models import RecoveryCode
from carinho.access.scopes import Scope

RECOVERY_CODES = 10
SETTING_UP = "setting_up_app"  # in the session of who sees an app's secret: which one

TURNED_ON = Audited("second_factor.on", _("ligou a verificação em duas etapas"))
TURNED_OFF = Audited("second_factor.off", _("desligou a verificação em duas etapas"))
RESET = Audited("second_factor.reset", _("zerou a verificação em duas etapas"))
RENEWED = Audited("second_factor.codes", _("fez novos códigos de reserva"))


def device_of(user: User) -> TOTPDevice | None:
    """The app that proves this person; None while they have none."""
    found: TOTPDevice | None = TOTPDevice.objects.devices_for_user(user, confirmed=True).first()
    return found


def is_required(user: User) -> bool:
    return settings.SECOND_FACTOR_REQUIRED and user.has_perm(roles.SCOPE_NEEDS[Scope.ADMIN])


def is_expected(user: User) -> bool:
    """Whether the password alone does not let this person in."""
    return device_of(user) is not None or is_required(user)


def begin(session: SessionBase, user: User) -> TOTPDevice:
    """The app that this browser sets up; the same until its first code is right.

    A secret that another browser was shown is dropped: whoever read it there would have this person's codes.
    """
    pending = TOTPDevice.objects.devices_for_user(user, confirmed=False)
    device: TOTPDevice | None = pending.filter(pk=session.get(SETTING_UP)).first()
    if device is None:
        with transaction.atomic():
            pending.delete()
            device = TOTPDevice.objects.create(user=user, name="app", confirmed=False)
        session[SETTING_UP] = device.pk
    return device


def confirm(session: SessionBase, user: User, code: str, *, actor: str) -> list[str]:
    """Turn it on with the app's first code. Returns the recovery codes; none where the code is wrong."""
    with transaction.atomic():
        pending = TOTPDevice.objects.devices_for_user(user, confirmed=False)
        device = pending.select_for_update().filter(pk=session.get(SETTING_UP)).first()
        if device is None or not device.verify_token(digits(code)):
            return []
        TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        TURNED_ON.record(actor, audit_log.person(user.get_username()))
        return _new_codes(user)


def verify(user: User, code: str) -> TOTPDevice | None:
    """The person's app if this is a code of it that was not used before, or a recovery code."""
    device = device_of(user)
    if device is None:
        return None
    if digits(code).isdecimal():
        verified: TOTPDevice | None = django_otp.verify_token(user, device.persistent_id, digits(code))
        return verified
    used, _rows = RecoveryCode.objects.filter(user=user, digest=_digest(code)).delete()
    return device if used else None


def renew_codes(user: User, *, actor: str) -> list[str]:
    """New recovery codes; the old ones open nothing any more."""
    with transaction.atomic():
        RENEWED.record(actor, audit_log.person(user.get_username()))
        return _new_codes(user)


def turn_off(user: User, *, actor: str) -> None:
    _remove(user, TURNED_OFF, actor)


def reset(user: User, *, actor: str) -> None:
    """For who lost phone and recovery codes: the next log-in sets up a new app, if one is required."""
    _remove(user, RESET, actor)


def qr_code(device: TOTPDevice) -> SafeString:
    """What the app reads from the screen, as SVG. Made here: no other host ever sees the secret."""
    made = segno.make(device.config_url, error="m")
    return mark_safe(made.svg_inline(scale=5, border=2, dark="#1A2B32", light="#FFFFFF"))  # noqa: S308


def secret_of(device: TOTPDevice) -> str:
    """The same for typing, in groups of four."""
    text = base64.b32encode(device.bin_key).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def digits(code: str) -> str:
    """`123 456` as apps show it."""
    return re.sub(r"\s", "", code)


def _new_codes(user: User) -> list[str]:
    codes = [_new_code() for _number in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    return codes


def _new_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _digest(code: str) -> str:
    """Codes are long and random: a plain hash of one cannot be turned round."""
    return hashlib.sha256(re.sub(r"[^a-z2-7]", "", code.lower()).encode()).hexdigest()


def _remove(user: User, action: Audited, actor: str) -> None:
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        removed = TOTPDevice.objects.filter(user=user).delete()[0]
        if removed:
            action.record(actor, audit_log.person(user.get_username()))
