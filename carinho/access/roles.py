"""The three roles of the people who use the hub, and the API scopes that follow from them.

Roles are groups of Django's own permissions, so the console and the API ask the same question. They are
written again after each migration: what a role may do is decided here and nowhere else.
"""

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.db.models import Q, QuerySet
from django.db.models.signals import post_migrate

from carinho.access.scopes import Scope

VIEWER, OPERATOR, ADMINISTRATOR = "Visualizador", "Operador", "Administrador"

OUR_APPS = ("access", "events", "sync", "whatsapp", "monitoring")
ONLY_FOR_ADMINISTRATORS = {"view_apikey", "view_webhooksender"}
MAY_REVEAL = "events.reveal_event"

OPERATORS_CHANGE = {  # <app>.<model>: what a role needs "change" for, to retry, archive, edit, pause or start
    "events.deadletter",
    "events.delivery",
    "events.circuitbreaker",
    "events.rejectedrequest",
    "sync.syncjob",
    "sync.syncrun",
    "sync.syncfailure",
    "whatsapp.sentmessage",
    "monitoring.alert",
    "monitoring.notification",
    "monitoring.round",
}

SCOPE_NEEDS = {  # the permission that stands for a scope when a person uses the API in their session
    Scope.READ: "events.view_event",
    Scope.OPERATE: "events.change_deadletter",
    Scope.EVENTS: "events.add_event",
    Scope.ADMIN: "access.change_apikey",
}


def scopes_of(user: PermissionsMixin) -> frozenset[str]:
    """What a person's role lets them do with the API."""
    return frozenset(scope for scope, permission in SCOPE_NEEDS.items() if user.has_perm(permission))


def is_for_operators(permission: str) -> bool:
    """Whether operators may do what viewers may not; else only administrators may."""
    app, _dot, codename = permission.partition(".")
    action, _underscore, model = codename.partition("_")
    return permission == MAY_REVEAL or (action == "change" and f"{app}.{model}" in OPERATORS_CHANGE)


def make_roles(**_: Any) -> None:
    """Make the groups, each with exactly the permissions of its role."""
    Group.objects.get_or_create(name=VIEWER)[0].permissions.set(_views())
    Group.objects.get_or_create(name=OPERATOR)[0].permissions.set(_views() | _operations())
    Group.objects.get_or_create(name=ADMINISTRATOR)[0].permissions.set(Permission.objects.all())


def _views() -> QuerySet[Permission]:
    ours = Permission.objects.filter(content_type__app_label__in=OUR_APPS)
    return ours.filter(codename__startswith="view_").exclude(codename__in=ONLY_FOR_ADMINISTRATORS)


def _operations() -> QuerySet[Permission]:
    wanted = Q(codename=MAY_REVEAL.partition(".")[2])
    for label in sorted(OPERATORS_CHANGE):
        app, model = label.split(".")
        wanted |= Q(content_type__app_label=app, codename=f"change_{model}")
    return Permission.objects.filter(wanted)


def keep_in_step() -> None:
    """Make the roles once per migration: after the last app, when every permission exists."""
    last = [config for config in apps.get_app_configs() if config.models_module][-1]
    post_migrate.connect(make_roles, sender=last)
