"""Callbacks about people who were erased: known by the ids of their messages, which stay."""

from collections.abc import Sequence

from django.db.models import Q

from carinho.personal_data import ERASED_KEY
from whatsapp import contacts
from whatsapp.callbacks.body import identity_of
from whatsapp.models import Callback, Received, SentMessage
from whatsapp.models.callback import RECEIPTS


def is_of_ours(ids: Sequence[str]) -> bool:
    """Whether one of these is the id of a message to somebody who was erased since."""
    ours = SentMessage.objects.filter(Q(message_id__in=ids) | Q(zaap_id__in=ids))
    return ours.filter(contact__key__startswith=ERASED_KEY).exists() or is_known(ids)


def is_known(ids: Sequence[str]) -> bool:
    """Whether an erased callback spoke of one of these ids."""
    return Callback.objects.filter(message_ids__overlap=ids, key__startswith=ERASED_KEY).exists()


def is_of_theirs(id: str) -> bool:
    """Whether this is the id of a message from somebody who was erased since."""
    return Received.objects.filter(message_id=id, contact__key__startswith=ERASED_KEY).exists()


def is_about_nobody(callback: Callback) -> bool:
    """Whether this is a receipt for somebody to whom no message of ours can have gone."""
    if callback.type not in RECEIPTS:
        return False
    return not contacts.matching(identity_of(callback.body)).exists()
