"""Escalating: a colleague or the development is asked by e-mail to look at a failure.

The mail is a row until it was sent: a mail server may be away for hours.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.access.audit_log import Audited
from carinho.console import labels, support
from carinho.console.base import page_of
from carinho.masking import mask_text, scrub
from carinho.resending import claim, due_after, reason_of
from events import failure_groups, titles
from events.models import DeadLetter, EntryKind, Escalation, FailureGroup, GroupEntry
from events.recipes import Recipes

logger = logging.getLogger(__name__)

ESCALATED = Audited("escalation.start", gettext_lazy("escalou"))

AT_ONCE = 20
MOST_SCRUBBED = 50
NOT_TWICE = timedelta(minutes=10)  # to the same person about the same thing


@dataclass(frozen=True)
class Recipient:
    title: str  # such as "Desenvolvimento" or "Colega"
    name: str
    email: str


def recipients() -> list[Recipient]:
    """Who may be asked: the development first, the other contacts, then the colleagues who have an e-mail."""
    on_call = [
        Recipient(str(level.title), person.name, person.email)
        for level in sorted(support.LEVELS, key=lambda level: level.setting != "SUPPORT_DEVELOPMENT")
        for person in level.people
        if person.email
    ]
    colleagues = get_user_model().objects.filter(is_active=True).exclude(email="").order_by("username")
    found = [*on_call, *(Recipient(_("Colega"), user.get_username(), user.email) for user in colleagues)]
    return list({recipient.email: recipient for recipient in reversed(found)}.values())[::-1]


def escalate(rows: Sequence[FailureGroup | DeadLetter], email: str, note: str, *, actor: str) -> list[int]:
    """Ask the recipient with this address to look at each. Returns those that they were not just asked for.

    Raises LookupError when the address is nobody's who may be asked.
    """
    recipient = next((one for one in recipients() if one.email == email), None)
    if recipient is None:
        raise LookupError(email)
    return [row.pk for row in rows if _escalate(row, recipient, note, actor)]


@transaction.atomic
def _escalate(row: FailureGroup | DeadLetter, recipient: Recipient, note: str, actor: str) -> bool:
    type(row).objects.select_for_update(no_key=True).get(pk=row.pk)
    recent = _of(row).filter(email=recipient.email, at__gt=timezone.now() - NOT_TWICE)
    if recent.exists():
        return False
    about = {"group": row} if isinstance(row, FailureGroup) else {"dead_letter": row}
    given = {"name": recipient.name, "email": recipient.email, "note": note, "actor": actor}
    Escalation.objects.create(due_at=timezone.now(), **given, **about)
    if isinstance(row, FailureGroup):
        text = ": ".join(part for part in (recipient.name, note) if part)
        GroupEntry.objects.create(group=row, actor=actor, kind=EntryKind.ESCALATED, text=text)
    target = f"group {row.pk}" if isinstance(row, FailureGroup) else str(row.pk)
    ESCALATED.record(actor, target, {"to": recipient.name, "note": note})
    return True


def of_group(group: FailureGroup) -> Escalation | None:
    """With whom it is, unless it was resolved since."""
    last = _of(group).first()
    return last if last and not (group.resolved_at and group.resolved_at > last.at) else None


def of_item(dead_letter: DeadLetter, group: FailureGroup | None) -> Escalation | None:
    """With whom an open item is, by itself or with its group."""
    if dead_letter.closed_at:
        return None
    last = _of(dead_letter).first()
    with_group = of_group(group) if group else None
    return max((one for one in (last, with_group) if one), key=lambda one: one.at, default=None)


def _of(row: FailureGroup | DeadLetter) -> QuerySet[Escalation]:
    return row.escalations.select_related("group", "dead_letter")


def unsent() -> QuerySet[Escalation]:
    """Those whose mail was given up, and that are still about something open."""
    is_open = Q(dead_letter__closed_at=None, group=None) | Q(group__resolved_at=None, dead_letter=None)
    came_back = Q(group__resolved_at__lt=F("at"))
    return Escalation.objects.filter(is_open | came_back, due_at=None, sent_at=None)


def send_due() -> None:
    """Send what is due, each ever more rarely; a failure is written down and stops no other."""
    due = Escalation.objects.filter(due_at__lte=timezone.now()).select_related("group", "dead_letter__event")
    for escalation in due.order_by("due_at", "id")[:AT_ONCE]:
        if claim(Escalation.objects.all(), escalation):
            _send(escalation)


def _send(escalation: Escalation) -> None:
    mine = Escalation.objects.filter(pk=escalation.pk, sent_at=None)
    try:
        _mail(escalation).send()
    except Exception as error:
        logger.exception("Escalation could not be sent", extra={"escalation_id": escalation.pk})
        mine.update(due_at=due_after(escalation.attempts), error=reason_of(error))
    else:
        mine.update(due_at=None, sent_at=timezone.now(), error="")


def _mail(escalation: Escalation) -> EmailMessage:
    """What happened and where it is seen; nothing of it tells who the person is."""
    row: Any = escalation.group or escalation.dead_letter
    source = titles.sources_of(row.service, row.step)
    failed_at = row.last_failed_at if escalation.group else row.failed_at
    recipes = Recipes([(row.service, row.cause, failed_at)])
    texts = recipes.said(row.service, row.step, row.cause, source, failed_at).texts
    where = f"{labels.system(row.service)} · {titles.step_in(row.service, row.step)}"
    context = {
        "escalation": escalation,
        "who": labels.who(escalation.actor),
        "note": _note(escalation),
        "where": where,
        "texts": texts,
        "reason": mask_text(escalation.dead_letter.reason) if escalation.dead_letter else "",
        "address": settings.HUB_URL + page_of(row),
        **_figures(escalation),
    }
    subject = _("[Carinho] Escalado: %(where)s · %(title)s") % {"where": where, "title": texts.title}
    text = render_to_string("admin/events/escalation/mail.txt", context)
    return EmailMessage(" ".join(subject.split())[:180], text, to=[escalation.email])


def _note(escalation: Escalation) -> str:
    """What the operator wrote, without what the latest events it is about say of their people."""
    about = DeadLetter.objects.filter(escalations=escalation)
    if escalation.group:
        failures = DeadLetter.objects.filter(failure_groups.rows_of(escalation.group))
        about = failures.order_by("-pk")[:MOST_SCRUBBED]
    note = escalation.note
    for data in about.values_list("event__data", flat=True):
        note = scrub(note, data)
    return mask_text(note)


def _figures(escalation: Escalation) -> dict[str, Any]:
    if (group := escalation.group) is None:
        return {"since": escalation.dead_letter.created_at if escalation.dead_letter else None}
    figures = failure_groups.figures_of(group)
    affected = titles.affected(group.service, group.step, figures.people)
    return {"open": figures.open, "affected": affected, "since": figures.first}
