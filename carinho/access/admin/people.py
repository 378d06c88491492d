"""People, roles and log-in attempts: other packages' models on pages of ours."""

from http import HTTPStatus
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework_api_key.models import APIKey
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from carinho.access import account, audit_log, people, second_factor
from carinho.access.audit_log import Audited
from carinho.console import badges, dates
from carinho.console.base import ClosedAdmin, ConsoleAdmin, actor, page, page_of

ADDED = Audited("access.add", _("criou o acesso"))
CHANGED = Audited("access.change", _("mudou o acesso"))
ROLES_GIVEN = Audited("access.roles", _("mudou o papel"))
DELETED = Audited("access.delete", _("removeu o acesso"))

for model in (
    *(User, Group, APIKey),
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
        per_kind.setdefault(capfirst(title), []).append(str(right))
    return [(title, ", ".join(rights)) for title, rights in per_kind.items()]


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
