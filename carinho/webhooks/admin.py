"""Webhooks to others: who is sent what, with which secret, how they answer, and what did not get there."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from carinho.console import badges, dates, labels
from carinho.console.actions import Action, ActionAdmin, button, not_allowed, rotation
from carinho.console.base import actor, list_of, page, page_of, shown_once
from carinho.services import addresses, outgoing
from carinho.webhooks import lifecycle, subscriptions
from carinho.webhooks.models import WebhookMessage, WebhookStatus, WebhookSubscription

CHANGE = "webhooks.change_webhooksubscription"
SHOWN = 30
TONES = {"queued": "info", "sent": "success", "failed": "danger"}

TEST = Action(
    name="test",
    title=_("Testar"),
    button=ngettext_lazy("Enviar o teste", "Enviar %(count)d testes", "count"),
    done=ngettext_lazy(
        "Teste na fila: a resposta aparece abaixo em segundos.",
        "%(count)d testes na fila.",
        "count",
    ),
    effect=_("Um aviso de teste, assinado, que não conta nada."),
    permission=CHANGE,
    run=lambda ids, actor, _reason: subscriptions.send_test(ids, actor=actor),
    icon="send",
    is_main=True,
    refused=_("A assinatura está desligada: ligue-a para testar."),
)
REQUEUE = Action(
    name="requeue",
    title=_("Enviar de novo o que não saiu"),
    button=ngettext_lazy("Enviar de novo", "Enviar de novo a %(count)d endereços", "count"),
    done=ngettext_lazy("O que não saiu voltou para a fila.", "O que não saiu voltou para a fila.", "count"),
    effect=_("Cada aviso é enviado de novo em instantes, com todas as suas tentativas."),
    permission=CHANGE,
    run=lambda ids, actor, _reason: subscriptions.requeue(ids, actor=actor),
    icon="replay",
)
DISCARD = Action(
    name="discard",
    title=_("Descartar o que não saiu"),
    button=ngettext_lazy("Descartar", "Descartar de %(count)d endereços", "count"),
    done=ngettext_lazy("O que não saiu foi descartado.", "O que não saiu foi descartado.", "count"),
    effect=_("Este endereço não fica sabendo do que não saiu. No hub nada muda."),
    permission=CHANGE,
    run=lambda ids, actor, _reason: subscriptions.discard(ids, actor=actor),
    icon="delete",
)
ROTATE = rotation(
    _("Novo segredo"),
    _("Criar o segredo novo"),
    _("Ele é mostrado uma vez. O de agora ainda assina junto por {days} dias."),
    overlap=subscriptions.OVERLAP,
    permission=CHANGE,
    is_main=False,
)
REMOVE = Action(
    name="remove",
    title=_("Remover"),
    button=ngettext_lazy("Remover a assinatura", "Remover %(count)d assinaturas", "count"),
    done=ngettext_lazy("Assinatura removida.", "%(count)d assinaturas removidas.", "count"),
    effect=_("Nada mais é enviado a este endereço, e o que foi enviado sai da lista."),
    permission=CHANGE,
    run=lambda ids, actor, _reason: subscriptions.remove(ids, actor=actor),
    icon="block",
)


class SubscriptionForm(forms.Form):
    name = forms.CharField(
        label=_("Nome"),
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("De quem é o endereço, por exemplo “Painel da TI”."),
    )
    address = forms.URLField(
        label=_("Endereço"),
        max_length=500,
        assume_scheme="https",
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Recebe um POST por aviso. Só endereços públicos, e nenhum redirecionamento."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("O que recebe"),
        choices=lambda: [(name, kind.title) for name, kind in lifecycle.KINDS.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    is_on = forms.BooleanField(
        label=_("Ligada"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if not address.lower().startswith(("https://", "http://")):
            raise forms.ValidationError(_("O endereço começa com https:// ou http://."))
        if not addresses.has_port(address):
            raise forms.ValidationError(_("A porta do endereço vai de 1 a 65535."))
        if not outgoing.is_allowed(address):
            raise forms.ValidationError(
                _(
                    "Este endereço é de uma rede privada, e nada seria enviado. Use um público, ou peça a "
                    "quem instala o hub para permitir com WEBHOOKS_TO_PRIVATE_ADDRESSES=1."
                )
            )
        return address


@admin.register(WebhookSubscription)
class WebhookSubscriptionAdmin(ActionAdmin):
    item_template = "admin/webhooks/webhooksubscription/item.html"
    all_well = _("Ninguém assina. Crie uma assinatura para cada sistema que precisa saber do que acontece.")
    intro = _("Quem é avisado do que acontece no hub, por webhooks assinados (Standard Webhooks).")
    row_actions = (TEST, REQUEUE, DISCARD, REMOVE)
    list_display = ("named", "receives", "good", "bad", "state")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookSubscription]:
        failed = Count("messages", filter=Q(messages__status=WebhookStatus.FAILED))
        return super().get_queryset(request).annotate(failed=failed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.add_webhooksubscription")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("<int:id>/edit/", self.edit_view, "edit"),
            self.post_path("<int:id>/rotate/", require_POST(self.rotate_view), "rotate"),
            *super().get_urls(),
        ]

    def crumb(self, row: Any) -> str:
        return str(row.name)

    @admin.display(description=_("Nome"))
    def named(self, row: WebhookSubscription) -> str:
        return f"{row.name} · {subscriptions.host_of(row.address)}"

    @admin.display(description=_("Recebe"))
    def receives(self, row: WebhookSubscription) -> str:
        return _("%(count)d dos %(all)d avisos") % {"count": len(row.kinds), "all": len(lifecycle.KINDS)}

    @admin.display(description=_("Última resposta boa"))
    def good(self, row: WebhookSubscription) -> str:
        return dates.moment(row.good_at, _("nunca"))

    @admin.display(description=_("Última resposta ruim"))
    def bad(self, row: WebhookSubscription) -> str:
        return dates.moment(row.bad_at, _("nunca"))

    @admin.display(description=_("Situação"))
    def state(self, row: Any) -> str:
        if not row.is_on:
            return badges.badge(_("desligada"))
        if row.failed:
            return badges.badge(_("avisos não saíram: %d") % row.failed, "danger")
        if row.held_until and row.held_until > timezone.now():
            return badges.badge(_("não responde: tentamos de novo"), "warning")
        return badges.badge(_("ligada"), "success")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SubscriptionForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            row, text = subscriptions.create(form.cleaned_data, actor=actor(request))
            return self._shown_once(request, row, text)
        context = {"form": form, "button": _("Criar a assinatura"), "onward": list_of(WebhookSubscription)}
        return page(request, "admin/form.html", _("Nova assinatura"), opts=self.opts, **context)

    def edit_view(self, request: HttpRequest, id: int) -> HttpResponse:
        row = self._for_change(request, id)
        now = {"name": row.name, "address": row.address, "kinds": row.kinds, "is_on": row.is_on}
        form = SubscriptionForm(request.POST or None, initial=now)
        if request.method == "POST" and form.is_valid():
            if subscriptions.change(id, form.cleaned_data, actor=actor(request)):
                messages.success(request, _("Assinatura guardada."))
            return HttpResponseRedirect(page_of(row))
        context = {"form": form, "button": _("Guardar"), "onward": page_of(row)}
        return page(request, "admin/form.html", row.name, opts=self.opts, **context)

    def rotate_view(self, request: HttpRequest, id: int) -> HttpResponse:
        row = self._for_change(request, id)
        text = subscriptions.rotate(id, actor=actor(request))
        if text is None:
            raise Http404
        overlap = _("O segredo anterior ainda assina junto por %d dias, para dar tempo de trocar.")
        return self._shown_once(request, row, text, overlap % subscriptions.OVERLAP.days)

    def _for_change(self, request: HttpRequest, id: int) -> WebhookSubscription:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        row = WebhookSubscription.objects.filter(pk=id).first()
        if row is None:
            raise Http404
        return row

    def _shown_once(
        self, request: HttpRequest, row: WebhookSubscription, text: str, *notes: str
    ) -> HttpResponse:
        return shown_once(
            request,
            row.name,
            opts=self.opts,
            headline=_("Segredo de %(name)s") % {"name": row.name},
            advice=_("Copie agora e ponha no sistema que recebe: ele não aparece de novo."),
            secret=text,
            onward=page_of(row),
            notes=[*notes, _("Como conferir a assinatura: docs/api.md, “Webhooks out”.")],
        )

    def item_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        failed = ["requeue", "discard"] if row.failed else []
        rotate = reverse("admin:webhooks_webhooksubscription_rotate", args=[row.pk])
        return {
            "row": row,
            "state": self.state(row),
            "kinds": [(name, lifecycle.KINDS[name].title) for name in row.kinds if name in lifecycle.KINDS],
            "bad_answer": labels.error(row.bad_answer),
            "barred": "" if request.user.has_perm(CHANGE) else not_allowed(CHANGE),
            "buttons": [
                button(request, ROTATE, rotate),
                *self.buttons(request, ["test", *failed, "remove"], row.pk),
            ],
            "sent": [self._line(message) for message in row.messages.order_by("-id")[:SHOWN]],
        }

    def _line(self, message: WebhookMessage) -> dict[str, Any]:
        kind = lifecycle.KINDS.get(message.kind)
        return {
            "title": kind.title if kind else _("Teste"),
            "row": message,
            "state": badges.badge(WebhookStatus(message.status).label, TONES.get(message.status, "neutral")),
            "error": labels.error(message.error),
            "address": lifecycle.page_of(message),
        }
