"""One person is one contact, found by lid before number; two contacts of one person are merged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from carinho.access import derived_keys
from carinho.database import run_rows
from carinho.locks import wait_for_transaction_locks
from whatsapp import phone as phones
from whatsapp.models import Contact, KeptOptOut, Received, SentMessage

LID = "@lid"
COMPLETED = ("lid", "key", "phone", "registered_phone", "typed_phone", "name")  # as they become known
LOCKS = "whatsapp.contact"

SAVE_NUMBER_CHECKS = """
UPDATE whatsapp_contact AS contact
SET has_whatsapp = row.exists, registered_phone = row.registered, checked_at = now(),
    lid = coalesce(nullif(row.lid, ''), contact.lid)
FROM jsonb_to_recordset(%s::jsonb) AS row(contact_id bigint, exists boolean, registered text, lid text)
WHERE contact.id = row.contact_id AND NOT EXISTS (
    SELECT FROM whatsapp_contact AS twin WHERE twin.lid = row.lid AND twin.id <> contact.id)
RETURNING contact.id
"""


@dataclass(frozen=True)
class Identity:
    """What one callback or one delivery says about who somebody is."""

    lid: str = ""
    phone: str = ""  # in the stored form
    typed: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        return phones.key(self.phone) if self.phone else ""

    @property
    def is_known(self) -> bool:
        return bool(self.lid or self.phone)


def identity(*addresses: Any, name: Any = "") -> Identity:
    """Who is meant by these lids and numbers; what is neither (a group, a channel) says nothing."""
    texts = [str(phones.as_text(address)) for address in addresses if address]
    lids = [text for text in texts if text.endswith(LID)]
    numbers = [text for text in texts if "@" not in text]
    phone, typed = next(((stored, text) for text in numbers if (stored := phones.registered(text))), ("", ""))
    return Identity(lids[0] if lids else "", phone, typed, str(name or "")[:200])


def person_key(who: Identity) -> str:
    """The key under which a callback of somebody who is no contact yet is found."""
    return who.lid or who.key


def keys_of(contact: Contact) -> list[str]:
    """Every `person_key` that may stand for this contact."""
    return [key for key in (contact.lid, contact.key) if key]


@transaction.atomic
def find_or_make(who: Identity) -> Contact:
    """The contact of this person, completed by what is new; two known halves become one.

    Safe against two at once: callers that speak of the same person wait for each other.
    """
    wait_for_transaction_locks(LOCKS, filter(None, (who.lid, who.key)))
    found = list(matching(who).select_for_update().order_by("pk"))
    same = []
    for contact in found:
        if who.lid and contact.lid and contact.lid != who.lid:  # numbers change hands, lids do not
            contact.key, contact.phone, contact.registered_phone, contact.checked_at = None, "", "", None
            contact.save()
        else:
            same.append(contact)
    if not same:
        made = _new(who)
        made.save()
        _honour_opt_outs([made])
        return made
    for other in same[1:]:
        merge(same[0], other)
    if _complete(same[0], who):
        _honour_opt_outs(same[:1])
    return same[0]


def opt_out(contact: Contact, since: datetime) -> None:
    """Send this person no more courtesy messages; an earlier wish of theirs stands."""
    Contact.objects.filter(pk=contact.pk, opted_out_at=None).update(opted_out_at=since)


def keep_opt_outs(erased: Sequence[Contact]) -> None:
    """Keep the wishes of these under a digest of who they are, for when they are met again."""
    KeptOptOut.objects.bulk_create(
        [
            KeptOptOut(digest=_digests(key)[0], opted_out_at=contact.opted_out_at)
            for contact in erased
            if contact.opted_out_at
            for key in keys_of(contact)
        ],
        ignore_conflicts=True,
    )


def _honour_opt_outs(met: Sequence[Contact]) -> None:
    """Whoever asked for no messages before they were erased still gets none."""
    keys = {digest: contact for contact in met for key in keys_of(contact) for digest in _digests(key)}
    for kept in KeptOptOut.objects.filter(digest__in=list(keys)):
        contact = keys[kept.digest]
        contact.opted_out_at = min(filter(None, (contact.opted_out_at, kept.opted_out_at)))
        contact.save(update_fields=["opted_out_at"])
        theirs = [digest for digest, other in keys.items() if other is contact]
        KeptOptOut.objects.filter(digest__in=theirs).delete()


def _digests(key: str) -> list[str]:
    return derived_keys.digests("whatsapp opt-out", key)


def find(who: Identity) -> Contact | None:
    """The contact, lid before number; None for a stranger."""
    return _closest(who, list(matching(who)))


def find_all(people: Sequence[Identity], known: Sequence[Contact]) -> dict[Identity, Contact]:
    """The contact of each among those that were just read; strangers are made, all at once."""
    if strangers := [who for who in people if not _closest(who, known)]:
        names = (name for who in strangers for name in (who.lid, who.key) if name)
        met_before = {contact.pk for contact in known}
        with transaction.atomic():
            wait_for_transaction_locks(LOCKS, names)
            Contact.objects.bulk_create([_new(who) for who in strangers], ignore_conflicts=True)
            known = list(matching(*people))
            _honour_opt_outs([contact for contact in known if contact.pk not in met_before])
    return {who: _closest(who, known) or find_or_make(who) for who in people}


def or_unsaved(people: Sequence[Identity], known: Sequence[Contact]) -> dict[Identity, Contact]:
    """The contact of each among those that were just read; a stranger's is not stored."""
    return {who: _closest(who, known) or _new(who) for who in people}


def _closest(who: Identity, known: Sequence[Contact]) -> Contact | None:
    by_lid = (contact for contact in known if who.lid and contact.lid == who.lid)
    by_key = (contact for contact in known if who.key and contact.key == who.key)
    return next(by_lid, None) or next(by_key, None)


def matching(*people: Identity) -> QuerySet[Contact]:
    lids, keys = lids_and_keys(people)
    return Contact.objects.filter(Q(lid__in=lids) | Q(key__in=keys))


def lids_and_keys(people: Sequence[Identity]) -> tuple[list[str], list[str]]:
    """By which the contacts of these people are found: those that have one of either."""
    lids, keys = {who.lid for who in people}, {who.key for who in people}
    return list(lids - {""}), list(keys - {""})


def _new(who: Identity) -> Contact:
    return Contact(
        lid=who.lid or None, key=who.key or None, phone=who.phone, typed_phone=who.typed, name=who.name
    )


def _complete(contact: Contact, who: Identity) -> bool:
    """Whether anything of it was new."""
    before = [getattr(contact, field) for field in COMPLETED]
    contact.lid = who.lid or contact.lid
    if who.phone and (not contact.key or contact.key != who.key):
        contact.key, contact.phone = who.key, who.phone
        contact.registered_phone, contact.checked_at, contact.has_whatsapp = "", None, None
    contact.typed_phone = contact.typed_phone or who.typed
    contact.name = who.name or contact.name
    is_changed = [getattr(contact, field) for field in COMPLETED] != before
    if is_changed:
        contact.save()
    return is_changed


def confirm_number(contact: Contact, who: Identity) -> None:
    """Somebody who wrote to us has WhatsApp under this number, whatever a check of it answered before."""
    if who.phone:
        unknown = Contact.objects.filter(pk=contact.pk).exclude(has_whatsapp=True)
        digits = who.typed.removeprefix("+")
        unknown.update(has_whatsapp=True, registered_phone=digits, checked_at=timezone.now())


def merge(kept: Contact, other: Contact) -> None:
    """Move everything of `other` to `kept`, and delete `other`."""
    SentMessage.objects.filter(contact=other).update(contact=kept)
    both_have = Received.objects.filter(contact=kept).values("message_id")
    Received.objects.filter(contact=other, message_id__in=both_have).delete()
    Received.objects.filter(contact=other).update(contact=kept)
    other.delete()
    for field in (*COMPLETED, "has_whatsapp", "checked_at"):
        if getattr(kept, field) in (None, ""):
            setattr(kept, field, getattr(other, field))
    stops = [moment for moment in (kept.opted_out_at, other.opted_out_at) if moment]
    kept.opted_out_at = min(stops, default=None)
    kept.save()


def save_number_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """Keep what WhatsApp answered about several numbers."""
    saved = {id for (id,) in run_rows(SAVE_NUMBER_CHECKS, checks)} if checks else set()
    for check in checks:
        if check["contact_id"] not in saved:  # gone, or another contact has this lid
            save_number_check(**check)


@transaction.atomic
def save_number_check(contact_id: int, *, exists: bool, registered: str, lid: str) -> None:
    """Keep what WhatsApp answered about a number; a contact that has this lid becomes part of this one."""
    contact = Contact.objects.select_for_update().filter(pk=contact_id).first()
    if contact is None:
        return
    if lid and contact.lid != lid:
        twin = Contact.objects.select_for_update().filter(lid=lid).exclude(pk=contact.pk).first()
        contact.lid = None if twin else lid
        if twin is not None:
            merge(contact, twin)
    contact.has_whatsapp = exists
    contact.registered_phone = registered if exists else ""
    contact.checked_at = timezone.now()
    contact.save()
