"""A person opened a conversation in Atendimento."""

from unittest.mock import create_autospec

from carinho.services.crm import CRM, Lead
from tests.events.flows.conftest import accept_sample, outline


def stranger():
    crm = create_autospec(CRM, instance=True)
    crm.find_lead.return_value = None
    crm.create_lead.return_value = Lead(7, is_new=True)
    return crm


def test_conversation_is_a_lead_with_its_first_message_and_neither_forwarded_nor_greeted():
    assert outline(accept_sample("lead_received")) == {
        "register_lead": ("crm", ""),
        "add_interaction": ("crm", "register_lead"),
    }


def test_stranger_becomes_a_lead_of_whatsapp(run):
    ran = run("lead_received", "register_lead", stranger(), email="", name=None)
    assert ran.result == {"lead_id": 7}
    assert ran.service.create_lead.call_args.args == (
        {
            "name": "Contato do WhatsApp",
            "origin": "whatsapp",
            "phone": "5511987654321",
            "message": "Boa noite, vocês atendem aos domingos?",
        },
    )


def test_known_person_is_not_created_again(run):
    crm = create_autospec(CRM, instance=True)
    crm.find_lead.return_value = Lead(9, is_new=False)
    assert run("lead_received", "register_lead", crm).result == {"lead_id": 9}
    crm.create_lead.assert_not_called()


def test_message_is_an_interaction(run):
    ran = run("lead_received", "add_interaction", earlier={"lead_id": 7})
    lead_id, interaction = ran.service.add_interaction.call_args.args
    assert (lead_id, interaction["text"]) == (7, "Boa noite, vocês atendem aos domingos?")
    assert interaction["occurred_at"] == "2026-01-23T10:30:00-03:00"


def test_without_a_phone_it_is_only_kept():
    assert accept_sample("lead_received", phone=None).steps == []
