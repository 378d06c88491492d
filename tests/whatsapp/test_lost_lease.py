"""A process that was frozen between two calls finds its lease lost, and leaves the message to another."""

from types import SimpleNamespace

import pytest

from whatsapp import contacts, lane_hooks
from whatsapp.messages import Message
from whatsapp.models import Contact
from whatsapp.outbox import Outgoing

PHONE = "5511987654321"


class Zapi:
    """Knows every number, and the texts that it was given."""

    def __init__(self):
        self.sent = []

    def check_number(self, number):
        return {"exists": True, "registered": number, "lid": ""}

    def send(self, text, **_):
        self.sent.append(text)
        return {"zaap_id": "Z1", "message_id": "M1"}


@pytest.mark.parametrize(("seconds_left", "sent"), [(30, ["Olá, Maria"]), (-1, [])])
def test_message_is_sent_only_while_the_lease_is_held(seconds_left, sent):
    zapi = Zapi()
    claim = SimpleNamespace(seconds_left=seconds_left, in_doubt_since=None)
    outgoing = Outgoing(claim, Message("x", to=PHONE), contacts.identity(PHONE), "Olá, Maria")
    outgoing.contact = Contact(phone=PHONE, key=contacts.identity(PHONE).key)
    ran = lane_hooks._send(zapi, outgoing)
    assert zapi.sent == sent
    assert (ran.value is None) == (not sent)
    assert ran.findings["registered"] == PHONE, "what was asked is kept all the same"
