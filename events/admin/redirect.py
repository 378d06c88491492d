"""Redirecionar: what was for a retired number or record goes to its successor, until a day."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.access.audit_log import REVEALED
from carinho.console import badges, dates, labels
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import actor, id_in, list_of, page, page_of, posted
from carinho.console.filters import ChoiceFilter, choice_filter
from events import failure_groups, redirects, titles
from events.admin import correction_pages, person
from events.flow import identifier_kind
from events.intake.envelope import RequestRejected
from events.models import DeadLetter, DeadLetterStatus, FailureGroup, Redirect
from events.redirects import EventIdentifier

OPERATE = "events.change_deadletter"
USUAL_DAYS = 90

END = Action(
    name="end",
    title=_("Encerrar"),
    button=ngettext_lazy("Encerrar o redirecionamento", "Encerrar %(count)d redirecionamentos", "count"),
    done=ngettext_lazy("Redirecionamento encerrado.", "%(count)d redirecionamentos encerrados.", "count"),
    effect=_("O que sair a partir de agora vai de novo para onde o evento diz. O que já foi não volta."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: redirects.end(list(ids), actor=actor),
    icon="block",
)


def button(request: HttpRequest, name: str, pk: int) -> dict[str, Any]:
    """The way from an item ("new") or a group ("in_group") to the form."""
    return {
        "address": reverse(f"admin:events_redirect_{name}", args=[pk]),
        "barred": correction_pages.barred(request, OPERATE),
    }


def sentences(found: Iterable[Redirect]) -> list[str]:
    """Such as "Redirecionado: Cliente, de 42 para 57"."""
    return [_now("Redirecionado: %s") % in_words(redirect) for redirect in found]


def in_words(redirect: Redirect) -> str:
    old, new = redirects.masked(redirect)
    given = {"what": redirects.kind_label(redirect.kind), "old": old, "new": new}
    return _now("%(what)s, de %(old)s para %(new)s") % given


class RedirectFilter(ChoiceFilter):
    """The open items that a redirect is about; only the links of its page lead here."""

    parameter_name = "redirect"
    title = _("redirecionamento")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        id = id_in(asked := request.GET.get("redirect", ""))
        found = Redirect.objects.filter(pk=id) if id is not None else []
        return [(asked, in_words(redirect)) for redirect in found]

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        redirect = Redirect.objects.filter(pk=id_in(str(value)) or 0).first()
        items = redirects.open_items(redirect).values("pk") if redirect else []
        return queryset.filter(pk__in=items)


class StateFilter(ChoiceFilter):
    parameter_name = "state"
    title = _("situação")
    is_tab = True
    offered = staticmethod(lambda: [("active", _("em vigor")), ("ended", _("encerrados"))])

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset.filter(redirects.in_force() if value == "active" else ~redirects.in_force())


@admin.register(Redirect)
class RedirectAdmin(ActionAdmin):
    item_template = "admin/events/redirect/item.html"
    all_well = _("Nada é redirecionado: tudo vai para o número ou cadastro que o evento diz.")
    intro = _(
        "O que era para um número ou cadastro que não vale mais vai para o que vale, em um sistema e até um "
        "dia. Para redirecionar, abra o item em Precisa de você e use Redirecionar."
    )
    row_actions = (END,)
    list_display = ("what", "where", "why", "by", "until", "state")
    list_filter = (StateFilter, choice_filter("system", _("sistema"), labels.systems))
    sortable_by = ()
    masked_columns: ClassVar[dict[str, str]] = {"why": ""}

    @admin.display(description=_("De e para"))
    def what(self, row: Redirect) -> str:
        return in_words(row)

    @admin.display(description=_("Sistema"))
    def where(self, row: Redirect) -> str:
        return labels.system(row.system)

    @admin.display(description=_("Motivo"))
    def why(self, row: Redirect) -> str:
        return row.reason

    @admin.display(description=_("Quem"))
    def by(self, row: Redirect) -> str:
        return labels.who(row.author)

    @admin.display(description=_("Até"))
    def until(self, row: Redirect) -> str:
        return _last_day(row)

    @admin.display(description=_("Situação"))
    def state(self, row: Redirect) -> str:
        return badges.badge(_now("em vigor"), "info") if _is_active(row) else badges.badge(_now("encerrado"))

    def crumb(self, row: Any) -> str:
        return in_words(row)

    def get_urls(self) -> list[URLPattern]:
        of_item = correction_pages.opened_from_item(self.new_view, DeadLetter)
        of_group = correction_pages.opened_from_item(self.in_group_view, FailureGroup)
        return [
            self.post_path("of/<int:dead_letter_id>/", of_item, "new"),
            self.post_path("in/<int:group_id>/", of_group, "in_group"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest, dead_letter_id: int) -> HttpResponse:
        correction_pages.require(request, OPERATE)
        letter = get_object_or_404(DeadLetter.objects.select_related("event"), pk=dead_letter_id)
        return self._create(request, letter, page_of(letter))

    def in_group_view(self, request: HttpRequest, group_id: int) -> HttpResponse:
        """The form of the item of the group that waits longest; others of the same are offered after it."""
        correction_pages.require(request, OPERATE)
        group = get_object_or_404(FailureGroup, pk=group_id)
        waiting = DeadLetter.objects.filter(failure_groups.rows_of(group), status=DeadLetterStatus.OPEN)
        letter = waiting.select_related("event").order_by("pk").first()
        if letter is None:
            messages.warning(request, _now("Nenhum item deste grupo está aberto."))
            return HttpResponseRedirect(page_of(group))
        return self._create(request, letter, page_of(group))

    def _create(self, request: HttpRequest, letter: DeadLetter, back: str) -> HttpResponse:
        offered = redirects.identifiers(letter.event)
        if not offered:
            messages.warning(request, _now("Este evento não diz nenhum número ou cadastro."))
            return HttpResponseRedirect(back)
        given = {name: posted(request, name) for name in ("field", "new", "until", "reason")}
        problem = ""
        if request.POST.get("do") == "save":
            try:
                return self._saved(request, letter, given)
            except RequestRejected as error:
                problem = " ".join(error.fields.values()) or error.detail
        REVEALED.record(actor(request), f"event {letter.event_id}", {"page": "redirect"})
        today = timezone.localdate()
        context = {
            "why": f"{titles.step(letter.event_type, letter.step)} → {labels.system(letter.service)}",
            "system": labels.system(letter.service),
            "offered": [
                (one.field, one.label, _readable(one), one.field == given["field"]) for one in offered
            ],
            "given": given | {"until": given["until"] or (today + timedelta(days=USUAL_DAYS)).isoformat()},
            "first_day": today.isoformat(),
            "problem": problem,
            "address": reverse("admin:events_redirect_new", args=[letter.pk]),
            "back": back,
        }
        return page(request, "admin/events/redirect/form.html", _("Redirecionar"), **context)

    def _saved(self, request: HttpRequest, letter: DeadLetter, given: dict[str, str]) -> HttpResponse:
        until = dates.typed(given["until"])
        if given["field"] not in {one.field for one in redirects.identifiers(letter.event)}:
            raise RequestRejected("no_redirect", _now("Escolha o que não vale mais."), status=422)
        if until is None or not given["new"] or not given["reason"]:
            detail = _now("Preencha o novo, até que dia vale, e o motivo.")
            raise RequestRejected("no_redirect", detail, status=422)
        made = redirects.create(
            letter,
            field=given["field"],
            new=given["new"],
            ends_at=until + timedelta(days=1),
            reason=given["reason"][:500],
            actor=actor(request),
        )
        messages.success(request, _now("Vale a partir de agora. Nada foi enviado por isso ainda."))
        return HttpResponseRedirect(page_of(made))

    def item_context(self, request: HttpRequest, row: Redirect) -> dict[str, Any]:
        is_active = _is_active(row)
        waiting = redirects.waiting(row) if is_active else 0
        return {
            "sentence": in_words(row),
            "state": self.state(row),
            "system": labels.system(row.system),
            "last_day": _last_day(row),
            "waiting": waiting,
            "rows": list_of(DeadLetter, f"redirect={row.pk}"),
            "retry_barred": correction_pages.barred(request, OPERATE),
            "buttons": self.buttons(request, [END.name] if is_active else [], row.pk),
        }


def _readable(identifier: EventIdentifier) -> str:
    """The number of a record could be read as a phone too."""
    value = str(identifier.value)
    return person.readable_phone(value) if identifier_kind(identifier.field) == "phone" else value


def _is_active(row: Redirect) -> bool:
    return row.ended_at is None and row.ends_at > timezone.now()


def _last_day(row: Redirect) -> str:
    """The last whole day on which it holds: it ends at the midnight after it."""
    return date_format(timezone.localtime(row.ends_at) - timedelta(seconds=1), "d/m/Y")
