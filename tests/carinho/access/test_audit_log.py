"""The audit log: nothing is recorded that has no words, nothing changes that is not recorded."""

import pytest
from django.urls import reverse

from carinho.access import audit_log
from carinho.access.audit_log import Audited
from carinho.access.roles import ADMINISTRATOR
from tests.clients import logged_in
from whatsapp.models import Template


def test_every_action_has_words_and_is_declared_once():
    assert all(str(action.label).strip() != name for name, action in Audited.registry.items())
    with pytest.raises(ValueError, match="declared twice"):
        Audited(audit_log.REVEALED.name, "viu")


@pytest.mark.django_db
def test_text_whose_change_cannot_be_recorded_is_not_changed(monkeypatch):
    def fail(*given):
        raise RuntimeError("no audit log")

    monkeypatch.setattr(Audited, "record", fail)
    client = logged_in(ADMINISTRATOR)
    with pytest.raises(RuntimeError, match="no audit log"):
        client.post(reverse("admin:whatsapp_template_text", args=["lead_welcome"]), {"text": "Olá!"})
    assert not Template.objects.exists()
