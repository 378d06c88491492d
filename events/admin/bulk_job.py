"""Reenvios em etapas: how far the retry of many is, what became of each item, and what may be done to it."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Count, IntegerField, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from carinho.console import badge_counts, badges, dates, labels
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import id_in, list_of, page_of
from carinho.console.filters import ChoiceFilter, choice_filter
from events import bulk_jobs, preview, recipes
from events.engine.failure_causes import NO_PERMISSION
from events.flow import TO_PEOPLE
from events.models import (
    Attempt,
    BulkItem,
    BulkItemState,
    BulkJob,
    BulkState,
    CircuitBreaker,
    DeadLetter,
    DeliveryStatus,
)
from events.recipes import Recipes

OPERATE = "events.change_deadletter"
TONES = {"running": "info", "paused": "warning", "stopped": "danger", "done": "success"}
HALTED = (BulkState.PAUSED, BulkState.STOPPED)

PAUSE = Action(
    name="pause",
    title=_("Pausar"),
    button=ngettext_lazy("Pausar o reenvio", "Pausar %(count)d reenvios", "count"),
    done=ngettext_lazy("O reenvio está em pausa.", "%(count)d reenvios estão em pausa.", "count"),
    effect=_("Nada mais sai até alguém continuar. O que já está sendo enviado termina."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: bulk_jobs.pause(ids, actor=actor),
    icon="pause",
)
RESUME = Action(
    name="resume",
    title=_("Continuar"),
    button=ngettext_lazy("Continuar o reenvio", "Continuar %(count)d reenvios", "count"),
    done=ngettext_lazy("O reenvio continua.", "%(count)d reenvios continuam.", "count"),
    effect=_("O que ainda não saiu continua a sair. Uma falha que já apareceu aqui não o para de novo."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: bulk_jobs.resume(ids, actor=actor),
    icon="play_arrow",
    is_main=True,
)
CANCEL = Action(
    name="cancel",
    title=_("Cancelar"),
    button=ngettext_lazy("Cancelar o reenvio", "Cancelar %(count)d reenvios", "count"),
    done=ngettext_lazy("O reenvio foi cancelado.", "%(count)d reenvios foram cancelados.", "count"),
    effect=_("O que ainda não saiu fica em aberto em Precisa de você. O que já saiu não volta."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: bulk_jobs.cancel(ids, actor=actor),
    icon="stop_circle",
)
UNDO = Action(
    name="undo",
    title=_("Desfazer"),
    button=ngettext_lazy("Desfazer o reenvio", "Desfazer %(count)d reenvios", "count"),
    done=ngettext_lazy(
        "Desfeito: o que ainda não tinha saído está de novo em aberto.",
        "Desfeito: o que ainda não tinha saído destes %(count)d reenvios está de novo em aberto.",
        "count",
    ),
    effect=CANCEL.effect,
    permission=OPERATE,
    run=lambda ids, actor, _reason: bulk_jobs.undo(ids, actor=actor),
    refused=_(
        "Não dá mais para desfazer: só quem começou o reenvio pode, no primeiro minuto e enquanto ele não "
        "terminou."
    ),
)

RESULTS = {
    BulkItemState.DELIVERED: ngettext_lazy("%(count)s entregue", "%(count)s entregues", "number"),
    BulkItemState.FAILED: ngettext_lazy("%(count)s falhou de novo", "%(count)s falharam de novo", "number"),
    BulkItemState.TAKEN: ngettext_lazy(
        "%(count)s já tinha sido tratado fora deste reenvio",
        "%(count)s já tinham sido tratados fora deste reenvio",
        "number",
    ),
    BulkItemState.OVERTAKEN: ngettext_lazy(
        "%(count)s ultrapassado não saiu", "%(count)s ultrapassados não saíram", "number"
    ),
    BulkItemState.SKIPPED: ngettext_lazy(
        "%(count)s não precisava mais ser enviado", "%(count)s não precisavam mais ser enviados", "number"
    ),
    BulkItemState.SENT: ngettext_lazy("%(count)s a caminho", "%(count)s a caminho", "number"),
    BulkItemState.WAITING: ngettext_lazy("%(count)s ainda não saiu", "%(count)s ainda não saíram", "number"),
    BulkItemState.LEFT: ngettext_lazy("%(count)s ficou em aberto", "%(count)s ficaram em aberto", "number"),
}
UNFINISHED = (BulkItemState.SENT, BulkItemState.WAITING, BulkItemState.LEFT)


def _result(state: str, count: int) -> str:
    return str(RESULTS[BulkItemState(state)] % {"number": count, "count": labels.number(count)})


def title_of(count: int) -> str:
    words = ngettext("Reenvio de %(count)s item", "Reenvio de %(count)s itens", count)
    return words % {"count": labels.number(count)}


def stages(count: int) -> str:
    """In which order so many go, and what stops them."""
    first, second = bulk_jobs.FIRST, bulk_jobs.SECOND
    rest = count - first - second
    said = _now("Saem em etapas: primeiro %d, depois até %d") % (first, second)
    if rest > 0:
        others = ngettext(", depois o outro", ", depois os outros %(rest)s", rest)
        said += others % {"rest": labels.number(rest)}
    return _now("%s. Cada etapa espera a anterior; uma falha por uma causa nova para o reenvio.") % said


def started(count: int) -> str:
    return _now("%s começado: esta página mostra o que acontece com cada um.") % title_of(count)


class BulkFilter(ChoiceFilter):
    """The items of one job that came to one end; only the links of its page lead here."""

    parameter_name = "bulk"
    title = _("reenvio em etapas")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        job, state = _read(asked := request.GET.get("bulk", ""))
        if not job:
            return []
        count = BulkItem.objects.filter(job=job, state=state).count()
        return [(asked, f"#{job}: {_result(state, count)}")]

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        job, state = _read(value)
        items = BulkItem.objects.filter(job=job, state=state)
        return queryset.filter(pk__in=items.values("dead_letter_id")) if job else queryset.none()


def _read(asked: str) -> tuple[int, str]:
    """ "12-failed" as the job and the end; 0 for what is none."""
    job, _dash, state = asked.partition("-")
    id = id_in(job) if len(job) < 10 and state in BulkItemState.values else None
    return (id or 0, state if id else "")


@badge_counts.also_waiting
def halted(request: HttpRequest) -> badge_counts.Elsewhere | None:
    if not request.user.has_perm("events.view_bulkjob"):
        return None
    found = list(BulkJob.objects.filter(ended_at=None, state__in=HALTED)[:100])
    sentence = ngettext(
        "1 reenvio em etapas parou e espera você continuar ou cancelar.",
        "%(count)d reenvios em etapas pararam e esperam você continuar ou cancelar.",
        len(found),
    ) % {"count": len(found)}
    address = page_of(found[0]) if len(found) == 1 else list_of(BulkJob)
    return badge_counts.Elsewhere(sentence, address, len(found))


@admin.register(BulkJob)
class BulkJobAdmin(ActionAdmin):
    item_template = "admin/events/bulkjob/item.html"
    intro = _("Cada vez que alguém reenviou mais de um item: o que foi entregue e o que falhou de novo.")
    all_well = _(
        "Ninguém reenviou várias entregas de uma vez ainda. O andamento de cada reenvio aparece aqui."
    )
    row_actions = (PAUSE, RESUME, CANCEL, UNDO)
    list_display = ("what", "state_badge", "by", "began", "delivered", "failed")
    list_filter = (choice_filter("state", _("situação"), lambda: BulkState.choices, is_tab=True),)
    sortable_by = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return ()

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return (
            super()
            .get_queryset(request)
            .annotate(
                delivered_count=_count(BulkItemState.DELIVERED), failed_count=_count(BulkItemState.FAILED)
            )
        )

    @admin.display(description=_("Reenvio"))
    def what(self, row: BulkJob) -> str:
        return title_of(row.total)

    @admin.display(description=_("Situação"))
    def state_badge(self, row: BulkJob) -> str:
        return badges.badge(BulkState(row.state).label, TONES.get(row.state, "neutral"))

    @admin.display(description=_("Quem"))
    def by(self, row: BulkJob) -> str:
        return labels.who(row.actor)

    @admin.display(description=_("Começo"))
    def began(self, row: BulkJob) -> str:
        return dates.moment(row.created_at)

    @admin.display(description=_("Entregues"))
    def delivered(self, row: Any) -> str:
        return labels.number(row.delivered_count or 0)

    @admin.display(description=_("Falharam de novo"))
    def failed(self, row: Any) -> str:
        return labels.number(row.failed_count or 0)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Reenvios em etapas")} | (extra_context or {}))

    def crumb(self, row: Any) -> str:
        return f"{title_of(row.total)} #{row.pk}"

    def name_of(self, key: Any) -> str:
        return _now("reenvio #%s") % key

    def item_context(self, request: HttpRequest, row: BulkJob) -> dict[str, Any]:
        counts = bulk_jobs.counts_of(row)
        over = sum(count for state, count in counts.items() if state not in UNFINISHED)
        return {
            "headline": title_of(row.total),
            "state": self.state_badge(row),
            "is_moving": row.ended_at is None and row.state not in HALTED,
            "over": over,
            "results": [
                {
                    "text": _result(state, counts[state]),
                    "address": list_of(DeadLetter, f"bulk={row.pk}-{state}&status=all"),
                }
                for state in RESULTS
                if counts[state]
            ],
            "causes": self._causes(row),
            "waits": _waits(row),
            "failing": _tried_again(row),
            "stop": self._stop(row),
            "buttons": self.buttons(request, [action.name for action in _fitting(row)], row.pk),
            "stages": stages(row.total - counts[BulkItemState.OVERTAKEN]),
            "has_more": bool(counts[BulkItemState.WAITING]),
            "back": list_of(BulkJob),
        }

    def _causes(self, row: BulkJob) -> list[dict[str, Any]]:
        """By system and cause, as the newest of its items says it on its own page."""
        failed = row.items.filter(state=BulkItemState.FAILED)
        found = list(
            failed.values_list("dead_letter__service", "cause")
            .annotate(count=Count("pk"), newest=Max("dead_letter"))
            .order_by("-count", "dead_letter__service", "cause")
        )
        items = DeadLetter.objects.select_related("event").in_bulk([newest for *_key, newest in found])
        written = recipes.of_items(items.values())
        shown = []
        for service, cause, count, newest in found:
            item = items[newest]  # which may have failed otherwise since
            advice = written.of_item(item) if item.cause == cause else written.of_cause(cause)
            title = f"{labels.system(service)} · {advice.texts.title}"
            shown.append({"title": title, "count": count, "is_new": cause == row.stop_cause != NO_PERMISSION})
        return shown

    def _stop(self, row: BulkJob) -> dict[str, Any]:
        items = row.items.select_related("dead_letter")
        item = items.filter(position=row.stopped_at).first() if row.stopped_at else None
        if item is None:
            return {}
        letter = item.dead_letter
        return {
            "position": row.stopped_at,
            "is_key": row.stop_cause == NO_PERMISSION,
            "system": labels.system(letter.service),
            "cause": Recipes().of_cause(row.stop_cause).texts.title,
            "name": f"#{letter.pk}",
            "address": page_of(letter),
        }


def _waits(job: BulkJob) -> list[dict[str, Any]]:
    """The systems to which nothing goes, with how many of what was sent wait for each."""
    items = BulkItem.objects.filter(job=job, state=BulkItemState.SENT)
    sent = DeadLetter.objects.filter(pk__in=items.values("dead_letter_id"))
    counts = dict(sent.order_by().values_list("service").annotate(Count("pk")))
    return [
        {
            "breaker": breaker,
            "page": page_of(breaker),
            "text": ngettext(
                "%s entrega espera por ele e sai sozinha quando ele voltar.",
                "%s entregas esperam por ele e saem sozinhas quando ele voltar.",
                counts[breaker.pk],
            )
            % labels.number(counts[breaker.pk]),
            "address": list_of(
                DeadLetter, f"bulk={job.pk}-{BulkItemState.SENT}&status=all&service={breaker.pk}"
            ),
        }
        for breaker in CircuitBreaker.objects.filter(pk__in=counts).order_by("pk")
        if breaker.holds
    ]


def _tried_again(job: BulkJob) -> dict[str, Any]:
    """The first of those on their way that was answered with a failure, and when it is tried again."""
    holding = [breaker.pk for breaker in CircuitBreaker.objects.all() if breaker.holds]
    items = BulkItem.objects.filter(
        job=job,
        state=BulkItemState.SENT,
        dead_letter__delivery__status=DeliveryStatus.QUEUED,
        dead_letter__delivery__attempts__gt=0,
    ).exclude(dead_letter__service__in=holding)
    found = list(items.order_by("position").select_related("dead_letter__delivery")[:2])
    tried = Attempt.objects.filter(delivery=found[0].dead_letter.delivery_id).last() if found else None
    if tried is None:
        return {}
    first, delivery = found[0], found[0].dead_letter.delivery
    moved = preview.leaving_at([delivery.pk]) if delivery.service == TO_PEOPLE else {}
    due_at = moved.get(delivery.pk) or delivery.due_at
    said = {"at": dates.clock(tried.started_at), "answer": labels.error_in_words(tried.error)}
    text = _now("falhou às %(at)s (%(answer)s) e é tentado de novo agora.")
    if due_at and due_at > timezone.now():
        said["due"] = dates.clock(due_at)
        text = _now("falhou às %(at)s (%(answer)s) e tenta de novo às %(due)s.")
    return {
        "is_first": first.position == 1,
        "name": f"#{first.dead_letter_id}",
        "address": page_of(first.dead_letter),
        "text": text % said,
        "others": len(found) > 1,
    }


def _fitting(job: BulkJob) -> list[Action]:
    if job.state == BulkState.RUNNING:
        return [PAUSE, CANCEL]
    return [RESUME, CANCEL] if job.state in HALTED else []


def _count(state: str) -> Subquery:
    items = BulkItem.objects.filter(job=OuterRef("pk"), state=state).order_by().values("job")
    return Subquery(items.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
