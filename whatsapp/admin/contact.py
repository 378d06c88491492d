"""Contatos: who is who on WhatsApp, and who asked for no messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.access.audit_log import Audited
from carinho.console import badges, dates
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import list_of
from carinho.masking import mask_name, mask_phone
from whatsapp.models import Contact, SentMessage

OPERATE = "whatsapp.change_sentmessage"

OPTED_OUT = Audited("contact.opted_out", _("anotou o pedido de não receber"))
ALLOWED_AGAIN = Audited("contact.allowed_again", _("voltou a enviar à pessoa"))


@transaction.atomic
def opt_out(ids: Sequence[Any], actor: str, reason: str) -> list[Any]:
    """The person said to somebody that they want no more messages."""
    found = Contact.objects.filter(pk__in=ids, opted_out_at=None).select_for_update()
    return _move(OPTED_OUT, list(found), timezone.now(), actor, reason)


@transaction.atomic
def allow_again(ids: Sequence[Any], actor: str, reason: str) -> list[Any]:
    """The person changed their mind, and said so to somebody."""
    found = Contact.objects.filter(pk__in=ids, opted_out_at__isnull=False).select_for_update()
    return _move(ALLOWED_AGAIN, list(found), None, actor, reason)


def _move(
    action: Audited, found: Sequence[Contact], opted_out_at: datetime | None, actor: str, reason: str
) -> list[Any]:
    moved = [contact.pk for contact in found]
    Contact.objects.filter(pk__in=moved).update(opted_out_at=opted_out_at)
    for pk in moved:
        action.record(actor, f"contact {pk}", {"reason": reason})
    return moved


OPT_OUT = Action(
    name="opt_out",
    title=_("Parar de enviar"),
    button=ngettext_lazy("Parar de enviar", "Parar de enviar a %(count)d pessoas", "count"),
    done=ngettext_lazy(
        "Anotado: a pessoa não recebe mais mensagens de cortesia.",
        "Anotado: %(count)d pessoas não recebem mais mensagens de cortesia.",
        "count",
    ),
    effect=_(
        "A pessoa deixa de receber mensagens de cortesia. O que ela precisa saber, como uma visita, segue."
    ),
    permission=OPERATE,
    run=opt_out,
    icon="notifications_off",
    asks_reason=True,
)
ALLOW = Action(
    name="allow",
    title=_("Voltar a enviar"),
    button=ngettext_lazy("Voltar a enviar", "Voltar a enviar a %(count)d pessoas", "count"),
    done=ngettext_lazy("A pessoa volta a receber.", "%(count)d pessoas voltam a receber.", "count"),
    effect=_("A pessoa pediu para não receber. Só volte a enviar se ela mesma disse que quer."),
    permission=OPERATE,
    run=allow_again,
    icon="notifications_active",
    asks_reason=True,
)


@admin.register(Contact)
class ContactAdmin(ActionAdmin):
    all_well = _("Ninguém ainda. Quem escreve ou recebe uma mensagem aparece aqui.")
    technical = "contacts"
    intro = _("As pessoas como o WhatsApp as conhece: uma linha por pessoa, com ou sem nono dígito.")
    row_actions = (OPT_OUT, ALLOW)
    list_display = ("who", "phone_shown", "whatsapp", "wish", "since")
    search_fields = ("=key", "=lid", "=phone")
    search_help_text = _("Telefone ou identificação no WhatsApp")
    sortable_by = ()

    @admin.display(description=_("Nome"))
    def who(self, row: Contact) -> str:
        return mask_name(row.name) if row.name else "—"

    @admin.display(description=_("Telefone"))
    def phone_shown(self, row: Contact) -> str:
        return mask_phone(row.phone) if row.phone else str(_("escondido pelo WhatsApp"))

    @admin.display(description=_("WhatsApp"))
    def whatsapp(self, row: Contact) -> str:
        if row.has_whatsapp is None:
            return badges.badge(_("não verificado"))
        return badges.badge(_("tem"), "success") if row.has_whatsapp else badges.badge(_("não tem"), "danger")

    @admin.display(description=_("Quer receber"))
    def wish(self, row: Contact) -> str:
        return badges.badge(_("pediu para parar"), "warning") if row.opted_out_at else str(_("sim"))

    @admin.display(description=_("Conhecido"))
    def since(self, row: Contact) -> str:
        return dates.since(row.created_at)

    def item_context(self, request: HttpRequest, row: Contact) -> dict[str, Any]:
        fitting = ALLOW if row.opted_out_at else OPT_OUT
        ours = list_of(SentMessage, f"contact={row.pk}")
        registered = mask_phone(row.registered_phone) if row.registered_phone else ""
        return {
            "buttons": self.buttons(request, [fitting.name], row.pk),
            "pairs": [
                (_("Nome"), self.who(row)),
                (_("Telefone"), self.phone_shown(row)),
                (_("Registrado no WhatsApp como"), registered),
                (_("WhatsApp"), self.whatsapp(row)),
                (_("Verificado"), dates.moment(row.checked_at)),
                (_("Pediu para não receber"), dates.moment(row.opted_out_at)),
                (_("Mensagens nossas"), format_html('<a href="{}">{}</a>', ours, row.messages.count())),
                (_("Mensagens dela"), str(row.received.count())),
            ],
        }
