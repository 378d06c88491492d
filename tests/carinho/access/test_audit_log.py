"""The audit log: nothing is recorded that has no words, nothing changes that is not recorded."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.html import strip_tags

from carinho.access import api_keys, audit_log
from carinho.access.audit_log import REVEALED, Audited
from carinho.access.models import AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from carinho.console.export import EXPORTED
from events import event_corrections, recipes
from events.intake import rejected_requests
from monitoring import rounds
from tests.clients import logged_in, person
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


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "sees"), [(VIEWER, False), (OPERATOR, False), (ADMINISTRATOR, True)])
def test_beginning_of_a_key_is_seen_by_those_who_may_see_the_keys(role, sees):
    key, _text = api_keys.create("CRM", ["read"], actor="test")
    entry = AuditEntry.objects.get(action="api_key.create")
    page = logged_in(role).get(reverse("admin:access_auditentry_change", args=[entry.pk])).content.decode()
    assert (key.prefix in page) is sees


@pytest.mark.django_db
def test_role_that_somebody_got_is_named_with_the_one_before():
    user = person(VIEWER, "vera")
    groups = Group.objects.filter(name=OPERATOR).values_list("pk", flat=True)
    form = {"username": "vera", "is_active": "on", "groups": list(groups)}
    client = logged_in(ADMINISTRATOR)
    assert client.post(reverse("admin:auth_user_change", args=[user.pk]), form).status_code == 302
    entry = AuditEntry.objects.get(action="access.roles")
    assert (entry.actor, entry.target) == ("user:ana", "user vera")
    assert entry.detail == {"before": [VIEWER], "after": [OPERATOR]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("action", "detail", "said"),
    [
        (
            recipes.WRITTEN,
            {"cause": "not_found", "before": None, "after": {"fixer": "Ana", "remedy": "rows"}},
            ["Causa O cadastro não existe no sistema", "quem resolve — Ana", "botão — Ver os itens, um a um"],
        ),
        (
            event_corrections.CORRECTED,
            {"fields": ["client_id"], "before": {"client_id": 7}, "after": {"client_id": 204}},
            ["Campos Cliente", "Cliente 7 204"],
        ),
        (
            rejected_requests.ACCEPTED,
            {"fields": ["data.utm.campaign"], "before": {}, "after": {"data.utm.campaign": "inverno"}},
            ["Campos Campanha", "Campanha — inverno"],
        ),
        (rounds.CONCLUDED, {"status": "degraded"}, ["Veredito Atenção"]),
        (REVEALED, {"page": "correction"}, ["Em que página correções"]),
        (REVEALED, {"scopes": ["read", "operate"]}, ["Permissões ver, operar"]),
    ],
)
def test_fields_and_codes_are_told_by_the_names_that_people_know(action, detail, said):
    action.record("user:ana", "x", detail)
    address = reverse("admin:access_auditentry_change", args=[AuditEntry.objects.get().pk])
    html = logged_in(ADMINISTRATOR).get(address).content.decode().partition("<details")[0]
    text = " ".join(strip_tags(html.replace("<", " <")).split())
    for sentence in said:
        assert sentence in text


@pytest.mark.django_db
def test_page_tells_what_changed_and_is_found_and_exported_by_the_words_of_an_action():
    client = logged_in(ADMINISTRATOR)
    client.post(reverse("admin:whatsapp_template_text", args=["lead_welcome"]), {"text": "Bom dia!"})
    changed = AuditEntry.objects.get()
    EXPORTED.record("user:bia", "x", {})
    page = client.get(reverse("admin:access_auditentry_change", args=[changed.pk])).content.decode()
    assert "Bom dia!" in page
    assert "<th>Antes</th><th>Depois</th>" in page
    label = str(Audited.registry[changed.action].label)
    found = client.get(reverse("admin:access_auditentry_changelist"), {"q": label}).content.decode()
    assert "bia" not in found.split("result_list")[1]
    answer = client.post(reverse("admin:access_auditentry_export", args=["csv"]) + f"?q={label}")
    written = b"".join(answer.streaming_content).decode()
    assert label in written
    assert "→ Bom dia!" in written
    assert "bia" not in written
