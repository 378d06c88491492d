"""Precisa de você: what the hub could not deliver by itself, and what a person may do about it."""

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.access.models import AuditEntry
from carinho.console import badge_counts, dates, labels
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import (
    PlainChangeList,
    actor,
    id_in,
    ids_in,
    list_of,
    next_page,
    page_of,
    posted,
)
from carinho.console.filters import ChoiceFilter, DayFilter, choice_filter
from events import (
    bulk_jobs,
    dead_letter_counts,
    escalations,
    failure_groups,
    operations,
    recipes,
    rejecting_systems,
    retention,
    status_badges,
    titles,
)
from events.admin import (
    archive_reasons,
    bulk_job,
    bulk_question,
    correction,
    escalation,
    failure_group,
    merged_cards,
    overtaken,
    person,
    preview,
    redirect,
    search,
    timeline,
)
from events.admin.event_data import EventRevealAdmin
from events.engine.failure_causes import NO_PERMISSION
from events.models import (
    BulkJob,
    CircuitBreaker,
    DeadLetter,
    DeadLetterStatus,
    Event,
    FailureGroup,
    GroupState,
    Redirect,
    Remedy,
    SkipCause,
)

OPERATE = "events.change_deadletter"
MOST_GROUPS = 50  # whose numbers stand in an address

RETRY = Action(
    name="retry",
    title=_("Reenviar"),
    button=ngettext_lazy("Reenviar %(count)d entrega", "Reenviar %(count)d entregas", "count"),
    done=ngettext_lazy(
        "Reenviando: o fim desta entrega aparece nesta página.", "Reenviando %(count)d entregas.", "count"
    ),
    effect=_(
        "Volta para a fila, com todas as tentativas. As outras etapas do evento, já feitas, não se "
        "repetem. O que falhar de novo volta para Precisa de você."
    ),
    permission=OPERATE,
    icon="replay",
    form="admin/events/deadletter/preview.html",
    is_main=True,
)
UNDO_ARCHIVE = Action(
    name="undo_archive",
    title=_("Desfazer"),
    button=ngettext_lazy("Desfazer o arquivamento", "Desfazer %(count)d arquivamentos", "count"),
    done=ngettext_lazy(
        "Desfeito: %(count)d item está de novo aqui.",
        "Desfeito: %(count)d itens estão de novo aqui.",
        "count",
    ),
    effect=_("De volta à lista Precisa de você. Nada é enviado por isso."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: operations.undo_archive(ids, actor=actor),
    refused=_("Só quem arquivou pode desfazer, e só no primeiro minuto. Em Arquivadas dá para restaurar."),
)
ARCHIVE = Action(
    name="archive",
    title=_("Arquivar"),
    button=ngettext_lazy("Arquivar %(count)d item", "Arquivar %(count)d itens", "count"),
    done=ngettext_lazy("%(count)d item arquivado.", "%(count)d itens arquivados.", "count"),
    effect=_(
        "Nada mais será enviado. O que for arquivado sai desta lista e pode ser restaurado depois, em "
        "Arquivadas."
    ),
    permission=OPERATE,
    icon="archive",
    form=archive_reasons.FORM,
    is_sent_by_form=True,
    undo=UNDO_ARCHIVE,
)
RESTORE = Action(
    name="restore",
    title=_("Restaurar"),
    button=ngettext_lazy("Restaurar %(count)d item", "Restaurar %(count)d itens", "count"),
    done=ngettext_lazy("%(count)d item restaurado.", "%(count)d itens restaurados.", "count"),
    effect=_("De volta à lista Precisa de você. Nada é enviado por isso."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: operations.restore(ids, actor=actor),
    icon="unarchive",
    is_main=True,
)
MAIN: dict[str, str] = {  # by what the recipe says helps
    Remedy.RETRY: RETRY.name,
    Remedy.ARCHIVE: ARCHIVE.name,
    Remedy.ESCALATE: escalation.ESCALATE.name,
}
FITTING = {"open": [RETRY, ARCHIVE], "archived": [RESTORE], "all": [RETRY, ARCHIVE, RESTORE]}

StatusFilter = choice_filter(
    "status",
    _("situação"),
    lambda: [*DeadLetterStatus.choices, ("all", _("todas"))],
    default="open",
    every="all",
    is_tab=True,
)
REASONS = [
    _("Tratado por telefone ou em outro sistema"),
    _("A pessoa já foi avisada"),
    _("Ninguém precisa mais disto"),
    _("O dado está errado e não tem correção"),
    _("Repetido"),
    _("Era um teste"),
    _("Outro motivo"),
]


@badge_counts.counted
def open_count(request: HttpRequest) -> dict[str, int]:
    if not request.user.has_perm("events.view_deadletter"):
        return {}
    return {"open": badge_counts.number(request, "open", dead_letter_counts.open_now)}


def asked_groups(asked: str) -> list[FailureGroup]:
    """One, or those of a card that stands for several: "12" or "12,15"."""
    return list(FailureGroup.objects.filter(pk__in=ids_in(asked.split(",")[:MOST_GROUPS])).order_by("pk"))


class GroupFilter(ChoiceFilter):
    parameter_name = "group"
    title = _("falha")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        asked = request.GET.get("group", "")
        open_or_asked = ~Q(state=GroupState.RESOLVED) | Q(pk=id_in(asked))
        several = [(asked, "; ".join(map(failure_group.where, asked_groups(asked))))] if "," in asked else []
        return [*several, *failure_group.titles_of(FailureGroup.objects.filter(open_or_asked))]

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        rows = [failure_groups.rows_of(group) for group in asked_groups(value)]
        return queryset.filter(reduce(or_, rows)) if rows else queryset.none()


class DeadLetterChangeList(PlainChangeList):
    """Each row knows its recipe, and whether something newer has overtaken it."""

    def prepare(self, rows: Sequence[Any]) -> None:
        found, later = recipes.of_items(rows), overtaken.of_items(rows)
        for row in rows:
            row.is_overtaken = row.pk in later
            advice = found.of_item(row)
            row.advice = recipes.of_overtaken(advice) if row.is_overtaken else advice
            rejection = found.rejected_by.get((row.service, row.cause, row.failed_at))
            row.is_trial = bool(rejection and not rejection.until)  # to send one again tells if it accepts


@admin.register(DeadLetter)
class DeadLetterAdmin(EventRevealAdmin, ActionAdmin):
    item_template = "admin/events/deadletter/item.html"
    list_before_template = "admin/events/deadletter/groups.html"
    all_well = _("Tudo certo: nada precisa de você agora. O que não puder ser entregue aparece aqui.")
    intro = _(
        "O que um sistema recusou, ou não aceitou em todas as tentativas, e espera a decisão de uma pessoa."
    )
    row_actions = (RETRY, ARCHIVE, RESTORE, UNDO_ARCHIVE, escalation.ESCALATE)
    list_display = ("what", "where", "who", "which", "since", "times", "state", "row_buttons")
    not_exported = ("row_buttons",)
    list_select_related = ("event",)
    list_filter = (
        StatusFilter,
        GroupFilter,
        bulk_job.BulkFilter,
        redirect.RedirectFilter,
        bulk_question.OvertakenFilter,
        failure_group.RejectionFilter,
        choice_filter("service", _("sistema"), labels.systems),
        choice_filter("cause", _("causa"), recipes.cause_titles),
        choice_filter("event_type", _("tipo de evento"), titles.event_types),
        ("created_at", DayFilter),
        ("failed_at", DayFilter),
    )
    search_fields = ("id",)  # what is searched stands in get_search_results
    search_help_text = _("Telefone, nome, número do item ou do evento, texto")

    class Media:
        css = {"all": ["console/groups.css"]}
        js = ["events/row_archive.js"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PlainChangeList]:
        return DeadLetterChangeList

    def get_all_well(self, request: HttpRequest) -> Any:
        under_way = DeadLetter.objects.filter(status=DeadLetterStatus.RETRYING)
        if not request.GET and under_way.exists():
            return _("Nada espera uma decisão agora. O que foi reenviado está a caminho: se falhar, volta.")
        if not request.GET and badge_counts.elsewhere(request):
            return _("Nenhuma entrega espera uma decisão. O que espera por você está no aviso acima.")
        return super().get_all_well(request)

    @admin.display(description=_("O que houve"))
    def what(self, row: Any) -> str:
        return row.advice.texts.title

    @admin.display(description=_("Sistema"), ordering="service")
    def where(self, row: DeadLetter) -> str:
        return labels.system(row.service)

    @admin.display(description=_("Pessoa"))
    def who(self, row: DeadLetter) -> str:
        return person.masked(row.event).cell()

    @admin.display(description=_("Evento"), ordering="event_type")
    def which(self, row: Any) -> str:
        step, newer = titles.step(row.event_type, row.step), overtaken.badge() if row.is_overtaken else ""
        cell = '<span class="c-cell"><span>{}</span><span class="c-second">{} {}</span></span>'
        return format_html(cell, titles.event_type(row.event_type), step, newer)

    @admin.display(description=_("Desde"), ordering="created_at")
    def since(self, row: DeadLetter) -> str:
        return dates.moment(row.created_at)

    @admin.display(description=_("Vezes aqui"), ordering="failures")
    def times(self, row: DeadLetter) -> str:
        return f"{row.failures} x"

    @admin.display(description=_("Situação"), ordering="status")
    def state(self, row: DeadLetter) -> str:
        return status_badges.of(DeadLetterStatus, row.status)

    @admin.display(description=_("Ação"))
    def row_buttons(self, row: Any) -> str:
        """What the recipe says helps, then the archive, whose window is one for all rows.

        Data that is right is archived by nobody: who has a reason to finds it on the item's page.
        """
        if row.status != DeadLetterStatus.OPEN:
            return ""
        if row.advice.is_data_right:
            return _main_button(row)
        button = (
            '<button type="button" class="c-plain" popovertarget="archive-row" data-item="{}">{}</button>'
        )
        return format_html("{} {}", _main_button(row), format_html(button, row.pk, ARCHIVE.title))

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        """Where all rows are open, nothing says so in each."""
        is_open = request.GET.get("status", DeadLetterStatus.OPEN) == DeadLetterStatus.OPEN
        left = {"state"} if is_open else {"row_buttons"}
        left |= set() if request.user.has_perm(OPERATE) else {"row_buttons"}
        return [name for name in self.list_display if name not in left]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        is_open = request.GET.get("status", DeadLetterStatus.OPEN) == DeadLetterStatus.OPEN
        is_start = request.method == "GET" and not set(request.GET) - {"status"}
        asked = request.GET.get("group", "")
        groups = _groups(request) if is_open and request.method == "GET" else []
        context = {
            "title": _("Precisa de você"),
            "elsewhere": badge_counts.elsewhere(request) if is_open else [],
            "groups": groups,
            "all_groups": list_of(FailureGroup),
            "all_jobs": list_of(BulkJob),
            "all_redirects": list_of(Redirect),
            "is_of_group": bool(asked),
            "asked_groups": [
                {"address": page_of(group), "step": titles.step_in(group.service, group.step)}
                for group in (asked_groups(asked) if asked else [])
            ],
            "reasons": REASONS,
            "archive": self.buttons(request, [ARCHIVE.name])[0],
            "list_here": request.get_full_path(),
            "resend": self._resend_here(request) if is_open and not (is_start or groups) else None,
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def _resend_here(self, request: HttpRequest) -> failure_group.Help | None:
        """All rows of the list at once, where it is of what a system left that accepts again."""
        service, cause = request.GET.get("service", ""), request.GET.get("cause", "")
        left = cause == NO_PERMISSION and any(
            each.service == service for each in rejecting_systems.accepted_keys()
        )
        if not left and failure_group.RejectionFilter.parameter_name not in request.GET:
            return None
        count = self.get_changelist_instance(request).queryset.count()
        return failure_group.retry_all(request, request.get_full_path(), count) if count else None

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        if action is RETRY and ids:
            return self._retry(request, ids)
        if action is escalation.ESCALATE:
            return escalation.escalate(request, DeadLetter.objects.filter(pk__in=ids))
        if action is not ARCHIVE:
            return super().act(request, action, ids)
        reason = archive_reasons.given(request)
        if not reason:
            return None
        moved = operations.archive(ids, actor=actor(request), reason=reason)
        return moved or self._say_who_was_first(request, ids)

    def _retry(self, request: HttpRequest, ids: Sequence[int]) -> Sequence[int] | HttpResponse | None:
        """All but what something newer overtook or a rejected key bars, unless asked for by a second yes.

        Of a step that still fails the question offers one of them `first`: then the others stay.
        """
        if first := ids_in([posted(request, "first")]):
            ids = [id for id in ids if id in first]
        asked = bulk_question.retried(
            ids,
            with_overtaken=bool(posted(request, "overtaken")),
            with_rejected_key=bool(posted(request, "rejected_key")),
        )
        if asked.overtaken:
            messages.warning(request, overtaken.left_out(len(asked.overtaken)))
        if asked.rejected_key:
            messages.warning(request, preview.left_for_the_key(len(asked.rejected_key)))
        if not asked.now:
            return None
        ids = sorted([*asked.now, *asked.overtaken])  # the result names those, too
        return self._retry_many(request, ids) if len(ids) > 1 else self._retry_one(request, ids)

    def _retry_one(self, request: HttpRequest, ids: Sequence[int]) -> Sequence[int] | HttpResponse | None:
        """To the item's page, which shows the end; its way back leads to the list as it was."""
        if not operations.retry(ids, actor=actor(request)):
            return self._say_who_was_first(request, ids)
        messages.info(request, RETRY.reports(1))
        page, came_from = page_of(DeadLetter(pk=ids[0])), next_page(request, "")
        if came_from.startswith(page):
            return HttpResponseRedirect(came_from)
        filters = urlsplit(came_from).query
        back = "?" + urlencode({"_changelist_filters": filters}) if filters else ""
        return HttpResponseRedirect(page + back)

    def _say_who_was_first(self, request: HttpRequest, ids: Sequence[int]) -> Sequence[int] | None:
        """Of one item; for several the report names those that were left."""
        rows = DeadLetter.objects.filter(pk__in=ids)[:2]
        if len(rows) != 1:
            return []
        messages.warning(request, operations.moved_meanwhile(rows[0]))
        return None

    def _retry_many(self, request: HttpRequest, ids: Sequence[int]) -> HttpResponse:
        with_overtaken = bool(posted(request, "overtaken"))
        job = bulk_jobs.start_retry(ids, actor(request), with_overtaken=with_overtaken)
        jobs: Any = self.admin_site.get_model_admin(BulkJob)
        text, page = bulk_job.started(job.total), page_of(job)
        messages.info(request, jobs.undoable(request, text, bulk_job.UNDO, [job.pk], page))
        return HttpResponseRedirect(page)

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return tuple(FITTING.get(request.GET.get("status") or "open", []))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        is_masked = search.only_whole(request.user)
        phone = search.phone(term, "event__phone", only_whole=is_masked)
        whose = phone | search.name(term, "event__data", whole=is_masked)
        text = search.number(term, "pk", "event_id")
        if phone == search.NOTHING:  # a reason has no phones
            text |= Q(reason__icontains=term)
        if not is_masked:
            text |= Q(note__gt="") & Q(note__icontains=term)
        return search.matching(request, queryset, whose, text), False

    def item_context(self, request: HttpRequest, row: DeadLetter) -> dict[str, Any]:
        is_superseded = row.delivery.skip_cause == SkipCause.SUPERSEDED
        fitting = [action.name for action in FITTING.get("archived" if is_superseded else row.status, [])]
        key = {"service": row.service, "step": row.step, "cause": row.cause}
        removed_at = retention.removed_at(row.event.received_at) if row.closed_at else None
        group = FailureGroup.objects.filter(**key).first()
        if row.status == DeadLetterStatus.OPEN:
            fitting.append(escalation.ESCALATE.name)
        correct = correction.button(request, row)
        is_open = row.status == DeadLetterStatus.OPEN
        found = recipes.of_items([row])
        advice, previewed = failure_group.readable(found.of_item(row), request), preview.of([row.pk])
        if previewed.overtaken:
            advice = recipes.of_overtaken(advice)
        main = MAIN.get(advice.texts.remedy) if is_open else RESTORE.name
        check_key = {"text": failure_group.CHECK_KEY_WITH_ONE} if is_open and advice.checks_key else {}
        unwise = [ARCHIVE.name] if is_open and advice.is_data_right else []
        unwise = [RETRY.name] if previewed.overtaken else unwise
        return {
            "advice": advice,
            "group": group,
            "escalation": escalations.of_item(row, group),
            "recipients": escalations.recipients(),
            "is_retrying": row.status == DeadLetterStatus.RETRYING,
            "is_superseded": is_superseded,
            "superseded_page": _page_of_later(row),
            "is_waiting": row.status == DeadLetterStatus.OPEN,
            "removed_at": removed_at,
            "move": _last_move(row),
            "others": [] if is_superseded else _others_like_it(request, row),
            "days_left": max(0, (removed_at - timezone.now()).days) if removed_at else 0,
            "reasons": REASONS,
            "preview": previewed,
            "breaker": CircuitBreaker.objects.filter(service=row.service).first(),
            "rejection": found.rejecting.get(row.service),
            "delivery": row.delivery,
            "event": row.event,
            "event_page": page_of(row.event),
            "entries": timeline.of(row.event, here=row.delivery),
            "buttons": [
                button
                | {"is_main": button["action"].name == main}
                | (check_key if button["action"] is RETRY else {})
                for button in self.buttons(request, [name for name in fitting if name not in unwise], row.pk)
            ],
            "unwise": self.buttons(request, unwise, row.pk),
            "correct": correct and correct | {"is_main": advice.texts.remedy == Remedy.CORRECT},
            "redirect": redirect.button(request, "new", row.pk)
            if row.status == DeadLetterStatus.OPEN
            else None,
            "reveal": self.reveal_button(request, row),
            **self.person_context(row, revealed=False),
        }

    def question_context(self, action: Action, ids: Sequence[int]) -> dict[str, Any]:
        """How many the click moves and why not the others; per system, and whether it is up now."""
        fitting, left = bulk_question.movable(ids, is_restore=action is RESTORE)
        asked = bulk_question.retried(fitting if action is RETRY else [])
        now = asked.now or fitting
        per_system = Counter(
            DeadLetter.objects.filter(pk__in=now).order_by().values_list("service", flat=True)
        )
        breakers, rejecting = CircuitBreaker.objects.in_bulk(list(per_system)), rejecting_systems.current()
        rows = [
            {
                "system": labels.system(name),
                "count": count,
                "state": status_badges.system(breakers.get(name), rejecting.get(name)),
            }
            for name, count in per_system.most_common()
        ]
        summary = preview.of_retried(asked, left, len(ids)) if action is RETRY else None
        first = summary.first if summary else None
        others = bulk_question.left_sentence(len(fitting), len(ids), left) if left else ""
        alone = _title_of_one(fitting[0]) if action is RETRY and len(fitting) == 1 else None
        return {
            "title": alone or action.says(len(now)),
            "ids": ",".join(map(str, fitting)),
            "left": summary.sum if summary else others,
            "with_yes": bulk_question.with_yes(action.says, fitting, asked) if action is RETRY else {},
            "per_system": rows,
            "first": first and {"item": first, "text": failure_group.TRY_WITH_ONE},
            "reasons": REASONS,
            "preview": summary,
        }


def _title_of_one(item_id: int) -> Any:
    """What the button of a group is called that sends one item to find something out; None for any other."""
    item = DeadLetter.objects.select_related("event").get(pk=item_id)
    advice = recipes.of_items([item]).of_item(item)
    if advice.checks_key:
        return failure_group.CHECK_KEY_WITH_ONE
    is_trial = advice.is_doubtful or (advice.is_data_right and advice.texts.remedy == Remedy.SYSTEMS)
    return failure_group.TRY_WITH_ONE if is_trial else None


def _groups(request: HttpRequest) -> list[failure_group.Card]:
    """The failures that the list begins with: all, or those of one system, and there of one cause."""
    service, cause = request.GET.get("service", ""), request.GET.get("cause", "")
    if set(request.GET) - {"status", "service", "cause"} or (cause and not service):
        return []
    return [
        card
        for card in merged_cards.of(request)
        if service in ("", card.group.service) and (not cause or cause in card.causes)
    ]


def _main_button(row: Any) -> str:
    link, remedy = '<a class="c-plain" href="{}">{}</a>', Remedy(row.advice.texts.remedy)
    match remedy:
        case Remedy.ARCHIVE:
            return ""
        case Remedy.RETRY | Remedy.SYSTEMS if remedy == Remedy.RETRY or row.is_trial:
            button = '<button class="c-plain" form="retry-row" name="_selected_action" value="{}">{}</button>'
            is_sure = remedy == Remedy.RETRY and not row.advice.is_doubtful
            said = RETRY.title if is_sure else _("Tentar")
            said = _("Conferir a chave") if row.advice.checks_key else said
            return format_html(button, row.pk, said)
        case Remedy.CORRECT if correct := correction.address_of(row):
            button = '<button class="c-plain" form="correct-row" formaction="{}">{}</button>'
            return format_html(button, correct, remedy.label)
        case Remedy.SYSTEMS:
            return format_html(link, f"{list_of(CircuitBreaker)}#system-{row.service}", remedy.label)
        case Remedy.WHATSAPP:
            address = reverse("admin:whatsapp_sentmessage_changelist")
            return format_html(link, address, _("Ver as mensagens"))
        case Remedy.ESCALATE:
            return format_html(link, page_of(row), remedy.label)
    return format_html(link, page_of(row), _("Ver o item"))


def _others_like_it(request: HttpRequest, row: DeadLetter) -> list[failure_group.Card]:
    """What failed alike and still waits, with the button that helps, once this one was delivered."""
    if row.status != DeadLetterStatus.RESOLVED:
        return []
    failed = (row.service, row.cause)
    cards = merged_cards.of(request)
    return [card for card in cards if (card.group.service, card.group.cause) == failed and card.figures.open]


def _last_move(row: DeadLetter) -> AuditEntry | None:
    """What was last done to the item, by whom and when."""
    to_item = Q(action__startswith="dead_letter.", detail__contains={"ids": [row.pk]})
    to_delivery = Q(action__startswith="delivery.", detail__contains={"ids": [row.delivery_id]})
    return AuditEntry.objects.filter(to_item | to_delivery).first()


def _page_of_later(row: DeadLetter) -> str:
    later = Event.objects.filter(pk=row.superseded_by_id or 0).first()
    return page_of(later) if later else ""
