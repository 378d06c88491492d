"""Our messages as a program sees them."""

import pytest

from tests.clients import with_key
from tests.whatsapp.conftest import cancel, message_of
from whatsapp import contacts
from whatsapp.models import SentMessage

pytestmark = pytest.mark.django_db
PHONE = "5551987650002"


@pytest.fixture
def event(db):
    event = cancel(1, phone=PHONE)
    contact = contacts.find_or_make(contacts.identity(PHONE))
    SentMessage.objects.update(
        contact=contact,
        phone=PHONE,
        status="failed",
        failure="no_whatsapp",
        error="Phone number does not exist",
    )
    return event


def test_message_shows_its_status_and_why_it_failed(event):
    client = with_key("read")
    row = client.get("/api/whatsapp/messages").json()["data"][0]
    assert (row["event_id"], row["status"], row["reason"]) == (
        event.pk,
        "failed",
        "Este número não tem WhatsApp.",
    )
    assert PHONE not in str(row)
    assert client.get(f"/api/whatsapp/messages/{row['id']}").json() == row


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=failed", 1),
        ("status=read", 0),
        ("phone=555187650002", 1),
        ("phone=%2B55 51 98765-0002", 0),
        ("name=lead_welcome", 0),
    ],
)
def test_messages_are_found_by_what_is_known_of_them(event, query, count):
    assert len(with_key("read").get(f"/api/whatsapp/messages?{query}").json()["data"]) == count


def test_unknown_message_is_not_found_and_unknown_status_is_refused(event):
    client = with_key("read")
    assert client.get(f"/api/whatsapp/messages/{message_of(event).pk + 1}").status_code == 404
    assert client.get("/api/whatsapp/messages?status=flying").status_code == 422
