"""Filters kept under a name: one's own, or for all; without what was searched."""

import pytest
from django.urls import reverse

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR, VIEWER
from carinho.console.models import SavedView
from tests.clients import logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
LIST = "/admin/events/deadletter/"
QUERY = "service=crm&cause=invalid_data"


def save(client, name="CRM, dado errado", query=QUERY, **more):
    return client.post(
        reverse("admin:events_deadletter_save_view"), {"name": name, "query": query, **more}, follow=True
    )


def shown(client, address=LIST):
    return [view.name for view in client.get(address).context["saved_views"]]


def test_filters_are_kept_in_their_list_without_what_was_searched():
    ana, bia = logged_in(OPERATOR, "ana"), logged_in(OPERATOR, "bia")
    answer = save(ana, query=f"q=Maria&p=2&{QUERY}")
    assert answer.redirect_chain[0][0] == f"{LIST}?cause=invalid_data&service=crm"
    assert SavedView.objects.get().query == "cause=invalid_data&service=crm"
    assert shown(ana) == ["CRM, dado errado"]
    assert shown(bia) == []
    assert shown(ana, "/admin/events/event/") == []


def test_view_for_all_is_offered_to_all_and_kept_in_the_audit_log():
    ana, bia, viewer = logged_in(OPERATOR, "ana"), logged_in(OPERATOR, "bia"), logged_in(VIEWER, "caio")
    save(ana, is_shared="on")
    assert shown(bia) == shown(viewer) == ["CRM, dado errado"]
    address, id = reverse("admin:events_deadletter_remove_view"), SavedView.objects.get().pk
    viewer.post(address, {"id": id})
    assert SavedView.objects.count() == 1
    bia.post(address, {"id": id})
    assert SavedView.objects.count() == 0
    assert set(AuditEntry.objects.filter(action__startswith="view.").values_list("actor", "action")) == {
        ("user:ana", "view.share"),
        ("user:bia", "view.unshare"),
    }


def test_visualizador_keeps_views_of_their_own_only():
    viewer = logged_in(VIEWER)
    save(viewer, is_shared="on")
    assert not SavedView.objects.get().is_shared


@pytest.mark.parametrize("query", ["source=" + "é" * 300, "&".join(f"a{number}=1" for number in range(400))])
def test_filters_that_are_too_long_to_keep_are_no_view_and_no_error(query):
    assert save(logged_in(OPERATOR), query=query).status_code == 200
    assert not SavedView.objects.exists()


def test_same_name_is_saved_in_place_and_no_filter_is_no_view():
    ana = logged_in(OPERATOR)
    save(ana)
    save(ana, query="service=crm")
    save(ana, name="nada", query="q=Maria")
    save(ana, name=" ")
    assert [(view.name, view.query) for view in SavedView.objects.all()] == [
        ("CRM, dado errado", "service=crm")
    ]
