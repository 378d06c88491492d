"""Schedules of the hub's tasks: another package's models on pages of ours."""

import calendar
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery.schedules import ParseException
from cron_descriptor import (  # type: ignore[import-untyped]
    FormatException,
    MissingFieldException,
    Options,
    WrongArgumentException,
    get_description,
)
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from carinho.access.admin.people import AuditedForms
from carinho.console import badges, dates, labels
from carinho.console.base import ClosedAdmin
from carinho.console.widgets import LongSelect

for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

DAYS_AND_MONTHS = {
    **{calendar.day_name[number]: name for number, name in WEEKDAYS.items()},
    **{calendar.month_name[number]: name for number, name in MONTHS.items()},
}


def _clock(crontab: CrontabSchedule) -> str:
    """`0 23 * * *` as a sentence."""
    hours = re.fullmatch(r"(\d+)-(\d+)", crontab.hour)
    if not (hours and crontab.minute.isdigit()):
        return _described(crontab, crontab.hour)
    first, last = (f"{int(hour):02}:{int(crontab.minute):02}" for hour in hours.groups())
    each_hour = _("De hora em hora, das %(first)s às %(last)s") % {"first": first, "last": last}
    return _described(crontab, hours[1]).replace(f"Às {first}", str(each_hour))


def _described(crontab: CrontabSchedule, hour: str) -> str:
    parts = (crontab.minute, hour, crontab.day_of_month, crontab.month_of_year, crontab.day_of_week)
    options = Options()
    options.locale_code, options.use_24hour_time_format = "pt_PT", True
    try:
        sentence = get_description(" ".join(parts), options)
    except (FormatException, MissingFieldException, WrongArgumentException):
        return " ".join(parts)
    for english, translated in DAYS_AND_MONTHS.items():  # it asks the computer's own language for them
        sentence = sentence.replace(english, str(translated).lower())
    return str(sentence)


def _interval(row: IntervalSchedule) -> str:
    """`600 seconds` in the largest unit that says it exactly."""
    seconds = int(row.schedule.run_every.total_seconds())
    if seconds % 86400 == 0:
        return ngettext("A cada dia", "A cada %(count)d dias", seconds // 86400) % {"count": seconds // 86400}
    if seconds % 3600 == 0:
        return ngettext("A cada hora", "A cada %(count)d horas", seconds // 3600) % {"count": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("A cada minuto", "A cada %(count)d minutos", seconds // 60) % {"count": seconds // 60}
    return ngettext("A cada segundo", "A cada %(count)d segundos", seconds) % {"count": seconds}


SAID: dict[Any, Callable[[Any], str]] = {CrontabSchedule: _clock, IntervalSchedule: _interval}

LONGEST_WAIT = timedelta(days=366 * 4)  # the 29th of February is that far away
NO_SUCH_TIME = _("Este horário não existe ou nunca chega. Confira minuto, hora, dia e mês.")


def _refuse_unless_it_comes(row: CrontabSchedule | IntervalSchedule) -> None:
    """Build the schedule as beat will. Raises `ValidationError`."""
    try:
        if not timedelta() < row.schedule.remaining_estimate(timezone.now()) < LONGEST_WAIT:
            raise ValidationError(NO_SUCH_TIME)
    except (ValueError, ParseException, OverflowError, RuntimeError):
        raise ValidationError(NO_SUCH_TIME) from None


class ScheduleForm(ModelForm):
    """Refuses in Portuguese a schedule that beat could not follow."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name, value in list(cleaned.items()):
            try:
                self._meta.model._meta.get_field(name).run_validators(value)
            except ValidationError:
                self.add_error(name, _("Este valor não é aceito aqui."))
        if not self.errors:
            _refuse_unless_it_comes(self._meta.model(**cleaned))
        return cleaned


class TaskForm(ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("crontab", "interval"):
            if row := cleaned.get(name):
                try:
                    _refuse_unless_it_comes(row)
                except ValidationError as error:
                    self.add_error(name, error)
        return cleaned


class ScheduleAdmin(AuditedForms, ClosedAdmin):
    form = ScheduleForm
    list_display: Any = ("said",)
    list_fullwidth = True

    @admin.display(description=_("Quando"))
    def said(self, row: Any) -> str:
        return SAID[type(row)](row)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        title = self.said(row) if row else ""
        request.crumb = title  # type: ignore[attr-defined]
        return super().change_view(request, object_id, form_url, {"subtitle": title} | (extra_context or {}))


@admin.register(IntervalSchedule)
class IntervalAdmin(ScheduleAdmin):
    pass


@admin.register(CrontabSchedule)
class CrontabAdmin(ScheduleAdmin):
    list_display = ("said", "timezone")
    fields = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        given = {"widget": LongSelect()} if db_field.name == "timezone" else {}
        return super().formfield_for_choice_field(db_field, request, **given | kwargs)


TASKS = {
    "celery.backend_cleanup": _("Apagar resultados antigos de tarefas"),
    "events.recover": _("Devolver o que um processo parado deixou pela metade"),
    "events.advance_bulk_jobs": _("Avançar os reenvios em etapas"),
    "events.fold_counts": _("Somar os números das horas"),
    "events.prune": _("Apagar eventos antigos"),
    "events.close_superseded": _("Fechar o que um evento mais novo já resolveu"),
    "events.send_escalations": _("Mandar os pedidos de ajuda"),
    "events.send_webhooks": _("Avisar quem assina webhooks"),
    "monitoring.erase": _("Apagar os dados de quem pediu"),
    "monitoring.seal_audit_log": _("Selar a trilha"),
    "monitoring.daily_report": _("Relatório do dia"),
    "monitoring.evaluate": _("Avaliar os alertas"),
    "monitoring.pulse": _("Sinal de vida"),
    "monitoring.sample": _("Medir as filas"),
    "monitoring.weekly_report": _("Relatório da semana"),
    "sync.prune": _("Apagar execuções antigas"),
    "sync.watch": _("Vigiar as sincronizações"),
    "whatsapp.check": _("Verificar a conexão do WhatsApp"),
    "whatsapp.prune": _("Apagar avisos antigos do Z-API"),
    "whatsapp.read_inbox": _("Ler os avisos do Z-API"),
}


def _task_title(name: str) -> str:
    """What a task does; a synchronisation by its two systems."""
    app, _dot, rest = name.partition(".")
    if app == "sync" and "_" in rest:
        return _("Sincronizar %(from)s → %(to)s") % dict(
            zip(("from", "to"), map(labels.system, rest.split("_", 1)), strict=True)
        )
    return str(TASKS.get(name, name))


@admin.register(PeriodicTask)
class TaskAdmin(AuditedForms, ClosedAdmin):
    """When each task runs. Tasks are declared in the code, not here."""

    form = TaskForm
    list_display = ("what", "schedule", "state", "last_run")
    list_select_related = ("interval", "crontab", "solar", "clocked")
    list_fullwidth = True
    search_fields = ("name",)
    ordering = ("name",)
    sortable_by = ("schedule",)
    readonly_fields = ("what", "last_run_at", "total_run_count")
    fields = (
        "what",
        "enabled",
        "interval",
        "crontab",
        "description",
        "last_run_at",
        "total_run_count",
    )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        title = _task_title(row.name) if row else ""
        request.crumb = title  # type: ignore[attr-defined]
        return super().change_view(request, object_id, form_url, {"subtitle": title} | (extra_context or {}))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field and db_field.related_model in SAID:
            field.label_from_instance = SAID[db_field.related_model]
        return field

    @admin.display(description=_("O que faz"))
    def what(self, row: PeriodicTask) -> SafeString:
        return format_html('<span title="{}">{}</span>', row.name, _task_title(row.name))

    @admin.display(description=_("Quando"))
    def schedule(self, row: PeriodicTask) -> str:
        if row.crontab:
            return _clock(row.crontab)
        return _interval(row.interval) if row.interval else "—"

    @admin.display(description=_("Situação"))
    def state(self, row: PeriodicTask) -> str:
        return (
            badges.badge(_("ligada"), "success") if row.enabled else badges.badge(_("desligada"), "warning")
        )

    @admin.display(description=_("Última vez"))
    def last_run(self, row: PeriodicTask) -> str:
        return dates.moment(row.last_run_at)

    def save_model(self, request: HttpRequest, obj: PeriodicTask, form: ModelForm, change: bool) -> None:
        """Only what was changed: beat counts in the same row, also while the form is open."""
        changed = {*form.changed_data, "date_changed", *([] if obj.enabled else ["last_run_at"])}
        obj.save(update_fields=changed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PeriodicTask | None = None) -> bool:
        return False
