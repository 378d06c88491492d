from datetime import timedelta

import pytest

from carinho.services.crm import CRM, Lead
from events.flow import find_step
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline
from whatsapp.messages import Category, Message

PHONE = "5511987654321"


class KnownTo(CRM):
    """CRM that knows one lead or nobody."""

    def __init__(self, lead=None):
        self.lead = lead
        self.created = []

    def find_lead(self, *, phone="", lid=""):
        self.asked = {"phone": phone, "lid": lid}
        return self.lead

    def create_lead(self, details):
        self.created.append(details)
        return Lead(513, is_new=True)


def test_new_lead_is_registered_greeted_and_attributed():
    assert outline(accept_sample("lead.created")) == {
        "register_lead": ("crm", ""),
        "send_welcome": ("whatsapp", ""),
        "attribute_campaign": ("marketing", "register_lead"),
    }
    assert find_step("lead.created", "send_welcome").useful == timedelta(hours=24)


@pytest.mark.parametrize(
    "utm", [None, {}, [], "", {"source": "google"}, {"campaign": ""}, {"campaign": None}]
)
def test_lead_without_a_campaign_is_not_attributed(utm):
    assert list(outline(accept_sample("lead.created", utm=utm))) == ["register_lead", "send_welcome"]


def test_fields_of_a_form_that_nobody_filled_in_do_no_harm():
    accepted = accept_sample("lead.created", email="", message="  ", city="")
    assert not {"email", "message", "city"} & set(accepted.data)


def test_phone_is_stored_in_one_form_beside_what_was_typed():
    accepted = accept_sample("lead.created")
    assert accepted.data["phone"] == accepted.phone == PHONE
    assert accepted.as_sent == {"phone": "(11) 98765-4321"}
    assert accepted.subject == f"phone:{PHONE}"


def test_known_lead_is_not_created_again(run):
    ran = run("lead.created", "register_lead", KnownTo(Lead(512, is_new=False)))
    assert ran.result == {"lead_id": 512}
    assert ran.service.asked == {"phone": PHONE, "lid": ""}
    assert ran.service.created == []


def test_unknown_lead_of_the_site_is_created_with_what_the_form_said(run):
    ran = run("lead.created", "register_lead", KnownTo())
    assert ran.result == {"lead_id": 513}
    assert ran.service.created == [
        {
            "name": "Helena Prado",
            "phone": PHONE,
            "email": "helena.prado@example.com",
            "message": "Procuro cuidadora para a minha mãe, de segunda a sexta.",
            "city": "São Paulo",
            "utm": {
                "source": "google",
                "medium": "cpc",
                "campaign": "cuidado-em-casa",
                "term": "cuidadora de idosos",
                "content": "anuncio-2",
            },
            "origin": "site",
        }
    ]


@pytest.mark.parametrize(("source", "origin"), [("whatsapp", "whatsapp"), ("site", "site"), ("api", "site")])
def test_origin_of_a_lead_is_site_or_whatsapp(run, source, origin):
    ran = run("lead.created", "register_lead", KnownTo(), source=source)
    assert ran.service.created[0]["origin"] == origin


def test_lead_is_greeted_by_the_first_name(run):
    ran = run("lead.created", "send_welcome")
    assert ran.result == Message("lead_welcome", to=PHONE, category=Category.ANSWER, greeting="Olá, Helena")


def test_lead_whose_number_whatsapp_hides_is_found_and_greeted_by_its_lid(run):
    hidden = {"phone": None, "lid": "81@lid", "source": "whatsapp"}
    registered = run("lead.created", "register_lead", KnownTo(), **hidden)
    assert registered.service.asked == {"phone": "", "lid": "81@lid"}
    assert registered.service.created[0]["lid"] == "81@lid"
    assert run("lead.created", "send_welcome", **hidden).result.to == "81@lid"


def test_campaign_gets_the_lead_that_was_registered(run):
    ran = run("lead.created", "attribute_campaign", earlier={"lead_id": 512})
    lead_id, utm = ran.service.attribute.call_args.args
    assert (lead_id, utm["campaign"]) == (512, "cuidado-em-casa")


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "data.name", "Não pode ficar vazio."),
        ({"name": None}, "data.name", "Campo obrigatório."),
        ({"phone": None}, "data.phone", "Campo obrigatório."),
        ({"phone": ""}, "data.phone", "Campo obrigatório."),
        ({"utm": "google"}, "data.utm", "Deve ser um objeto com campos."),
        ({"email": ["x"]}, "data.email", "Deve ser um texto."),
    ],
)
def test_wrong_field_is_named(changes, field, sentence):
    with pytest.raises(RequestRejected) as refused:
        accept_sample("lead.created", **changes)
    assert refused.value.fields == {field: sentence}


def test_number_that_is_no_telephone_is_explained():
    with pytest.raises(RequestRejected) as refused:
        accept_sample("lead.created", phone="12345")
    assert "DDD" in refused.value.fields["data.phone"]
