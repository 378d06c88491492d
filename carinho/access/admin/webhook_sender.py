"""Webhook senders: the secrets they sign with, how their signatures fare, and a place to try one."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from carinho.access import signatures, webhook_senders
from carinho.access.models import WebhookSecret, WebhookSender
from carinho.console import badges, dates, labels
from carinho.console.actions import Action, ActionAdmin, button, rotation
from carinho.console.base import actor, page_of, shown_once

CHANGE = "access.change_webhooksender"
WRONG = {
    signatures.NO_SECRET: _("esta origem não tem segredo nenhum"),
    signatures.WRONG_TIME: _("a assinatura confere, mas o horário passou de cinco minutos"),
    signatures.WRONG_SIGNATURE: _("nenhum dos segredos fez esta assinatura deste corpo"),
}
REVOKE = Action(
    name="revoke",
    title=_("Revogar"),
    button=ngettext_lazy("Revogar o segredo", "Revogar %(count)d segredos", "count"),
    done=ngettext_lazy("Segredo revogado.", "%(count)d segredos revogados.", "count"),
    effect=_("O que for assinado com ele é recusado a partir de agora. Isto não pode ser desfeito."),
    permission=CHANGE,
    run=lambda ids, actor, _reason: webhook_senders.revoke(ids, actor=actor),
    icon="block",
)
ROTATE = rotation(
    _("Novo segredo"),
    _("Criar o segredo novo"),
    _("Ele é mostrado uma vez. Os criados antes aqui ainda valem por {days} dias."),
    overlap=webhook_senders.OVERLAP,
    permission=CHANGE,
)


class TrialForm(forms.Form):
    """One request as the sender made it, by its three headers and its body."""

    id = forms.CharField(label="webhook-id", widget=UnfoldAdminTextInputWidget)
    timestamp = forms.CharField(label="webhook-timestamp", widget=UnfoldAdminTextInputWidget)
    signature = forms.CharField(label="webhook-signature", widget=UnfoldAdminTextInputWidget)
    body = forms.CharField(
        label=_("Corpo, exatamente como foi enviado"), strip=False, widget=UnfoldAdminTextareaWidget
    )

    def headers(self) -> dict[str, str]:
        return {f"webhook-{name}": self.cleaned_data[name] for name in ("id", "timestamp", "signature")}


@admin.register(WebhookSender)
class WebhookSenderAdmin(ActionAdmin):
    item_template = "admin/access/webhooksender/item.html"
    intro = _("Quem assina o que envia a /webhooks/… (Standard Webhooks), e se as assinaturas estão certas.")
    row_actions = (REVOKE,)
    list_display = ("who", "secrets_now", "good", "bad", "state")
    sortable_by = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("<str:source>/rotate/", require_POST(self.rotate_view), "rotate"),
            self.post_path("<str:source>/trial/", require_POST(self.trial_view), "trial"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookSender]:
        """Each source has a row, whether it ever signed or not."""
        known = set(WebhookSender.objects.values_list("source", flat=True))
        missing = [WebhookSender(source=source) for source in settings.SOURCES if source not in known]
        WebhookSender.objects.bulk_create(missing, ignore_conflicts=True)
        return super().get_queryset(request)

    def crumb(self, row: Any) -> str:
        return labels.system(row.source)

    @admin.display(description=_("Origem"))
    def who(self, row: WebhookSender) -> str:
        return labels.system(row.source)

    @admin.display(description=_("Segredos"))
    def secrets_now(self, row: WebhookSender) -> str:
        return str(len(webhook_senders.secrets_of(row.source)) or _("nenhum"))

    @admin.display(description=_("Última certa"))
    def good(self, row: WebhookSender) -> str:
        return dates.moment(row.good_at, _("nunca"))

    @admin.display(description=_("Última errada"))
    def bad(self, row: WebhookSender) -> str:
        return dates.moment(row.bad_at, _("nunca"))

    @admin.display(description=_("Situação"))
    def state(self, row: WebhookSender) -> str:
        if row.bad_at and (row.good_at is None or row.bad_at > row.good_at):
            return badges.badge(WRONG.get(row.bad_reason, row.bad_reason), "danger")
        return badges.badge(_("assinando certo"), "success") if row.good_at else badges.badge(_("nada ainda"))

    def rotate_view(self, request: HttpRequest, source: str) -> HttpResponse:
        sender = self._for_change(request, source)
        text = webhook_senders.make(sender.source, actor=actor(request))
        overlap = _("Os segredos criados antes aqui ainda valem por %d dias, para dar tempo de trocar.")
        return shown_once(
            request,
            self.crumb(sender),
            opts=self.opts,
            headline=_("Segredo de %(name)s") % {"name": self.crumb(sender)},
            advice=_("Copie agora e ponha no sistema que envia: ele não aparece de novo."),
            secret=text,
            onward=page_of(sender),
            notes=[
                format_html("{} <code>{}</code>", _("Endereço:"), f"{settings.PUBLIC_URL}/webhooks/{source}"),
                overlap % webhook_senders.OVERLAP.days,
            ],
        )

    def trial_view(self, request: HttpRequest, source: str) -> HttpResponse:
        """What the hub would say to this signature, now or at its time. Nothing is taken in."""
        sender = self._for_change(request, source)
        form, verdict = TrialForm(request.POST), None
        if form.is_valid():
            secrets = webhook_senders.secrets_of(sender.source)
            text = form.cleaned_data["body"]
            # a browser sends each line break of a form as CRLF, whatever the sender of the body has
            found = [
                signatures.what_is_wrong(secrets, body.encode(), form.headers())
                for body in (text, text.replace("\r\n", "\n"))
            ]
            verdict = WRONG[found[0]] if all(found) else _("A assinatura confere.")
        return self.item_page(request, sender, trial=form, verdict=verdict)

    def _for_change(self, request: HttpRequest, source: str) -> WebhookSender:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        if source not in settings.SOURCES:
            raise Http404
        return WebhookSender.objects.get_or_create(source=source)[0]

    def item_context(self, request: HttpRequest, row: WebhookSender) -> dict[str, Any]:
        may = request.user.has_perm(CHANGE)
        return {
            "sender": row,
            "name": self.crumb(row),
            "state": self.state(row),
            "of_settings": len([one for one in settings.WEBHOOK_SECRETS.get(row.source, []) if one.strip()]),
            "secrets": [self._secret(request, secret) for secret in row.secrets.all()],
            "buttons": [
                button(request, ROTATE, reverse("admin:access_webhooksender_rotate", args=[row.source]))
            ],
            "trial": TrialForm() if may else None,
            "setting": f"WEBHOOK_SECRET_{row.source.upper()}",
        }

    def _secret(self, request: HttpRequest, row: WebhookSecret) -> dict[str, Any]:
        is_good = row.expires_at is None or row.expires_at > timezone.now()
        return {
            "row": row,
            "is_good": is_good,
            "scope": f"item-{row.pk}",
            "buttons": self.buttons(request, ["revoke"], row.pk) if is_good else [],
        }
