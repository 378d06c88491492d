"""Hiding a button is no permission: each POST of the console is checked on the server, for each role."""

import json

import pytest
from django.urls import reverse

from carinho.access import api_keys
from carinho.access.models import ApiKey, AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from events import bulk_jobs, operations
from events.models import RejectedRequest
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
ROLES = [VIEWER, OPERATOR, ADMINISTRATOR]
NOT_FOR_VIEWERS = {VIEWER: 403, OPERATOR: 302, ADMINISTRATOR: 302}
ONLY_FOR_ADMINISTRATORS = {VIEWER: 403, OPERATOR: 403, ADMINISTRATOR: 302}


def _retry():
    return reverse("admin:events_deadletter_retry"), {"ids": rows.dead_letter().pk}


def _archive():
    return reverse("admin:events_deadletter_archive"), {"ids": rows.dead_letter().pk, "reason": "Tratado"}


def _restore():
    dead_letter = rows.dead_letter()
    operations.archive([dead_letter.pk], actor="test")
    return reverse("admin:events_deadletter_restore"), {"ids": dead_letter.pk}


def _retry_many():
    ids = f"{rows.dead_letter().pk},{rows.dead_letter().pk}"
    return reverse("admin:events_deadletter_retry"), {"ids": ids}


def _bulk(verb):
    def make():
        job = bulk_jobs.start_retry([rows.dead_letter().pk, rows.dead_letter().pk], "user:ana")
        if verb == "resume":
            bulk_jobs.pause([job.pk], actor="user:ana")
        return reverse(f"admin:events_bulkjob_{verb}"), {"ids": job.pk}

    return make


def _undo_archive():
    dead_letter = rows.dead_letter()
    operations.archive([dead_letter.pk], actor="user:ana")
    return reverse("admin:events_deadletter_undo_archive"), {"ids": dead_letter.pk}


def _try_now():
    return reverse("admin:events_delivery_try_now"), {"ids": rows.retrying().pk}


def _give_up():
    return reverse("admin:events_delivery_give_up"), {"ids": rows.retrying().pk}


def _system(verb):
    def make():
        rows.down("crm")
        return reverse(f"admin:events_circuitbreaker_{verb}"), {"ids": "crm"}

    return make


def _accept():
    body = {"type": "lead.created", "id": "x", "data": {"name": rows.NAME, "phone": rows.PHONE}}
    rejected = RejectedRequest.objects.create(
        source="site",
        code="unknown_type",
        detail="?",
        status_code=422,
        is_proven=True,
        body=json.dumps(body),
    )
    return reverse("admin:events_rejectedrequest_accept", args=[rejected.pk]), {}


def _revoke():
    return reverse("admin:access_apikey_revoke"), {
        "ids": api_keys.create("CRM", ["read"], actor="test")[0].prefix
    }


def _user():
    return reverse("admin:auth_user_add"), {
        "username": "novo",
        "password1": "uma-senha-forte",
        "password2": "uma-senha-forte",
    }


MATRIX = {
    "retry": (_retry, NOT_FOR_VIEWERS),
    "retry many": (_retry_many, NOT_FOR_VIEWERS),
    "pause bulk": (_bulk("pause"), NOT_FOR_VIEWERS),
    "resume bulk": (_bulk("resume"), NOT_FOR_VIEWERS),
    "cancel bulk": (_bulk("cancel"), NOT_FOR_VIEWERS),
    "undo bulk": (_bulk("undo"), NOT_FOR_VIEWERS),
    "undo archive": (_undo_archive, NOT_FOR_VIEWERS),
    "archive": (_archive, NOT_FOR_VIEWERS),
    "restore": (_restore, NOT_FOR_VIEWERS),
    "try now": (_try_now, NOT_FOR_VIEWERS),
    "give up": (_give_up, NOT_FOR_VIEWERS),
    "reset": (_system("reset"), NOT_FOR_VIEWERS),
    "pause": (_system("pause"), NOT_FOR_VIEWERS),
    "resume": (_system("resume"), NOT_FOR_VIEWERS),
    "trial": (_system("try_now"), NOT_FOR_VIEWERS),
    "accept": (_accept, NOT_FOR_VIEWERS),
    "revoke": (_revoke, ONLY_FOR_ADMINISTRATORS),
    "user": (_user, ONLY_FOR_ADMINISTRATORS),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("gesture", MATRIX)
def test_each_role_may_do_what_it_may(gesture, role):
    make, expected = MATRIX[gesture]
    address, form = make()
    before = AuditEntry.objects.count()
    response = logged_in(role).post(address, form)
    assert response.status_code == expected[role]
    assert (AuditEntry.objects.count() > before) is (expected[role] == 302)


@pytest.mark.parametrize("gesture", MATRIX)
def test_who_is_not_logged_in_is_sent_to_the_log_in(client, gesture):
    address, form = MATRIX[gesture][0]()
    response = client.post(address, form)
    assert response.status_code == 302
    assert response.url.startswith(reverse("admin:login"))


@pytest.mark.parametrize("gesture", [gesture for gesture in MATRIX if gesture != "user"])
def test_a_get_changes_nothing(gesture):
    address, form = MATRIX[gesture][0]()
    assert logged_in(ADMINISTRATOR).get(address, form).status_code == 405


def test_without_a_csrf_token_nothing_is_done():
    address, form = _retry()
    assert logged_in(OPERATOR, enforce_csrf_checks=True).post(address, form).status_code == 403


@pytest.mark.parametrize(("role", "status"), [(VIEWER, 403), (OPERATOR, 200), (ADMINISTRATOR, 200)])
def test_a_persons_data_is_shown_to_those_who_may_and_the_click_is_logged(role, status):
    dead_letter = rows.dead_letter()
    response = logged_in(role).post(reverse("admin:events_deadletter_reveal", args=[dead_letter.pk]))
    assert response.status_code == status
    shown = rows.NAME in response.content.decode()
    assert shown is (status == 200)
    logged = AuditEntry.objects.filter(
        action="person.revealed", target=f"event {dead_letter.event_id}", actor="user:ana"
    )
    assert logged.exists() is shown
    if shown:
        assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_api_keys_and_people_are_for_administrators(role):
    browser = logged_in(role)
    for name in ("access_apikey_changelist", "access_apikey_add", "auth_user_changelist", "auth_user_add"):
        assert browser.get(reverse(f"admin:{name}")).status_code == 403


@pytest.mark.parametrize(("role", "status"), [(VIEWER, 403), (OPERATOR, 403), (ADMINISTRATOR, 200)])
def test_a_key_is_made_and_rotated_by_administrators_and_shown_once(role, status):
    old, _text = api_keys.create("CRM", ["read"], actor="test")
    browser = logged_in(role)
    made = browser.post(reverse("admin:access_apikey_add"), {"name": "Site", "scopes": ["events"]})
    rotated = browser.post(reverse("admin:access_apikey_rotate", args=[old.prefix]))
    assert (made.status_code, rotated.status_code) == (status, status)
    assert ApiKey.objects.count() == (3 if status == 200 else 1)
    if status == 200:
        new = ApiKey.objects.get(name="Site")
        assert f"{new.prefix}." in made.content.decode()
        assert (
            f"{new.prefix}."
            not in browser.get(reverse("admin:access_apikey_change", args=[new.prefix])).content.decode()
        )


@pytest.mark.parametrize("password", ["1", "curta-9cc", "1234567890123", "password123", "beatriz.lima"])
def test_password_that_is_guessed_is_refused(django_user_model, password):
    form = {"username": "beatriz.lima", "password1": password, "password2": password}
    assert logged_in(ADMINISTRATOR).post(reverse("admin:auth_user_add"), form).status_code == 200
    assert not django_user_model.objects.filter(username="beatriz.lima").exists()


def test_an_administrator_does_not_touch_a_superuser(django_user_model):
    boss = django_user_model.objects.create_superuser("raiz")
    browser = logged_in(ADMINISTRATOR)
    address = reverse("admin:auth_user_change", args=[boss.pk])
    assert browser.post(address, {"username": "raiz", "is_active": ""}).status_code == 403
    boss.refresh_from_db()
    assert boss.is_active


def test_rows_are_neither_added_nor_edited_nor_deleted_by_hand():
    dead_letter = rows.dead_letter()
    browser = logged_in(ADMINISTRATOR)
    for model, key in (
        ("deadletter", dead_letter.pk),
        ("event", dead_letter.event_id),
        ("delivery", dead_letter.delivery_id),
    ):
        assert browser.get(reverse(f"admin:events_{model}_add")).status_code == 403
        assert (
            browser.post(reverse(f"admin:events_{model}_delete", args=[key]), {"post": "yes"}).status_code
            == 403
        )


def test_what_is_refused_or_missing_is_said_in_portuguese():
    browser = logged_in(OPERATOR)
    refused = browser.get(reverse("admin:auth_user_changelist"))
    missing = browser.get("/admin/nao-existe/")
    assert "Esta página não é do seu papel" in refused.content.decode()
    assert (missing.status_code, "Esta página não existe" in missing.content.decode()) == (404, True)
    late = logged_in(OPERATOR, "bia", enforce_csrf_checks=True).post(*_retry())
    assert "A página ficou aberta tempo demais" in late.content.decode()


@pytest.mark.parametrize(
    "body", ['{"data": {"name": "Maria Aparecida', "Maria Aparecida quer cuidadora", "[" * 9000]
)
def test_rejected_body_that_is_not_whole_json_is_hidden_until_it_is_asked_for(body):
    row = RejectedRequest.objects.create(
        source="site", code="invalid_json", detail="?", status_code=400, is_proven=True, body=body
    )
    address = reverse("admin:events_rejectedrequest_change", args=[row.pk])
    page = logged_in(OPERATOR).get(address).content.decode()
    assert "Aparecida" not in page
    assert "[[[[" not in page
