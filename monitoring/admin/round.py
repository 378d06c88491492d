"""Ronda: the checklist already answered, the note for the next shift, and the earlier rounds."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from carinho.console import dates, labels, notes
from carinho.console.actions import NOT_ALLOWED
from carinho.console.base import ConsoleAdmin, actor, id_in, list_of, page
from events.models import DeadLetter, FailureGroup, GroupState, OutageRecord
from events.recipes import Recipes
from monitoring import alerts, checklist, headline, health, rounds
from monitoring.models import Alert, Round, RoundKind
from monitoring.rule import Instruction, Rule

labels.stored_words["status"] = health.LABELS
SHOWN_ROUNDS = 20
LONGEST_NOTE = 2000
NOBODYS = (GroupState.NEW, GroupState.REGRESSED, GroupState.SEEN)


@admin.register(Round)
class RoundAdmin(ConsoleAdmin):
    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("conclude/", require_POST(self.conclude_view), "conclude"),
            self.post_path("undo/", require_POST(self.undo_view), "undo"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        due = _asked(request.GET.get("kind", ""))
        hub, found = health.of_page(request)
        now = alerts.current(found, hub.now)
        checks = checklist.answer(due.kind, hub, found)
        last = Round.objects.order_by("-done_at").first()
        context = {
            "due": due,
            "done": rounds.done(due),
            "kinds": [(kind.value, kind.label) for kind in RoundKind],
            "checks": list(_checks(checks)),
            "since": _since(last) if last else None,
            "last": last,
            **headline.context(found, now, hub.now),
            "alerts": list(_with_steps([*now.open, *now.reminders], checks)),
            "paused": [row for row in hub.breakers if row.paused_at],
            "groups": _groups_taken(),
            "has_nobodys": FailureGroup.objects.filter(state__in=NOBODYS).exists(),
            "nobodys_page": list_of(DeadLetter),
            "history": Round.objects.all()[:SHOWN_ROUNDS],
            "barred": "" if request.user.has_perm("monitoring.change_round") else NOT_ALLOWED,
            "address": reverse("admin:monitoring_round_conclude"),
        }
        return page(request, "admin/monitoring/round.html", _("Ronda"), **context)

    def conclude_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("monitoring.change_round"):
            raise PermissionDenied
        due = _asked(request.POST.get("kind", ""))
        hub, found = health.of_page(request)
        row = rounds.conclude(
            due,
            actor=actor(request),
            status=found.status,
            checks=[check.as_json() for check in checklist.answer(due.kind, hub, found)],
            note=request.POST.get("note", "").strip()[:LONGEST_NOTE],
        )
        given = {
            "text": _("Ronda concluída. Obrigado!"),
            "address": reverse("admin:monitoring_round_undo"),
            "ids": row.pk,
            "next": list_of(Round),
        }
        messages.success(request, render_to_string("admin/undo.html", given, request=request))
        return HttpResponseRedirect(list_of(Round))

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("monitoring.change_round"):
            raise PermissionDenied
        round_id = id_in(request.POST.get("ids", ""))
        if round_id is not None and rounds.undo(round_id, actor=actor(request)):
            messages.success(request, _("A ronda voltou a ficar por concluir."))
        else:
            messages.error(request, _("O minuto para desfazer já passou."))
        return HttpResponseRedirect(list_of(Round))

    def item_context(self, request: HttpRequest, row: Round) -> dict[str, Any]:
        return {
            "pairs": [
                (_("Ronda"), str(row)),
                (_("Concluída"), dates.moment(row.done_at)),
                (_("Por"), labels.who(row.done_by)),
                (_("Veredito"), health.LABELS.get(row.status, row.status)),
                *[(check["title"], f"{check['value']} ({check['limit']})") for check in row.checks],
                (_("Recado"), notes.about_system(row.note, request)),
            ]
        }

    def crumb(self, row: Any) -> str:
        return str(row)


def _checks(checks: Sequence[checklist.CheckResult]) -> Iterator[dict[str, Any]]:
    """Each, with the steps that none before it has, and what else it showed in the last round."""
    shown, said = rounds.last_shown(), list[Instruction]()
    for check in checks:
        steps = [step for step in check.instructions if step not in said]
        said += steps
        before = "" if shown.get(check.name) == check.value else shown.get(check.name, "")
        yield {
            "check": check,
            "before": before,
            "steps": steps,
            "is_said": bool(check.instructions and not steps),
        }


def _with_steps(shown: Sequence[Alert], checks: Sequence[checklist.CheckResult]) -> Iterator[dict[str, Any]]:
    """The open alerts, each with its steps; a step that a check or another alert has is said there only."""
    said = [step for check in checks for step in check.instructions]
    for alert in shown:
        rule = Rule.registry.get(alert.rule)
        steps = [step for step in rule.steps if step not in said] if rule else []
        said += steps
        yield {"alert": alert, "steps": steps}


def _groups_taken() -> list[tuple[FailureGroup, str]]:
    """Those that somebody works on, each with its name."""
    written = Recipes()
    return [
        (group, f"{labels.system(group.service)}: {written.of_group(group).texts.title}")
        for group in FailureGroup.objects.filter(state=GroupState.TAKEN)[:SHOWN_ROUNDS]
    ]


def _since(last: Round) -> list[tuple[Any, int, str]]:
    """What happened since the last round: each with its number and the page that has the rows."""
    day = f"{timezone.localtime(last.done_at):%Y-%m-%dT%H:%M}"
    opened = Alert.objects.filter(opened_at__gt=last.done_at)
    return [
        (_("alertas abertos"), opened.count(), list_of(Alert)),
        (
            _("alertas resolvidos"),
            Alert.objects.filter(resolved_at__gt=last.done_at).count(),
            list_of(Alert),
        ),
        (
            _("itens novos em Precisa de você"),
            DeadLetter.objects.filter(created_at__gt=last.done_at).count(),
            list_of(DeadLetter, f"status=all&created_at_from={day}"),
        ),
        (
            _("quedas de sistemas encerradas"),
            OutageRecord.objects.filter(ended_at__gt=last.done_at).count(),
            list_of(OutageRecord, f"ended_at_from={day}"),
        ),
    ]


def _asked(kind: str) -> rounds.Due:
    """Today's round of the kind that was asked for, or else the one that is due."""
    now = timezone.now()
    if kind in RoundKind.values:
        return rounds.Due(RoundKind(kind), timezone.localdate(now))
    return rounds.current(now)
