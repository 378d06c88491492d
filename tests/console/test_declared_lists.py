"""A list answers what it declares, and nothing else: neither an oracle nor a slow query."""

import pytest
from django.contrib import admin
from django.urls import reverse

from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.clients import logged_in
from tests.console import rows
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
UNDECLARED = [
    "pk__regex=^1",
    "id__in=1,2",
    "_facets=1",
    "_popup=1",
    "_to_field=id",
    "all=",
    "unknown=1",
    "pk__startswith=1",
]
LISTS = [
    (model, reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
    for model, model_admin in admin.site._registry.items()
]


@pytest.mark.parametrize(("model", "address"), LISTS, ids=[model._meta.label for model, _ in LISTS])
def test_list_refuses_each_lookup_that_it_does_not_declare(model, address):
    client = logged_in(ADMINISTRATOR)
    client.raise_request_exception = False
    plain = client.get(address)
    if not (plain.context and plain.context.get("cl")):  # a page of its own, which reads no lookup
        return
    assert {query: client.get(f"{address}?{query}").status_code for query in UNDECLARED} == dict.fromkeys(
        UNDECLARED, 400
    )


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("events_rejectedrequest", "body__regex=(a%2B)%2B$"),
        ("events_deadletter", "event__data__email__startswith=m"),
        ("events_delivery", "event__phone__startswith=55"),
        ("whatsapp_sentmessage", "contact__name__startswith=M"),
        ("whatsapp_contact", "name__startswith=M"),
        ("access_apikey", "hashed_key__startswith=a"),
        ("auth_user", "password__startswith=a"),
        ("auth_user", "is_superuser__exact=1"),
        ("events_event", "o=1"),
    ],
)
def test_lookup_of_a_masked_or_long_value_is_refused(name, query):
    assert logged_in(ADMINISTRATOR).get(reverse(f"admin:{name}_changelist") + f"?{query}").status_code == 400


def _finds(role, term):
    address = reverse("admin:events_deadletter_changelist")
    name = role.lower()
    return logged_in(role, name).get(address, {"q": term}).context["cl"].result_count


@pytest.mark.parametrize("term", ["Maria", "maria aparecida", "8765-4321", "98765-4321"])
def test_viewer_finds_nobody_by_a_part_of_their_data(term):
    rows.dead_letter()
    assert (_finds(OPERATOR, term), _finds(VIEWER, term)) == (1, 0)


@pytest.mark.parametrize("term", [rows.NAME, rows.NAME.lower(), rows.PHONE, "+55 11 98765-4321"])
def test_viewer_finds_a_person_by_the_whole_value(term):
    rows.dead_letter()
    assert _finds(VIEWER, term) == 1


def test_messages_of_one_contact_are_listed_from_their_page():
    contact = Contact.objects.create(key="5511987654321", phone="5511987654321")
    client = logged_in(VIEWER)
    page = client.get(reverse("admin:whatsapp_contact_change", args=[contact.pk])).content.decode()
    address = f"{reverse('admin:whatsapp_sentmessage_changelist')}?contact={contact.pk}"
    assert address in page
    assert client.get(address).status_code == 200
    assert client.get(f"{address}99999999999999999999").status_code == 200


def test_empty_list_says_what_would_be_in_it_and_a_filtered_one_that_it_is_filtered():
    client = logged_in(ADMINISTRATOR)
    silent = {}
    for model, address in LISTS:
        page = client.get(address)
        changelist = (page.context or {}).get("cl")
        if changelist and not changelist.result_count:
            silent[model._meta.label] = "Ainda não há nada aqui." in page.content.decode()
    assert not [label for label, is_silent in silent.items() if is_silent]
    retrying = client.get(reverse("admin:events_delivery_changelist") + "?queue=retrying")
    assert "nada espera outra tentativa" in retrying.content.decode()
    filtered = client.get(reverse("admin:events_event_changelist") + "?status=failed").content.decode()
    assert "Nada aqui com esta busca ou estes filtros." in filtered
