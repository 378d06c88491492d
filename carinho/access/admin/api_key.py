"""API keys: created and rotated here, shown once, and revoked here."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from carinho.access import api_keys
from carinho.access.models import ApiKey
from carinho.access.scopes import Scope
from carinho.console import badges, dates, labels
from carinho.console.actions import Action, ActionAdmin, button, rotation
from carinho.console.base import PlainChangeList, actor, list_of, page, shown_once

CHANGE = "access.change_apikey"
OVERLAP = timedelta(days=7)


REVOKE = Action(
    name="revoke",
    title=_("Revogar"),
    button=ngettext_lazy("Revogar a chave", "Revogar %(count)d chaves", "count"),
    done=ngettext_lazy("Chave revogada.", "%(count)d chaves revogadas.", "count"),
    effect=_("Quem usa esta chave deixa de entrar em até 5 segundos. Isto não pode ser desfeito."),
    permission=CHANGE,
    run=lambda prefixes, actor, _reason: [
        key.prefix for key in ApiKey.objects.filter(prefix__in=prefixes) if api_keys.revoke(key, actor=actor)
    ],
    icon="block",
)
ROTATE = rotation(
    _("Trocar a chave"),
    _("Criar a chave nova"),
    _(
        "Uma chave nova é criada e mostrada uma vez. A antiga ainda funciona por {days} dias, "
        "para dar tempo de trocar."
    ),
    overlap=OVERLAP,
    permission=CHANGE,
)


class NewKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Nome"),
        max_length=50,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "Quem vai usar a chave, por exemplo “CRM” ou “Planilha da Ana”; nunca o nome de um cliente."
        ),
    )
    scopes = forms.MultipleChoiceField(
        label=_("O que ela pode"), choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )
    sources = forms.MultipleChoiceField(
        label=_("Fala só por"),
        choices=lambda: [(name, labels.system(name)) for name in settings.SOURCES],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_(
            "Os sistemas em nome de quem ela pode enviar eventos. Sem nenhum marcado, por qualquer um."
        ),
    )
    expires_on = forms.DateField(
        label=_("Vale até"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "c-input"}),
        help_text=_("Último dia em que funciona. Vazio: não vence."),
    )

    def clean_expires_on(self) -> datetime | None:
        """The end of that day."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        if day < timezone.localdate():
            raise forms.ValidationError(_("Este dia já passou."))
        if day.year >= api_keys.LAST_MOMENT.year:
            raise forms.ValidationError(_("Escolha um dia até 2099, ou deixe vazio: a chave não vence."))
        return timezone.make_aware(datetime.combine(day, time.max))


class KeyList(PlainChangeList):
    def url_for_result(self, result: Any) -> str:
        return reverse("admin:access_apikey_change", args=[result.prefix])


@admin.register(ApiKey)
class ApiKeyAdmin(ActionAdmin):
    item_template = "admin/access/apikey/item.html"
    all_well = _("Nenhuma chave ainda. Crie uma para cada sistema que usa a API.")
    intro = _(
        "Com uma chave, outro sistema usa a API do hub (cabeçalho X-API-Key). Ela só aparece ao ser criada."
    )
    row_actions = (REVOKE,)
    list_display_links = None
    list_display = ("named", "may", "made", "used", "ends", "state")
    search_fields = ("name", "prefix")
    search_help_text = _("Nome ou começo da chave")
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("access.add_apikey")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeyList]:
        return KeyList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.rotate_view)
        return [self.post_path("<str:prefix>/rotate/", view, "rotate"), *super().get_urls()]

    def read_ids(self, text: str) -> list[Any]:
        return [prefix for prefix in text.split(",") if prefix]

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ApiKey | None:
        """By the prefix: the primary key holds the hash, which has no place in an address."""
        return self.get_queryset(request).filter(prefix=object_id).first()

    def crumb(self, row: Any) -> str:
        return str(row.name)

    @admin.display(description=_("Nome"))
    def named(self, row: ApiKey) -> str:
        cell = '<a class="c-cell" href="{}"><span>{}</span><span class="c-second">{}…</span></a>'
        return format_html(
            cell, reverse("admin:access_apikey_change", args=[row.prefix]), row.name, row.prefix
        )

    @admin.display(description=_("Pode"))
    def may(self, row: ApiKey) -> str:
        may = ", ".join(str(dict(Scope.choices).get(scope, scope)) for scope in row.scopes)
        if not row.sources:
            return may
        return f"{may} · {_('só por')} {', '.join(map(labels.system, row.sources))}"

    @admin.display(description=_("Criada"))
    def made(self, row: ApiKey) -> str:
        return dates.moment(row.created)

    @admin.display(description=_("Último uso"))
    def used(self, row: ApiKey) -> str:
        return dates.moment(row.last_used_at, _("nunca"))

    @admin.display(description=_("Vence"))
    def ends(self, row: ApiKey) -> str:
        return dates.moment(row.expiry_date, _("não vence"))

    @admin.display(description=_("Situação"))
    def state(self, row: ApiKey) -> str:
        if row.revoked:
            return badges.badge(_("revogada"))
        return (
            badges.badge(_("vencida"), "warning") if row.has_expired else badges.badge(_("ativa"), "success")
        )

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewKeyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            wanted = form.cleaned_data
            key, text = api_keys.create(
                wanted["name"],
                wanted["scopes"],
                actor=actor(request),
                sources=wanted["sources"],
                expires_at=wanted["expires_on"],
            )
            return self._shown_once(request, key, text)
        context = {"form": form, "button": _("Criar a chave"), "onward": list_of(ApiKey)}
        return page(request, "admin/form.html", _("Nova chave de API"), opts=self.opts, **context)

    def rotate_view(self, request: HttpRequest, prefix: str) -> HttpResponse:
        """A new key beside the old one, which goes on working for a week."""
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        old = ApiKey.objects.filter(prefix=prefix, revoked=False).first()
        if old is None:
            raise Http404
        key, text = api_keys.rotate(old, OVERLAP, actor=actor(request))
        old.refresh_from_db()
        until = date_format(timezone.localtime(old.expiry_date), "d/m/Y H:i")
        return self._shown_once(request, key, text, _("A chave antiga ainda funciona até %s.") % until)

    def _shown_once(self, request: HttpRequest, key: ApiKey, text: str, *notes: str) -> HttpResponse:
        return shown_once(
            request,
            key.name,
            opts=self.opts,
            headline=_("Chave de %(name)s") % {"name": key.name},
            advice=_("Copie agora e guarde em lugar seguro: ela não aparece de novo."),
            secret=text,
            onward=list_of(ApiKey),
            notes=notes,
        )

    def item_context(self, request: HttpRequest, row: ApiKey) -> dict[str, Any]:
        address = reverse("admin:access_apikey_rotate", args=[row.prefix])
        rotate = [] if row.revoked or row.has_expired else [button(request, ROTATE, address)]
        revoke = [] if row.revoked else self.buttons(request, ["revoke"], row.prefix)
        return {
            "key": row,
            "may": self.may(row),
            "state": self.state(row),
            "replaced_by": row.replaced_by.first(),
            "buttons": [*rotate, *revoke],
        }
