"""Every address of the console is declared here: what it answers a Visualizador. A new one needs a line."""

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, URLPattern, reverse

from carinho.access.roles import ADMINISTRATOR, VIEWER
from events.models import DeadLetter, RejectedRequest
from monitoring.models import Alert
from tests.clients import logged_in
from tests.console import rows
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
FOR_ADMINISTRATORS = {
    "access_apikey",
    "access_webhooksender",
    "auth_group",
    "auth_user",
    "axes_accessattempt",
    "django_celery_beat_crontabschedule",
    "django_celery_beat_intervalschedule",
    "django_celery_beat_periodictask",
    "monitoring_erasure",
    "webhooks_webhooksubscription",
}
FORMS = {
    "trial",
    "find",
    "erase",
    "report",
    "add",
    "others",
    "delete",
    "rotate",
    "password_change",
    "security",
    "edit",
}  # for those who may change the rows
CLOSED = {"history"}  # Django's own record names people; ours is the audit log
PAGES = {"changelist", "daily", "weekly", "held", "contacts", "search", "contract", "runbook", "kept"}
ROW_PAGES = {"change", "text", "progress"}
ELSEWHERE = {"monitoring_person_changelist"}  # there is no list of people: they are found by the search
ONLY_BY_POST = {
    "qr",
    *("reveal", "accept", "retry", "archive", "restore", "try_now", "give_up", "reset", "pause", "resume"),
    *("run", "dry", "check", "cancel", "correct", "read_again", "dismiss", "opt_out", "allow", "revoke"),
    *("acknowledge", "snooze", "requeue", "discard", "conclude", "code", "discard_in_hub", "discard_at_zapi"),
    *("new", "take", "release", "silence", "unsilence", "note", "tag", "write", "reset_recipe"),
    *("undo", "undo_archive", "end", "escalate", "export", "save_view", "remove_view", "start", "trial"),
    *("in_group", "test", "remove", "called"),
}
LEADS_TO_ITEM = {  # a form that is opened from an item, by a bookmark
    *(
        "events_correction_new",
        "events_correction_in_group",
        "events_redirect_new",
        "events_redirect_in_group",
    ),
    *("events_rejectedrequest_correct", "sync_syncfailure_correct"),
}
ASKS_ZAPI = {"state"}
SITE = {  # what belongs to no model
    "index": 200,
    "login": 302,
    "logout": 405,
    "password_change": 200,
    "password_change_done": 200,
    "jsi18n": 200,
    "search": 200,
    "autocomplete": 404,
    "view_on_site": 404,
}


def _expected(prefix, kind):
    if kind in CLOSED:
        return {404}
    if f"{prefix}_{kind}" in ELSEWHERE | LEADS_TO_ITEM:
        return {302}
    if prefix in FOR_ADMINISTRATORS:
        return {403, 405, 302}
    if kind in FORMS:
        return {403}
    if kind in ONLY_BY_POST:
        return {405}
    if kind in ASKS_ZAPI:
        return {200, 403, 503}
    return {200, 302, 404} if kind in ROW_PAGES else {200}


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_address_of_a_model_answers_a_viewer_as_declared(model, settings):
    settings.RATE_LIMIT_PEOPLE = 10**6
    prefix = f"{model._meta.app_label}_{model._meta.model_name}"
    known = FORMS | CLOSED | PAGES | ROW_PAGES | ONLY_BY_POST | ASKS_ZAPI
    viewer, wrong = logged_in(VIEWER), []
    for pattern in admin.site._registry[model].get_urls():
        if not (isinstance(pattern, URLPattern) and pattern.name):
            continue
        kind = pattern.name.removeprefix(f"{prefix}_")
        assert kind in known, f"Declare in this file what {pattern.name} answers"
        names = list(pattern.pattern.converters)
        try:
            address = reverse(f"admin:{pattern.name}", kwargs=dict.fromkeys(names, "1") if names else None)
        except NoReverseMatch:
            address = reverse(f"admin:{pattern.name}", args=["lead_welcome"])
        status = viewer.get(address).status_code
        if status not in _expected(prefix, kind):
            wrong.append((pattern.name, status))
    assert not wrong


def test_address_of_the_console_itself_answers_as_declared():
    named = {pattern.name: pattern for pattern in admin.site.get_urls() if getattr(pattern, "name", None)}
    assert named.keys() - {"app_list"} == SITE.keys()
    client = logged_in(VIEWER)
    for name, status in SITE.items():
        args = {"view_on_site": [1, 1]}.get(name)
        assert client.get(reverse(f"admin:{name}", args=args)).status_code == status, name


@pytest.mark.parametrize("role", [VIEWER, ADMINISTRATOR])
def test_autocomplete_names_nobody(role):
    Contact.objects.create(key="5511987654321", phone="5511987654321", name=rows.NAME)
    asked = {"app_label": "whatsapp", "model_name": "sentmessage", "field_name": "contact"}
    answer = logged_in(role).get("/admin/autocomplete/", asked)
    assert answer.status_code == 404
    assert rows.NAME not in answer.content.decode()


@pytest.mark.parametrize("role", [VIEWER, ADMINISTRATOR])
def test_history_of_a_row_names_nobody(role):
    contact = Contact.objects.create(key="5511987654321", phone="5511987654321", name=rows.NAME)
    answer = logged_in(role).get(reverse("admin:whatsapp_contact_history", args=[contact.pk]))
    assert answer.status_code == 404
    assert rows.NAME not in answer.content.decode()


def test_no_row_names_a_person_by_itself():
    said = f"422: nome {rows.NAME} inválido"
    named = [
        Contact(pk=1, key="5511987654321", phone="5511987654321", name=rows.NAME),
        DeadLetter(pk=1, reason=said),
        RejectedRequest(pk=1, source="site", detail=said),
        Alert(pk=1, rule="lane_backlog", message=said),
    ]
    for row in named:
        assert not [clear for clear in rows.IN_CLEAR if clear in str(row)], type(row)
