from unittest.mock import create_autospec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carinho.services.crm import CRM, Lead
from carinho.services.errors import Rejected
from events.flow import StepEvent, find_step
from events.intake import envelope
from events.intake.envelope import RequestRejected
from tests.events.flows.conftest import accept_sample, outline

MESSAGE_ID = "3EB0C5A277F7F9B6C599"
LID, PHONE = "81896604192873@lid", "5521998765432"


@pytest.fixture
def crm():
    """CRM that knows nobody and makes lead 900 of who is new."""
    crm = create_autospec(CRM, instance=True)
    crm.find_lead.return_value = None
    crm.create_lead.return_value = Lead(900, is_new=True)
    return crm


def test_message_identifies_its_contact_and_reaches_atendimento():
    accepted = accept_sample("whatsapp.inbound")
    assert outline(accepted) == {
        "identify_contact": ("crm", ""),
        "add_interaction": ("crm", "identify_contact"),
        "forward_message": ("atendimento", ""),
    }
    assert accepted.subject == f"contact:{LID}"


def test_unknown_contact_becomes_a_lead(run, crm):
    ran = run("whatsapp.inbound", "identify_contact", crm)
    assert ran.result == {"lead_id": 900}
    crm.find_lead.assert_called_once_with(lid=LID, phone=PHONE)
    crm.create_lead.assert_called_once_with(
        {
            "name": "Otávio Lins",
            "phone": PHONE,
            "lid": LID,
            "message": "Bom dia! Vocês atendem em Niterói?",
            "origin": "whatsapp",
            "first_message_id": MESSAGE_ID,
        }
    )
    crm.update_lead.assert_not_called()


def test_new_contact_is_also_a_new_lead_once(run, crm):
    (emission,) = run("whatsapp.inbound", "identify_contact", crm).event.emitted
    assert (emission.type, emission.source, emission.key) == (
        "lead.created",
        "whatsapp",
        f"whatsapp-lead-{LID}",
    )
    assert emission.data == {
        "name": "Otávio Lins",
        "phone": PHONE,
        "lid": LID,
        "message": "Bom dia! Vocês atendem em Niterói?",
    }


def test_lead_that_this_message_made_in_an_attempt_whose_end_was_lost_is_still_new(run, crm):
    crm.find_lead.return_value = Lead(900, is_new=False, phone=PHONE, lid=LID, first_message_id=MESSAGE_ID)
    assert len(run("whatsapp.inbound", "identify_contact", crm).event.emitted) == 1
    crm.create_lead.assert_not_called()


@pytest.mark.parametrize("first_message_id", ["", "another"])
def test_known_contact_is_no_new_lead(run, crm, first_message_id):
    known = Lead(512, is_new=False, phone=PHONE, lid=LID, first_message_id=first_message_id)
    crm.find_lead.return_value = known
    ran = run("whatsapp.inbound", "identify_contact", crm)
    assert (ran.result, ran.event.emitted) == ({"lead_id": 512}, [])
    crm.create_lead.assert_not_called()
    crm.update_lead.assert_not_called()


def test_lead_that_crm_made_meanwhile_is_no_new_lead(run, crm):
    crm.create_lead.return_value = Lead(512, is_new=False)
    assert run("whatsapp.inbound", "identify_contact", crm).event.emitted == []


def test_crm_learns_the_lid_of_a_lead_known_by_phone(run, crm):
    crm.find_lead.return_value = Lead(512, is_new=False, phone=PHONE)
    run("whatsapp.inbound", "identify_contact", crm)
    crm.update_lead.assert_called_once_with(512, {"lid": LID})


def test_phone_that_belongs_to_another_lead_stops_nothing(run, crm):
    crm.find_lead.return_value = Lead(512, is_new=False, lid=LID)
    crm.update_lead.side_effect = Rejected("Phone already exists", status=409)
    assert run("whatsapp.inbound", "identify_contact", crm).result == {"lead_id": 512}
    crm.update_lead.side_effect = Rejected("Invalid phone number", status=422)
    with pytest.raises(Rejected):
        run("whatsapp.inbound", "identify_contact", crm)


def test_contact_without_number_name_and_text_is_a_lead_too(run, crm):
    hidden = {
        "phone": None,
        "name": "",
        "text": "",
        "kind": "audio",
        "media_url": "https://files.example/a.ogg",
    }
    ran = run("whatsapp.inbound", "identify_contact", crm, **hidden)
    crm.find_lead.assert_called_once_with(lid=LID, phone="")
    assert ran.event.emitted[0].data == {"name": "Contato do WhatsApp", "lid": LID}


def test_interaction_belongs_to_the_lead_that_was_identified(run):
    ran = run("whatsapp.inbound", "add_interaction", earlier={"lead_id": 512})
    ran.service.add_interaction.assert_called_once_with(
        512,
        {
            "channel": "whatsapp",
            "direction": "inbound",
            "occurred_at": "2026-01-23T10:41:07-03:00",
            "message_id": MESSAGE_ID,
            "kind": "text",
            "text": "Bom dia! Vocês atendem em Niterói?",
        },
    )


def test_atendimento_gets_the_message_and_its_sender(run):
    run("whatsapp.inbound", "forward_message").service.forward_message.assert_called_once_with(
        {
            "channel": "whatsapp",
            "received_at": "2026-01-23T10:41:07-03:00",
            "contact": LID,
            "phone": PHONE,
            "lid": LID,
            "name": "Otávio Lins",
            "message_id": MESSAGE_ID,
            "kind": "text",
            "text": "Bom dia! Vocês atendem em Niterói?",
        }
    )


def test_contact_is_the_lid_or_the_phone():
    accepted = accept_sample("whatsapp.inbound", lid=None, contact=PHONE)
    assert accepted.subject == f"contact:{PHONE}"
    with pytest.raises(RequestRejected) as refused:
        accept_sample("whatsapp.inbound", contact="somebody")
    assert refused.value.fields == {"data.contact": "Deve ser o lid ou o telefone do contato."}


@given(
    name=st.text(max_size=200),
    text=st.text(max_size=5000) | st.just("x" * 60_000),
    phone=st.sampled_from([None, PHONE, "+351912345678"]),
)
def test_whatever_is_accepted_can_become_a_lead(name, text, phone):
    crm = create_autospec(CRM, instance=True)
    crm.find_lead.return_value, crm.create_lead.return_value = None, Lead(900, is_new=True)
    try:
        accepted = accept_sample("whatsapp.inbound", name=name, text=text, phone=phone)
    except RequestRejected:
        return
    event = StepEvent(1, accepted.type, accepted.source, accepted.occurred_at, accepted.data)
    find_step("whatsapp.inbound", "identify_contact").run(crm, event)
    (emission,) = event.emitted
    lead = {"type": emission.type, "id": emission.key, "data": emission.data}
    assert envelope.read(lead, source=emission.source).steps
