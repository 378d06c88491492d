"""Under what one person is known in the hub, found by an event of theirs, their contact or their phone."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from events import statistics
from events.models import Event
from whatsapp import phone as phones
from whatsapp.models import Contact

NEAR = 200  # events looked at for other phones and numbers of the same person


@dataclass(frozen=True)
class PersonKeys:
    """Under which phones, subjects and contacts a person is known."""

    phones: tuple[str, ...]
    subjects: tuple[str, ...]
    contacts: tuple[Contact, ...]

    def events(self) -> QuerySet[Event]:
        return Event.objects.filter(Q(phone__in=self.phones) | Q(subject__in=self.subjects))


def of_event(event: Event) -> PersonKeys:
    """The person of this event, with the phones and numbers that their own events name together."""
    known_phones, subjects = _spellings(event.phone), {event.subject} - {""}
    known = PersonKeys(tuple(sorted(known_phones)), tuple(sorted(subjects)), ())
    near = known.events().exclude(type=statistics.RECEIPTS).order_by("-id").values_list("phone", "subject")
    for phone, subject in near[:NEAR]:
        known_phones |= _spellings(phone)
        subjects |= {subject} - {""}
    lids = [text.removeprefix("contact:") for text in subjects if text.startswith("contact:")]
    keys = [phones.key(phone) for phone in known_phones]
    contacts = Contact.objects.filter(Q(lid__in=lids) | Q(key__in=keys)).order_by("id")
    return PersonKeys(tuple(sorted(known_phones)), tuple(sorted(subjects)), tuple(contacts))


def of_contact(contact: Contact) -> PersonKeys:
    """A person of whom perhaps only WhatsApp knows."""
    subjects = (f"contact:{contact.lid}",) if contact.lid else ()
    spelled = _spellings(contact.phone, contact.registered_phone)
    return PersonKeys(tuple(sorted(spelled)), subjects, (contact,))


def of_phone(phone: str) -> PersonKeys:
    """Whoever has this number, with all that their latest event knows of them."""
    spelled = tuple(sorted(_spellings(phone)))
    latest = Event.objects.filter(phone__in=spelled).order_by("-id").first()
    if latest is not None:
        return of_event(latest)
    return PersonKeys(spelled, (), tuple(Contact.objects.filter(key=phones.key(phone))))


def _spellings(*numbers: str) -> set[str]:
    return {text for phone in numbers if phone for text in (phone, *phones.variants(phone))}
