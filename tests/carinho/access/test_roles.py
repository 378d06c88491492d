"""What each role may do, in the console as in the API."""

import pytest
from django.contrib.auth.models import Group, User

from carinho.access import roles
from carinho.access.scopes import Scope
from tests.clients import person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (roles.VIEWER, {Scope.READ}),
        (roles.OPERATOR, {Scope.READ, Scope.OPERATE}),
        (roles.ADMINISTRATOR, {Scope.READ, Scope.OPERATE, Scope.EVENTS, Scope.ADMIN}),
    ],
)
def test_role_has_its_scopes_and_no_others(role, scopes):
    assert roles.scopes_of(person(role)) == scopes


def test_person_without_a_role_has_no_scope():
    assert roles.scopes_of(User.objects.create_user("ninguem")) == set()


def test_viewer_changes_nothing_and_sees_no_keys():
    held = person(roles.VIEWER).get_all_permissions()
    assert "events.view_deadletter" in held
    assert all(".view_" in permission for permission in held)
    assert not any("apikey" in permission for permission in held)


def test_operator_adds_and_deletes_nothing():
    held = person(roles.OPERATOR).get_all_permissions()
    assert {"events.change_deadletter", "events.change_circuitbreaker", "events.reveal_event"} <= held
    assert not any(".add_" in permission or ".delete_" in permission for permission in held)


def test_administrator_needs_not_be_a_superuser():
    administrator = person(roles.ADMINISTRATOR)
    assert administrator.has_perms(["access.add_apikey", "auth.change_user", "events.change_deadletter"])
    assert not administrator.is_superuser


def test_roles_are_written_again_as_declared():
    group = Group.objects.get(name=roles.VIEWER)
    before = set(group.permissions.values_list("pk", flat=True))
    group.permissions.clear()
    roles.make_roles()
    assert set(group.permissions.values_list("pk", flat=True)) == before
