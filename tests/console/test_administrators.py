"""Where a page sends to an administrator, it says who that is."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from carinho.access.roles import ADMINISTRATOR, OPERATOR
from carinho.console.base import page_of
from events.models import RejectedRequest
from monitoring import alerts
from tests.clients import logged_in, person
from tests.console import rows

pytestmark = pytest.mark.django_db
LINK = '<a href="/admin/monitoring/alert/contacts/#administradores">'


@pytest.fixture
def rita():
    boss = person(ADMINISTRATOR, "chefe")
    boss.first_name, boss.last_name, boss.email = "Rita", "Lima", "rita@exemplo.com"
    boss.save()


def key_rejected():
    """CRM rejects our key for five people, and takes nothing in between."""
    for number in range(5):
        letter = rows.dead_letter(cause="no_permission", phone=f"(11) 98765-432{number}")
        rows.tried(letter.delivery, outcome="rejected")


@pytest.fixture
def newcomer(db):
    """Somebody who may log in and has no role yet."""
    client = Client()
    newcomer = User.objects.create_user("nova", password="segredo-forte", is_staff=True)
    client.force_login(newcomer, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_rejected_request_without_fields_leads_to_who_sees_it_as_it_came():
    refused = RejectedRequest.objects.create(
        source="site",
        code="invalid_json",
        detail="O corpo não é JSON.",
        status_code=400,
        body="{",
        is_proven=True,
    )
    html = logged_in(OPERATOR).get(page_of(refused)).content.decode()
    assert f"ou chame {LINK}um administrador</a>." in html
    assert f"que se possam ler: {LINK}um administrador</a> vê o texto como veio." in html


@pytest.mark.parametrize("page", ["/admin/monitoring/alert/", "/admin/monitoring/round/?kind=morning"])
def test_steps_of_an_alert_lead_to_the_administrators(page):
    key_rejected()
    alerts.evaluate()
    html = logged_in(OPERATOR).get(page).content.decode()
    assert f"Peça a {LINK}um administrador</a> para conferir a chave do sistema." in html


def test_card_of_a_system_that_rejects_our_key_leads_to_the_administrators():
    key_rejected()
    html = logged_in(OPERATOR).get("/admin/events/circuitbreaker/").content.decode()
    assert f"Peça {LINK}ao administrador</a> para conferir a chave deste sistema." in html


def test_list_of_whom_to_call_without_anybody_leads_to_the_administrators(settings):
    settings.SUPPORT_OPERATIONS = settings.SUPPORT_DEVELOPMENT = settings.SUPPORT_MANAGEMENT = ""
    html = logged_in(OPERATOR).get("/admin/monitoring/alert/contacts/").content.decode()
    assert html.count(f"Ninguém cadastrado ainda. Peça a {LINK}um administrador</a>.") == 3


def test_page_that_is_not_of_a_role_leads_to_the_administrators():
    answer = logged_in(OPERATOR).get("/admin/auth/user/")
    assert answer.status_code == 403
    assert f"Peça a {LINK}um administrador</a>." in answer.content.decode()


@pytest.mark.usefixtures("rita")
@pytest.mark.parametrize("page", ["/admin/", "/admin/events/deadletter/"])
def test_who_has_no_role_reads_the_names_since_the_page_with_them_is_closed(newcomer, page):
    html = newcomer.get(page).content.decode()
    assert "Peça a um administrador: Rita Lima, rita@exemplo.com." in html
    assert LINK not in html
