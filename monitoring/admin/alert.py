"""Alertas: what is open and who took it on, what was resolved, and every rule with its value and limits."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console import badge_counts, dates, labels, notes, support
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import actor, page
from carinho.console.labels import number
from carinho.masking import mask
from monitoring import (
    alerts,
    checklist,
    headline,
    health,
    lasted,
    notifications,
    reached,
    runbook_page,
    snapshot,
)
from monitoring.models import Alert, Severity
from monitoring.reached import Reached
from monitoring.rule import Observation, Rule, all_rules

logger = logging.getLogger(__name__)

OPERATE = "monitoring.change_alert"
SHOWN_RESOLVED = 50
SNOOZE_OFFERED = timedelta(hours=1)
SHARED, SHARED_SECONDS = "monitoring.badges", 5
BADGES = {  # the numbers of the sidebar, by what one must be allowed to see
    "monitoring.view_alert": {"alerts", "alerts_critical"},
    "events.view_deadletter": {"open_critical"},
    "events.view_delivery": {"retrying_critical", "held_critical"},
    "events.view_rejectedrequest": {"rejected_requests"},
    "events.view_correction": {"owed_calls"},
}


ACKNOWLEDGE = Action(
    name="acknowledge",
    title=_("Assumir"),
    button=ngettext_lazy("Assumir 1 alerta", "Assumir %(count)d alertas", "count"),
    done=ngettext_lazy("O alerta é seu.", "%(count)d alertas são seus.", "count"),
    effect=_("Os outros veem que você cuida disto, e os lembretes param."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: alerts.acknowledge(ids, actor=actor),
    icon="front_hand",
    is_main=True,
)
SNOOZE = Action(
    name="snooze",
    title=_("Adiar"),
    button=ngettext_lazy("Adiar 1 alerta", "Adiar %(count)d alertas", "count"),
    done=ngettext_lazy("Alerta adiado.", "%(count)d alertas adiados.", "count"),
    effect=_("Ninguém recebe lembretes deste alerta até lá. Ele continua na lista."),
    permission=OPERATE,
    icon="snooze",
    form="admin/monitoring/snooze.html",
)


@admin.register(Alert)
class AlertAdmin(ActionAdmin):
    row_actions = (ACKNOWLEDGE, SNOOZE)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        own = [
            self.post_path("contacts/", self.contacts_view, "contacts"),
            self.post_path("runbook/", self.runbook_view, "runbook"),
        ]
        return own + super().get_urls()

    def contacts_view(self, request: HttpRequest) -> HttpResponse:
        """Contatos: whom to call, and, while it is critical, who is due already."""
        self.must_view(request)
        hub, found = health.of_page(request)
        calls = alerts.current(found, hub.now).calls
        context = {
            "contacts": support.levels(calls, hub.now),
            "systems": support.of_systems(),
            "administrators": support.administrators(),
        }
        return page(request, "admin/monitoring/contacts.html", _("Contatos: quem chamar"), **context)

    def runbook_view(self, request: HttpRequest) -> HttpResponse:
        """Runbook: what to do, by situation."""
        self.must_view(request)
        parts = runbook_page.parts()
        return page(request, "admin/monitoring/runbook.html", _("Procedimentos"), parts=parts)

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        if action is not SNOOZE:
            return super().act(request, action, ids)
        until, reason = dates.typed(request.POST.get("until", "")), request.POST.get("reason", "").strip()
        if until is None or until <= timezone.now() or not reason:
            messages.error(request, _("Diga até quando, num momento que ainda não passou, e por quê."))
            return None
        return alerts.snooze(ids, actor=actor(request), reason=reason, until=until)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        hub, found = health.of_page(request)
        now = alerts.current(found, hub.now)
        shown = [*now.open, *now.reminders]
        notified = reached.of([row for row in shown if row.pk])
        over = Alert.objects.filter(resolved_at__isnull=False).order_by("-resolved_at")
        resolved = list(over[:SHOWN_RESOLVED])
        lengths = lasted.of(resolved)
        context = {
            "here": request.get_full_path(),
            "cards": [self._card(request, row, notified.get(row.pk)) for row in shown],
            **headline.context(found, now, hub.now),
            "resolved": [{"alert": row, "lasted": lengths[row.pk]} for row in resolved],
            "rules": rule_rows(hub),
            **_of_snooze_form(),
        }
        return page(request, "admin/monitoring/alerts.html", _("Alertas"), **context)

    def item_context(self, request: HttpRequest, row: Alert) -> dict[str, Any]:
        known = reached.of([row])[row.pk]
        notified: list[tuple[Any, Any]] = [
            (
                f"{notifications.TITLES[notification.event]} {notifications.BY[notification.channel]}",
                format_html(
                    "{} {}",
                    mask(notification.recipient) or "",
                    dates.moment(notification.sent_at, notification.get_status_display()),
                ),
            )
            for notification in row.notifications.order_by("id")
        ]
        if not known.at:
            nobody = format_html(
                '{}: <a href="{}">{}</a>', _("ninguém foi avisado"), known.address, known.why
            )
            notified.insert(0, (_("Plantão"), nobody))
        return {
            "pairs": [
                (_("O que há") if row.is_open else _("O que houve"), row.sentence),
                (_("Gravidade"), row.get_severity_display()),
                (_("Desde"), dates.moment(row.opened_at)),
                *([(_("Efeitos"), " ".join(row.symptoms))] if row.symptoms else []),
                *(_open_facts(request, row) if row.is_open else _resolved_facts(request, row)),
                *notified,
            ],
            "buttons": self._buttons(request, row) if row.is_open else [],
            **_of_snooze_form(),
        }

    def _card(self, request: HttpRequest, row: Alert, notified: Reached | None) -> dict[str, Any]:
        rule = Rule.registry.get(row.rule)
        return {
            "alert": row,
            "notified": notified,
            "title": rule.title if rule else row.rule,
            "steps": rule.steps if rule else (),
            "buttons": self._buttons(request, row) if row.pk else [],
        }

    def _buttons(self, request: HttpRequest, row: Alert) -> list[dict[str, Any]]:
        names = ["snooze"] if row.acknowledged_at else ["acknowledge", "snooze"]
        return self.buttons(request, names, row.pk)


def _of_snooze_form() -> dict[str, datetime]:
    now = timezone.localtime()
    return {"now": now, "offered": now + SNOOZE_OFFERED}


def _open_facts(request: HttpRequest, row: Alert) -> list[tuple[Any, Any]]:
    """Who has it, until when nobody is reminded, and what ends it."""
    every = dates.duration(timedelta(seconds=settings.ALERT_REMINDER_SECONDS))
    reminders: Any = _("a cada %s, até alguém assumir ou adiar") % every
    if nobody := reached.nobody(row):
        reminders = _("nenhum: %s") % nobody
    elif row.acknowledged_by:
        reminders = _("param até ele fechar; se piorar, o plantão é avisado")
    elif row.snoozed_until and row.is_snoozed:
        said = {"until": dates.clock(row.snoozed_until), "every": every}
        reminders = _("param até %(until)s; depois, a cada %(every)s") % said
    settles = dates.duration(timedelta(seconds=settings.ALERT_SETTLE_SECONDS))
    ends = _("Fecha sozinho quando a causa passa e não volta em %s. Ninguém precisa fechá-lo.") % settles
    whom = render_to_string("admin/monitoring/with_whom.html", {"alert": row, "request": request})
    return [(_("Com quem está"), whom), (_("Lembretes"), reminders), (_("O que o encerra"), ends)]


def _resolved_facts(request: HttpRequest, row: Alert) -> list[tuple[Any, Any]]:
    return [
        (_("Resolvido"), dates.moment(row.resolved_at)),
        (_("Durou"), lasted.of([row])[row.pk]),
        (_("Assumido por"), labels.who(row.acknowledged_by)),
        (_("Adiado porque"), notes.about_system(row.snooze_reason, request)),
    ]


@badge_counts.counted
def badges(request: HttpRequest) -> dict[str, int]:
    """The sidebar's numbers of what the hub's health is about.

    A page that shows the health takes them from its own snapshot. The others need nothing else of one, which
    would cost them more than all the rest of the page: they share one of the last seconds, since which nobody
    has acted.
    """
    numbers = None if _shows_health(request) else badge_counts.shared(SHARED)
    if numbers is None:
        numbers = _numbers(request)
        badge_counts.share(SHARED, health.of_page(request)[0].now, numbers, SHARED_SECONDS)
    return {
        name: number
        for permission, names in BADGES.items()
        if request.user.has_perm(permission)
        for name, number in numbers.items()
        if name in names
    }


MEASURED: dict[str, Callable[[Any], int]] = {
    "open": lambda hub: hub.dead_letters["total"],
    "retrying": lambda hub: hub.retry_queue["total"],
    "held": lambda hub: hub.held["total"],
    "callbacks": lambda hub: hub.whatsapp.callbacks_failed,
    "notifications": lambda hub: sum(hub.failed_notifications.values()),
}


@badge_counts.measured
def other_badges(request: HttpRequest) -> dict[str, int]:
    """The sidebar's other numbers as far as the page's own snapshot has them: none is counted again."""
    if not _shows_health(request):
        return {}
    hub = health.of_page(request)[0].strict
    found = {}
    for name, amount in MEASURED.items():
        with suppress(snapshot.Unmeasured):
            found[name] = amount(hub)
    return found


def _shows_health(request: HttpRequest) -> bool:
    """Whether the page has a snapshot; Painel takes its own after the sidebar was made."""
    page = request.resolver_match.url_name if request.resolver_match else None
    return page is None or page == "index" or health.is_taken(request)


def _numbers(request: HttpRequest) -> dict[str, int]:
    hub, found = health.of_page(request)
    counts = found.alert_counts
    away = found.worst(("circuit_breaker", "rejects_probes", "whatsapp_disconnected"))
    return {
        "alerts": counts["total"],
        "alerts_critical": counts["critical"],
        "open_critical": found.worst(checklist.OF_ITEMS) == health.BAD,
        "retrying_critical": found.worst(("retry_queue",)) == health.BAD,
        "held_critical": away == health.BAD,
        "rejected_requests": hub.rejected_requests,
        "owed_calls": hub.owed_calls,
    }


def rule_rows(hub: snapshot.HubSnapshot) -> list[dict[str, Any]]:
    """Each rule with its value now, the worst of them where it has several, and both limits."""
    rows = []
    for rule in all_rules():
        try:
            worst = max(rule.observe(hub.strict), key=lambda observation: observation.value, default=None)
        except Exception:
            logger.exception("Rule broke", extra={"rule": rule.name})
            worst = Observation(0, "", "", shown=str(_("não medido")), severity=Severity.WARNING)
        violation = rule.judge(worst) if worst else None
        rows.append(
            {
                "rule": rule,
                "value": (worst.shown or number(worst.value)) if worst else "—",
                "url": worst.url if worst else "",
                "tone": health.TONES[violation.severity] if violation else health.GOOD,
                "warning": f"{rule.warning_on} {rule.limit_label(Severity.WARNING)}".strip(),
                "critical": rule.limit_label(Severity.CRITICAL),
                "settings": [rule.setting(severity) for severity in Severity],
            }
        )
    return rows
