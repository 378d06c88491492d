"""People and roles, schedules and log-in attempts: other packages' models on pages of ours."""

import calendar
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from celery.schedules import ParseException
from cron_descriptor import (  # type: ignore[import-untyped]
    FormatException,
    MissingFieldException,
    Options,
    WrongArgumentException,
    get_description,
)
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework_api_key.models import APIKey
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from carinho.access import account, audit_log, people, second_factor
from carinho.access.audit_log import Audited
from carinho.console import badges, dates, labels
from carinho.console.base import ClosedAdmin, ConsoleAdmin, actor, page, page_of
from carinho.console.widgets import LongSelect

ADDED = Audited("access.add", _("criou o acesso"))
CHANGED = Audited("access.change", _("mudou o acesso"))
ROLES_GIVEN = Audited("access.roles", _("mudou o papel"))
DELETED = Audited("access.delete", _("removeu o acesso"))

for model in (
    *(User, Group, APIKey),
    *(ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule),
    *(AccessAttempt, AccessFailureLog, AccessLog, TOTPDevice),
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class AuditedForms:
    """Records in the audit log what is changed by a form."""

    def log_addition(self, request: HttpRequest, row: Model, message: Any) -> Any:
        _record(request, ADDED, row, message)
        return super().log_addition(request, row, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, row: Model, message: Any) -> Any:
        _record(request, CHANGED, row, message)
        return super().log_change(request, row, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for row in queryset:
            _record(request, DELETED, row, [])
        return super().log_deletions(request, queryset)  # type: ignore[misc]


def _record(request: HttpRequest, action: Audited, row: Model, message: Any) -> None:
    action.record(actor(request), f"{row._meta.model_name} {row}"[:120], {"changes": message})


def _role_names(user: User) -> list[str]:
    return sorted(Group.objects.filter(user=user).values_list("name", flat=True))


@admin.register(User)
class PeopleAdmin(AuditedForms, DjangoUserAdmin, ClosedAdmin):
    """Who may enter, and in which role. A superuser is only changed by a superuser."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "roles", "state", "seen")
    list_filter = ()
    list_fullwidth = True
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Pessoa"), {"fields": ("first_name", "last_name", "email")}),
        (_("Acesso"), {"fields": ("is_active", "groups")}),
        (_("Datas"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "password1", "password2")}),)
    change_form_before_template = "admin/access/security_link.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.security_view)
        return [path("<int:id>/security/", view, name="auth_user_security"), *super().get_urls()]

    def security_view(self, request: HttpRequest, id: int) -> HttpResponse:
        """Another person's sessions and second factor, for those who may change the person."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = get_object_or_404(User, pk=id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        is_self = person == request.user
        if request.method == "POST":
            if request.POST.get("do") == "end":
                account.end_sessions(request, person)
            elif request.POST.get("do") == "reset" and not is_self:
                second_factor.reset(person, actor=actor(request))
                messages.success(request, _("Verificação zerada: a pessoa entra só com a senha."))
            return HttpResponseRedirect(request.path)
        context = {
            "opts": self.opts,
            "back": page_of(person),
            "person": person,
            "is_self": is_self,
            "factor": second_factor.device_of(person),
            "is_required": second_factor.is_required(person),
            "sessions": account.session_rows(person, request.session.session_key),
        }
        return page(request, "admin/access/security.html", person.get_username(), **context)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """A password that somebody else made opens only the page that changes it."""
        response = super().user_change_password(request, id, form_url)
        if (
            request.method == "POST"
            and response.status_code == HTTPStatus.FOUND
            and str(request.user.pk) != id
        ):
            people.make_one_time(User.objects.get(pk=id))
        return response

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("Nome"))
    def full_name(self, row: User) -> str:
        return row.get_full_name() or "—"

    @admin.display(description=_("Papéis"))
    def roles(self, row: User) -> str:
        names = [group.name for group in row.groups.all()]
        return ", ".join([str(_("Superusuário")), *names] if row.is_superuser else names) or "—"

    @admin.display(description=_("Situação"))
    def state(self, row: User) -> str:
        return badges.badge(_("ativo"), "success") if row.is_active else badges.badge(_("desativado"))

    @admin.display(description=_("Último acesso"))
    def seen(self, row: User) -> str:
        return dates.moment(row.last_login)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may_touch = obj is None or not obj.is_superuser or bool(getattr(request.user, "is_superuser", False))
        return may_touch and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Who leaves is deactivated: the audit log keeps its authors."""
        return False

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """The audit log says which role somebody had and has, not only that it changed."""
        before = _role_names(form.instance)
        super().save_related(request, form, formsets, change)
        after = _role_names(form.instance)
        if before != after:
            detail = {"before": before, "after": after}
            ROLES_GIVEN.record(actor(request), audit_log.person(form.instance.get_username()), detail)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        ours = {
            "widget": UnfoldAdminCheckboxSelectMultipleWidget(),
            "label": _("Papel"),
            "help_text": _("Visualizador vê; Operador também age; Administrador também cuida dos acessos."),
        }
        return super().formfield_for_manytomany(db_field, request, **kwargs | ours)

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        """Everybody who is added here may enter the console; the role decides what they may do."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)
        if not change:
            people.make_one_time(obj)


@admin.register(Group)
class RolesAdmin(ConsoleAdmin):
    """The three roles, to be read: what each may do is decided in `access/roles.py`."""

    intro = _("Três papéis. O que cada um pode é decidido no programa. Quem tem qual, em Pessoas.")
    list_display = ("name", "people")
    ordering = ("-name",)
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).prefetch_related("user_set")

    def crumb(self, row: Any) -> str:
        return str(row.name)

    @admin.display(description=_("Papel"))
    def name(self, row: Group) -> str:
        return row.name

    @admin.display(description=_("Pessoas"))
    def people(self, row: Group) -> str:
        return ", ".join(sorted(user.get_username() for user in row.user_set.all())) or "—"

    def item_context(self, request: HttpRequest, row: Group) -> dict[str, Any]:
        return {"pairs": [(_("Pessoas"), self.people(row)), *_rights(row)]}


RIGHTS = {"view": _("ver"), "add": _("criar"), "change": _("mudar"), "delete": _("remover")}


def _rights(role: Group) -> list[tuple[str, str]]:
    """What a role may do, per kind of row: `Entregas: ver, mudar`."""
    per_kind: dict[str, list[str]] = {}
    for permission in role.permissions.select_related("content_type").order_by("content_type", "pk"):
        kind = permission.content_type.model_class()
        if kind is None or not admin.site.is_registered(kind):  # it has no page
            continue
        title = str(kind._meta.verbose_name_plural)
        right = RIGHTS.get(permission.codename.split("_")[0], permission.name)
        per_kind.setdefault(title.capitalize(), []).append(str(right))
    return [(title, ", ".join(rights)) for title, rights in per_kind.items()]


DAYS_AND_MONTHS = {
    **{calendar.day_name[number]: name for number, name in WEEKDAYS.items()},
    **{calendar.month_name[number]: name for number, name in MONTHS.items()},
}


def _clock(crontab: CrontabSchedule) -> str:
    """`0 23 * * *` as a sentence."""
    parts = (crontab.minute, crontab.hour, crontab.day_of_month, crontab.month_of_year, crontab.day_of_week)
    options = Options()
    options.locale_code, options.use_24hour_time_format = "pt_PT", True
    try:
        sentence = get_description(" ".join(parts), options)
    except (FormatException, MissingFieldException, WrongArgumentException):
        return " ".join(parts)
    for english, translated in DAYS_AND_MONTHS.items():  # it asks the computer's own language for them
        sentence = sentence.replace(english, str(translated))
    return str(sentence)


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
    list_fullwidth = True


@admin.register(IntervalSchedule)
class IntervalAdmin(ScheduleAdmin):
    list_display = ("__str__",)


@admin.register(CrontabSchedule)
class CrontabAdmin(ScheduleAdmin):
    list_display = ("clock", "timezone")
    fields = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        given = {"widget": LongSelect()} if db_field.name == "timezone" else {}
        return super().formfield_for_choice_field(db_field, request, **given | kwargs)

    @admin.display(description=_("Horário"))
    def clock(self, row: CrontabSchedule) -> str:
        return _clock(row)


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
        if field and db_field.name == "crontab":
            field.label_from_instance = _clock
        return field

    @admin.display(description=_("O que faz"))
    def what(self, row: PeriodicTask) -> SafeString:
        return format_html('<span title="{}">{}</span>', row.name, _task_title(row.name))

    @admin.display(description=_("Quando"))
    def schedule(self, row: PeriodicTask) -> str:
        return _clock(row.crontab) if row.crontab else str(row.interval or "—")

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


@admin.register(AccessAttempt)
class FailedLoginAdmin(ConsoleAdmin):
    all_well = _("Tudo certo: ninguém errou a senha.")
    intro = format_lazy(
        _(
            "Tentativas de entrar que falharam. Depois de {here} erros do mesmo endereço, ninguém entra de "
            "lá por {minutes} minutos; depois de {everywhere} de vários, só o navegador de sempre da pessoa "
            "ainda entra."
        ),
        here=settings.AXES_FAILURE_LIMIT,
        minutes=round(settings.AXES_COOLOFF_TIME * 60),
        everywhere=settings.LOGIN_FAILURES_OF_ACCOUNT,
    )
    list_display = ("username", "ip_address", "failures_since_start", "when")
    search_fields = ("username", "ip_address")
    sortable_by = ()

    @admin.display(description=_("Quando"))
    def when(self, row: AccessAttempt) -> str:
        return dates.moment(row.attempt_time)

    def item_context(self, request: HttpRequest, row: AccessAttempt) -> dict[str, Any]:
        return {
            "pairs": [
                (_("Usuário"), row.username),
                (_("Endereço IP"), row.ip_address),
                (_("Erros seguidos"), row.failures_since_start),
                (_("Quando"), dates.moment(row.attempt_time)),
                (_("Navegador"), row.user_agent),
            ]
        }
