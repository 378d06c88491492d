"""Corrigir e reenviar: an event's data is mended by a form, and the same for the others that fail alike."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy
from django.views.decorators.http import require_POST

from carinho.console import badge_counts, badges, dates, labels
from carinho.console.actions import MOST_AT_ONCE, Action, ActionAdmin
from carinho.console.base import PlainChangeList, actor, ids_in, list_of, page, page_of
from carinho.console.filters import ChoiceFilter
from carinho.masking import mask
from events import event_corrections, named_fields, preview, recipes, titles
from events.admin import correction_pages, payload_form, person
from events.admin.correction_pages import Correctable
from events.admin.event_data import EventRevealAdmin
from events.admin.payload_form import PREFIX, FormField
from events.flow import TO_PEOPLE, Data, Flow
from events.models import (
    Correction,
    DeadLetter,
    DeadLetterStatus,
    Delivery,
    DeliveryStatus,
    Event,
    FailureGroup,
)

OPERATE = "events.change_deadletter"
MOST_SHOWN = 50

CALLED = Action(
    name="called",
    title=_("Já liguei"),
    button=ngettext_lazy("Já liguei", "Já liguei para %(count)d pessoas", "count"),
    done=ngettext_lazy("Anotado: você já ligou.", "Anotado: você já ligou para %(count)d.", "count"),
    effect=_("A ligação sai do que espera por alguém. Nada é enviado."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: event_corrections.called(ids, actor=actor),
    icon="phone_forwarded",
    is_main=True,
)


class CallFilter(ChoiceFilter):
    parameter_name = "call"
    title = _("ligação")
    is_tab = True
    offered = staticmethod(lambda: [("owed", _("falta ligar")), ("made", _("já ligaram"))])

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        if value == "owed":
            return queryset & event_corrections.owed_calls()
        return queryset.exclude(called_at=None) if value == "made" else queryset.none()


@badge_counts.also_waiting
def owed_calls(request: HttpRequest) -> badge_counts.Elsewhere | None:
    if not request.user.has_perm("events.view_correction"):
        return None
    count = event_corrections.owed_calls().count()
    sentence = ngettext(
        "Uma mensagem foi ao telefone antigo de alguém: ligue para o novo e diga “Já liguei”.",
        "%(count)s mensagens foram a telefones antigos: ligue para os novos e diga “Já liguei”.",
        count,
    ) % {"count": labels.number(count)}
    return badge_counts.Elsewhere(sentence, list_of(Correction, "call=owed"), count)


def button(request: HttpRequest, row: DeadLetter) -> dict[str, Any] | None:
    """The way from a dead letter to its form; None where there is nothing to correct."""
    if not (address := address_of(row)):
        return None
    barred = correction_pages.barred(request, OPERATE)
    return {"address": address, "text": _("Corrigir e reenviar"), "barred": barred}


def address_of(row: DeadLetter) -> str:
    """Of the form of an item's data; empty where there is nothing to correct."""
    is_open = row.status == DeadLetterStatus.OPEN and row.event_type in Flow.registry
    return reverse("admin:events_correction_new", args=[row.pk]) if is_open else ""


class CorrectionChangeList(PlainChangeList):
    """Each row that waits for a call knows which messages went where."""

    def prepare(self, rows: Sequence[Any]) -> None:
        found = event_corrections.left_at_old_phones([row for row in rows if row.is_owed])
        for row in rows:
            row.left = found.get(row.pk, [])


@admin.register(Correction)
class CorrectionAdmin(EventRevealAdmin, ActionAdmin):
    item_template = "admin/events/correction/item.html"
    all_well = _("Ninguém precisou corrigir dados até agora.")
    intro = _("O que foi corrigido à mão nos dados de um evento, por quem e por quê. As duas versões ficam.")
    row_actions = (CALLED,)
    list_display = ("what", "who", "why", "by", "when", "call")
    list_filter = (CallFilter,)
    list_select_related = ("event",)
    search_fields = ("actor",)
    search_help_text = _("Quem corrigiu")
    sortable_by = ()
    masked_columns: ClassVar[dict[str, str]] = {"why": ""}

    @admin.display(description=_("O que mudou"))
    def what(self, row: Correction) -> str:
        return ", ".join(change.label for change in _changes(row, revealed=False)) or "—"

    @admin.display(description=_("Pessoa"))
    def who(self, row: Correction) -> str:
        return person.masked(row.event).cell()

    @admin.display(description=_("Foi ao telefone antigo"))
    def left(self, row: Any) -> str:
        cell = '<span class="c-cell"><span>{}</span><span class="c-second">{}</span></span>'
        steps = {titles.step(row.event.type, step): None for step, _phone in row.left}
        ends = {_now("final %s") % phone[-4:]: None for _step, phone in row.left}
        return format_html(cell, ", ".join(steps), ", ".join(ends))

    @admin.display(description=_("Motivo"))
    def why(self, row: Correction) -> str:
        return row.reason

    @admin.display(description=_("Quem"))
    def by(self, row: Correction) -> str:
        return labels.who(row.actor)

    @admin.display(description=_("Quando"))
    def when(self, row: Correction) -> str:
        return dates.moment(row.at)

    @admin.display(description=_("Ligação"))
    def call(self, row: Any) -> str:
        if row.called_at:
            return badges.badge(_now("ligou %s") % labels.who(row.called_by), "success")
        return badges.badge(_now("falta ligar"), "warning") if row.is_owed else "—"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        owed = event_corrections.owed_calls().filter(pk=OuterRef("pk"))
        return super().get_queryset(request).annotate(is_owed=Exists(owed))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PlainChangeList]:
        return CorrectionChangeList

    def get_list_display(self, request: HttpRequest) -> Any:
        """Whom to call, and what they did not read, where that is what is asked for."""
        if _asks_for_calls(request):
            return ("who", "left", "by", "when")
        return super().get_list_display(request)

    def get_intro(self, request: HttpRequest) -> Any:
        if not _asks_for_calls(request):
            return super().get_intro(request)
        return _now(
            "Pessoas cujo telefone foi corrigido depois que uma mensagem já tinha ido ao antigo. Ela não se "
            "repete: abra a linha, veja o telefone novo, ligue e diga “Já liguei”."
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = extra_context or {}
        if _asks_for_calls(request):
            context = {"title": _("Ligações a fazer")} | context
            request.crumb = context["title"]  # type: ignore[attr-defined]
        return super().changelist_view(request, context)

    def get_all_well(self, request: HttpRequest) -> Any:
        if request.GET.dict() == {"call": "owed"}:
            return _now("Tudo certo: ninguém espera uma ligação.")
        return super().get_all_well(request)

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return (CALLED,) if _asks_for_calls(request) else ()

    def get_urls(self) -> list[URLPattern]:
        of_item = correction_pages.opened_from_item(self.correct_view, DeadLetter)
        of_group = correction_pages.opened_from_item(self.correct_in_group, FailureGroup)
        return [
            self.post_path("of/<int:dead_letter_id>/", of_item, "new"),
            self.post_path("of/<int:dead_letter_id>/check/", require_POST(self.check_view), "check"),
            self.post_path("in/<int:group_id>/", of_group, "in_group"),
            self.post_path("<int:correction_id>/others/", self.others_view, "others"),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, dead_letter_id: int) -> HttpResponse:
        correction_pages.require(request, OPERATE)
        return correction_pages.correct(request, _correctable(request, dead_letter_id))

    def correct_in_group(self, request: HttpRequest, group_id: int) -> HttpResponse:
        """The form of the item of the group that waits longest; the others are offered after it."""
        correction_pages.require(request, OPERATE)
        group = get_object_or_404(FailureGroup, pk=group_id)
        waiting = event_corrections.correctable(group.service, group.step, group.cause)
        first = waiting.values_list("pk", flat=True).first()
        if first is None:
            messages.warning(request, _now("Nenhum item deste grupo espera uma correção."))
            return HttpResponseRedirect(page_of(group))
        return correction_pages.correct(request, _correctable(request, first))

    def check_view(self, request: HttpRequest, dead_letter_id: int) -> HttpResponse:
        correction_pages.require(request, OPERATE)
        return correction_pages.check(request, _correctable(request, dead_letter_id))

    def others_view(self, request: HttpRequest, correction_id: int) -> HttpResponse:
        """Show which others would be corrected in the same way; confirmed, do it to those that were shown."""
        correction_pages.require(request, OPERATE)
        correction = get_object_or_404(
            Correction.objects.select_related("event", "dead_letter"), pk=correction_id
        )
        if request.method == "POST":
            return self._repeat(request, correction)
        found = event_corrections.others(correction)
        ids = list(found.order_by("-pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
        rows = found.filter(pk__in=ids[:MOST_SHOWN]).select_related("event").order_by("-pk")
        context = {
            "correction": correction,
            "changes": _changes(correction, revealed=False),
            "ids": ",".join(map(str, ids)),
            "count": len(ids),
            "unseen": len(ids) - MOST_SHOWN,
            "rows": [(row, person.masked(row.event), page_of(row)) for row in rows],
            "back": page_of(correction),
        }
        return page(request, "admin/events/correction/others.html", _("A mesma correção"), **context)

    def _repeat(self, request: HttpRequest, correction: Correction) -> HttpResponse:
        ids = ids_in(request.POST.get("ids", "").split(","))[:MOST_AT_ONCE]
        done = len(event_corrections.repeat(correction, ids, actor=actor(request)))
        text = ngettext("%d item corrigido e reenviado.", "%d itens corrigidos e reenviados.", done)
        messages.success(request, text % done)
        if left := len(set(ids)) - done:
            text = ngettext(
                "%d item ficou como estava: alguém já cuidou dele, ou tem outro dado errado.",
                "%d itens ficaram como estavam: alguém já cuidou deles, ou têm outro dado errado.",
                left,
            )
            messages.warning(request, text % left)
        return HttpResponseRedirect(page_of(correction))

    def person_context(self, row: Correction, *, revealed: bool) -> dict[str, Any]:
        return super().person_context(row, revealed=revealed) | {"changes": _changes(row, revealed=revealed)}

    def crumb(self, row: Any) -> str:
        return _now("Correção %(number)d do evento %(event)d") % {"number": row.number, "event": row.event_id}

    def item_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        others = event_corrections.others(row).count() if not row.repeats_id else 0
        key = {"service": row.dead_letter.service, "step": row.dead_letter.step, "cause": row.cause}
        following = event_corrections.correctable(**key).first()
        position = event_corrections.position_of(following) if following else None
        return {
            "group": FailureGroup.objects.filter(**key).first() if position else None,
            "position": position,
            "left": position.total - position.number + 1 if position else 0,
            "event": row.event,
            "event_page": page_of(row.event),
            "dead_letter_page": page_of(row.dead_letter),
            "dead_letter": row.dead_letter,
            "others": others,
            "repeated": row.repeated.count(),
            "went_to_old_phone": _went_to_old_phone(row),
            "buttons": self.buttons(request, [CALLED.name], row.pk) if row.is_owed else [],
            "barred": correction_pages.barred(request, OPERATE),
            "reveal": self.reveal_button(request, row),
            **self.person_context(row, revealed=False),
        }


def _asks_for_calls(request: HttpRequest) -> bool:
    return request.GET.get("call") == "owed"


def _went_to_old_phone(row: Correction) -> str:
    """What to do about the messages that had gone to another phone of the person; empty where none had."""
    if row.event.phone not in [
        after for name, (_old, after) in row.changed.items() if name.endswith("phone")
    ]:
        return ""
    steps: dict[str, list[str]] = {}
    for step, phone in event_corrections.left_at_old_phones([row])[row.pk]:
        steps.setdefault(phone, []).append(f"“{titles.step(row.event.type, step)}”")
    return " ".join(f"{', '.join(named)}: {_to_old_phone(phone)}." for phone, named in steps.items())


def _to_old_phone(old: str) -> str:
    return _now("foi ao telefone antigo (final %s) e não se repete: ao novo, alguém tem de ligar") % old[-4:]


def of_event(event: Event) -> QuerySet[Correction]:
    """Its corrections, the first one first: the first one's earlier version is what the sender sent."""
    return event.corrections.order_by("number")


def _changes(row: Correction, *, revealed: bool) -> list[correction_pages.Change]:
    flow = Flow.registry.get(row.event.type)
    before, after = event_corrections.sides(row.changed)
    if not revealed:
        before, after = mask(before), mask(after)
    return correction_pages.changes(flow.payload if flow else None, before, after)


def _correctable(request: HttpRequest, dead_letter_id: int) -> Correctable:
    row = get_object_or_404(DeadLetter.objects.select_related("event", "delivery"), pk=dead_letter_id)
    flow = Flow.registry.get(row.event_type)
    if flow is None:
        raise Http404

    step = titles.step(row.event_type, row.step)
    data = event_corrections.as_sent(row.event)
    advice = recipes.of_items([row]).of_item(row)
    texts = advice.texts
    rejected = _rejected(row, payload_form.fields(flow.payload, data))
    answered = texts.happened
    if advice.is_data_right:
        answered += " " + _now("Nada indica que um dado esteja errado.")
    elif row.cause == "invalid_data" and not (advice.written or advice.is_doubtful):  # it is known by now
        answered = _now("%s recusou o pedido por um dos dados.") % labels.system(row.service)
    if row.cause == "invalid_data" and not (advice.is_data_right or rejected):
        answered += " " + _now("A resposta não nomeia nenhum campo deste formulário.")

    def send(data: Data, version: str, by: str, reason: str) -> str:
        correction = event_corrections.correct(row, data, version=version, actor=by, reason=reason)
        messages.success(request, _now("Dados corrigidos. O que tinha falhado foi para a fila de envio."))
        return page_of(correction)

    return Correctable(
        payload=flow.payload,
        data=data,
        stored=row.event.data,
        version=event_corrections.version_of(row),
        named=f"event {row.event_id}",
        read=lambda data: event_corrections.read(row.event, data).data,
        check=lambda version: event_corrections.check_current(row, version),
        send=send,
        title=_("Corrigir e reenviar"),
        sure=_("Reenviar com a correção"),
        why=f"{step} → {labels.system(row.service)}: {texts.title}",
        address=reverse("admin:events_correction_new", args=[row.pk]),
        check_address=reverse("admin:events_correction_check", args=[row.pk]),
        back=page_of(row),
        effects=lambda data: _effects(row, data),
        texts=lambda data: _texts(row, data),
        position=lambda: _position(row),
        rejected=rejected,
        answered=answered,
        technical=row.reason,
        as_it_is=correction_pages.asked_of_list(
            _("Reenviar como está"), list_of(DeadLetter), "retry", row.pk
        ),
    )


def _position(row: DeadLetter) -> str:
    position = event_corrections.position_of(row)
    if position.total == 1:
        return ""
    said = _now("Item %(number)d de %(total)d") % asdict(position)
    if not position.corrected:
        return said
    done = ngettext("%d já corrigido hoje", "%d já corrigidos hoje", position.corrected)
    return f"{said} ({done % position.corrected})"


def _rejected(row: DeadLetter, fields: list[FormField]) -> dict[str, str]:
    """The form's fields that the system's last answer names."""
    last = row.delivery.attempt_log.order_by("-id").values_list("answered", flat=True).first()
    known = [named_fields.NamedField(field.path, field.label, field.kind == "phone") for field in fields]
    said = _now("%s recusou este campo. Confira e mude o que está errado.") % labels.system(row.service)
    named = named_fields.of(known, answered=last or "", reason=row.reason)
    return {PREFIX + path: said for path in named}


def _texts(row: DeadLetter, data: Data) -> list[tuple[str, str]]:
    """To whom and what the corrected messages say."""
    after = event_corrections.plan_of(row, data).after
    written = preview.messages_with(row.event, after.data, after.phone)
    return [(person.readable_phone(message.to), message.text) for message in written]


EFFECTS = {
    DeliveryStatus.DEAD: _("será reenviada com os dados novos"),
    DeliveryStatus.QUEUED: _("já está na fila, e segue com os dados novos"),
    DeliveryStatus.WAITING: _("espera outra etapa, e segue com os dados novos"),
    DeliveryStatus.RUNNING: _("está saindo agora, com os dados antigos"),
    DeliveryStatus.DONE: _("já foi feita, e não se repete"),
    DeliveryStatus.SKIPPED: _("não foi enviada, e continua assim"),
}


def _effects(row: DeadLetter, data: Data) -> list[tuple[str, str, Any]]:
    """Each step, its system, and what the correction means for it."""
    plan = event_corrections.plan_of(row, data)
    before = {step.name for step in plan.before.steps} if plan.before else set()
    after = {step.name: step for step in plan.after.steps}
    there = {delivery.step: delivery for delivery in row.event.deliveries.order_by("id")}
    moves = row.event.phone not in ("", plan.after.phone)
    went = event_corrections.phones_of([each for each in there.values() if moves and _is_written(each)])
    lines = [
        (
            titles.step(row.event_type, name),
            labels.system(delivery.service),
            _to_old_phone(went[delivery.pk])
            if went.get(delivery.pk, "") not in ("", plan.after.phone)
            else _effect(delivery, before - after.keys()),
        )
        for name, delivery in there.items()
    ]
    return lines + [
        (str(step.title), labels.system(step.to.name), _("passa a valer, e será enviada"))
        for name, step in after.items()
        if plan.before and name not in before and name not in there
    ]


def _is_written(delivery: Delivery) -> bool:
    return delivery.service == TO_PEOPLE and delivery.status == DeliveryStatus.DONE


def _effect(delivery: Delivery, gone: set[str]) -> Any:
    is_open = delivery.status in event_corrections.NOT_STARTED
    return (
        _("não se aplica mais, e não será enviada")
        if delivery.step in gone and is_open
        else EFFECTS[DeliveryStatus(delivery.status)]
    )
