"""Conectar: somebody who never saw the hub connects a system of their own by what its pages say."""

from datetime import timedelta
from html import unescape
from socket import SHUT_RDWR

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from carinho.services.cuidadores import Cuidadores
from carinho.services.errors import NotOffered, OutcomeUnknown
from events import conformance_checks
from events.admin.conformance_check import example_event
from events.flow import Flow
from events.intake import envelope
from events.models import CheckState, CircuitBreaker, ConformanceCheck
from tests import stranger
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
PAGE = "/admin/events/conformancecheck/"
DEAD = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def system():
    with stranger.running() as (url, ratings):
        yield url, ratings


@pytest.fixture
def asked(system):
    form = {
        "system": "cuidadores",
        "url": system[0],
        "key": stranger.KEY,
        "auth": "Bearer",
        "pages": "cursor",
    }
    return form | {"id_caregiver": "2"}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr(conformance_checks.app, "send_task", lambda *_, **__: None)


@pytest.fixture
def client():
    return logged_in(ADMINISTRATOR)


@pytest.fixture
def start(client):
    return lambda form: client.post(f"{PAGE}start/", form, follow=True)


@pytest.fixture
def check_of(start):
    def check(form):
        start(form)
        return conformance_checks.run_next()

    return check


def test_stranger_connects_a_system_by_what_the_pages_say(
    system, asked, client, check_of, settings, monkeypatch
):
    page = client.get(PAGE, {"system": "cuidadores"}).content.decode()
    assert "POST /api/v1/caregivers/{caregiver}/notices" in page
    assert "Número de um cuidador da cópia" in page
    yaml = client.get(f"{PAGE}contract/").content.decode()
    assert "cuidadores.notify" in yaml

    waiting = client.post(f"{PAGE}start/", asked | {"writes": "1", "sure": "1"}, follow=True)
    assert "O teste está em andamento" in waiting.content.decode()
    check = conformance_checks.run_next()
    assert check.state == CheckState.DONE
    shown = client.get(waiting.redirect_chain[-1][0]).content.decode()
    for said in (
        "As páginas vão por número",
        "O sistema não oferece esta chamada, ou não conhece o registro que foi dito.",
        "A mesma Idempotency-Key gravou duas vezes",
        "mas o hub convive com ele pelas linhas abaixo",
        "POST /api/v1/caregivers/2/ratings → id 1",
    ):
        assert said in shown
    assert "Rosa" not in shown
    assert stranger.KEY not in shown
    answers = {found["example"] for call in check.report["calls"] for found in call["differences"]} - {""}
    seen = unescape(logged_in(VIEWER, "vera").get(waiting.redirect_chain[-1][0]).content.decode())
    assert all(answer in unescape(shown) and answer not in seen for answer in answers)
    assert "As páginas vão por número" in seen

    lines = dict(line.split("=", 1) for line in check.report["settings"])
    assert lines == {
        "CUIDADORES_URL": "https://cuidadores.producao.example",
        "CUIDADORES_API_KEY": "",
        "CUIDADORES_AUTH": "Bearer",
        "CUIDADORES_PAGES": "number",
        "CUIDADORES_HONOURS_KEYS": "0",
        "CUIDADORES_LACKS": "notify",
    }
    for line in lines:
        assert line in shown
    assert "não os da cópia testada" in shown
    habits = {"url": system[0], "key": stranger.KEY, "auth": "Bearer", "pages": "number", "lacks": ["notify"]}
    settings.SYSTEMS = settings.SYSTEMS | {"cuidadores": settings.SYSTEMS["cuidadores"] | habits}
    monkeypatch.setattr(Cuidadores, "can_repeat", False)
    cuidadores = Cuidadores("k")
    assert [row["name"] for row in cuidadores.caregivers().records] == ["Rosa Prado", "Ana Lima", "Eva Dias"]
    cuidadores.rate(2, service_id=1, rating=5, comment="")
    assert system[1][-1]["rating"] == 5
    with pytest.raises(NotOffered):
        cuidadores.notify(2, type="x", text="x", data={})
    again = check_of(asked | {"pages": "number", "writes": "1", "sure": "1"})
    codes = {found["code"] for call in again.report["calls"] for found in call["differences"]}
    assert codes == {"missing", "key_ignored"}
    card = client.get("/admin/events/circuitbreaker/").content.decode()
    assert "convive, por configuração</span> neste endereço, testado <time" in card
    ConformanceCheck.objects.update(url="https://copy.test")
    assert (
        "</span> em uma cópia, testada <time" in client.get("/admin/events/circuitbreaker/").content.decode()
    )


def test_form_begins_with_the_address_of_the_last_test_and_the_pages_by_which_the_hub_asks(client):
    last = {"url": "https://copy.test", "auth": "Bearer", "pages": "number", "ids": {"caregiver": "2"}}
    ended = {"state": CheckState.FAILED, "ended_at": timezone.now()}
    ConformanceCheck.objects.create(system="cuidadores", actor="user:ana", writes=False, **last, **ended)
    page = client.get(PAGE, {"system": "cuidadores"}).content.decode()
    assert 'value="https://copy.test"' in page
    assert '<option value="Bearer" selected>' in page
    assert '<option value="cursor" selected>' in page


def test_without_the_second_yes_nothing_is_written(system, asked, start, check_of):
    before = len(system[1])
    answer = start(asked | {"writes": "1"})
    assert "confirme que o endereço é de uma cópia" in answer.content.decode()
    assert not ConformanceCheck.objects.exists()
    check = check_of(asked)
    assert {call["verdict"] for call in check.report["calls"]} == {"differs", "not_tried"}
    assert len(system[1]) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "ftp://x"}, "devia começar com https://"),
        ({"url": "http://user:pass@x"}, "sem usuário, senha nem acentos"),
        ({"url": "http://exámple.invalid"}, "sem usuário, senha nem acentos"),
        ({"key": "chavé"}, "fora do ASCII"),
        ({"url": "http://["}, "devia começar com https://"),
        ({"url": "https://x.test/api/v1/"}, "vai sem /api/v1"),
        ({"key": ""}, "a do hub não é enviada para lá"),
        ({"key": "abc\r\nX-Other: 1"}, "não pode ter quebras de linha"),
        ({"auth": "Cookie"}, "Escolha onde vai a chave"),
        ({"id_caregiver": "1/../2"}, "são números"),
        ({"id_caregiver": "١٢"}, "são números"),
    ],
)
def test_what_cannot_be_tried_is_said_and_nothing_is_sent(asked, start, change, said):
    page = unescape(start(asked | change | {"writes": "1", "sure": "1"}).content.decode())
    assert said in page
    assert not ConformanceCheck.objects.exists()
    typed = asked | change
    assert f'value="{typed["url"]}"' in page
    assert f'value="{typed["id_caregiver"]}"' in page
    assert stranger.KEY not in page
    assert page.count(" checked>") == 2


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_only_administrators_test_and_others_read(asked, role):
    client = logged_in(role)
    assert client.post(f"{PAGE}start/", asked).status_code == 403
    page = client.get(PAGE, {"system": "crm"}).content.decode()
    assert "Quem é Administrador testa" in page
    assert 'name="key"' not in page
    assert "access/apikey/add" not in page


def test_nothing_is_chosen_or_filled_in_before_somebody_does(client, settings):
    page = client.get(PAGE).content.decode()
    assert "Escolha acima o sistema" in page
    assert 'name="url"' not in page
    simulated = client.get(PAGE, {"system": "operacao"}).content.decode()
    assert settings.SIMULATOR_URL not in simulated
    own = settings.SYSTEMS["operacao"] | {"url": "https://operacao.test"}
    settings.SYSTEMS = settings.SYSTEMS | {"operacao": own}
    assert 'value="https://operacao.test"' in client.get(PAGE, {"system": "operacao"}).content.decode()


def test_page_says_what_a_developer_would_have_to_guess(client):
    page = unescape(client.get(PAGE, {"system": "operacao"}).content.decode())
    for said in (
        "X-Source-System: integracoes",
        "uma Idempotency-Key, e uma leitura, não",
        "Cada filtro pode faltar",
        "Assim o hub manda, e assim espera nas respostas",
        "o hub pede só completed",
        "até 100 números, separados por vírgula",
        "no fuso de São Paulo, os dois incluídos",
        "Registro que não existe: 404",
        "opcional",
        "momento com fuso",
        '"finished_at": "2026-01-30T10:00:00-03:00"',
        "/api/v1/schedules?contract_ids=1,999999998&limit=100",
        "--id contract=…",
        "service.completed",
        "/admin/access/apikey/add/",
        "client_id</code> <small>número inteiro, pode faltar",
        "invoice_id</code> <small>número inteiro, sempre",
        '"current_page": 1, "last_page": 3',
        "fica “sem fluxo”",
        "já veio com outros dados",
        "em “O que ela pode”, enviar eventos; em “Fala só por”, Operação",
        "/admin/access/webhooksender/",
    ):
        assert said in page
    assert page.index("3. Ver o resultado") < page.index("4. Ligar") < page.index("5. Se o sistema também")


def test_every_event_that_the_page_shows_is_one_that_the_hub_takes():
    for flow in Flow.registry.values():
        for source in flow.sources:
            assert envelope.read(example_event(flow), source=source).type == flow.type


def test_key_is_gone_once_the_check_begins_and_who_started_it_is_in_the_audit_log(asked, start):
    start(asked)
    assert ConformanceCheck.objects.get().key == stranger.KEY
    assert conformance_checks.run_next().key == ""
    entry = AuditEntry.objects.get(action="conformance.start")
    assert entry.target == "cuidadores"
    assert stranger.KEY not in str(entry.detail)


def test_system_is_tried_once_at_a_time_and_the_hub_tries_one_at_a_time(asked, start):
    start(asked)
    assert "já está sendo testado" in start(asked).content.decode()
    ConformanceCheck.objects.update(state=CheckState.RUNNING, started_at=timezone.now(), key="")
    assert start(asked | {"system": "marketing"}).status_code == 200
    assert conformance_checks.run_next() is None
    with pytest.raises(IntegrityError), transaction.atomic():
        ConformanceCheck.objects.filter(system="marketing").update(state=CheckState.RUNNING, key="")


def test_nobody_at_the_address_is_said(asked, check_of):
    check = check_of(asked | {"url": DEAD})
    assert check.state == CheckState.FAILED
    assert "Ninguém responde neste endereço" in check.error


def test_check_that_its_worker_left_ends_and_the_next_is_woken(asked, start, monkeypatch):
    woken = []
    monkeypatch.setattr(conformance_checks.app, "send_task", lambda name, **_: woken.append(name))
    start(asked)
    long_ago = timezone.now() - timedelta(hours=1)
    ConformanceCheck.objects.update(state=CheckState.RUNNING, started_at=long_ago, key="")
    start(asked | {"system": "marketing"})
    ConformanceCheck.objects.filter(system="marketing").update(created_at=long_ago)
    woken.clear()
    conformance_checks.recover()
    assert ConformanceCheck.objects.get(system="cuidadores").state == CheckState.FAILED
    assert woken == [conformance_checks.TASK]


def test_rating_whose_end_was_not_seen_goes_to_a_person_where_keys_are_ignored(settings, monkeypatch, system):
    habits = {"url": f"{system[0]}/nowhere", "auth": "Bearer", "key": stranger.KEY}
    settings.SYSTEMS = settings.SYSTEMS | {"cuidadores": settings.SYSTEMS["cuidadores"] | habits}
    monkeypatch.setattr(Cuidadores, "can_repeat", False)
    monkeypatch.setattr(stranger.Stranger, "do_POST", lambda self: self.connection.shutdown(SHUT_RDWR))
    with pytest.raises(OutcomeUnknown):
        Cuidadores("k").rate(2, service_id=1, rating=5, comment="")


def test_card_of_a_system_leads_only_administrators_to_the_contract():
    CircuitBreaker.objects.get_or_create(service="crm")
    for role, is_led in ((ADMINISTRATOR, True), (OPERATOR, False), (VIEWER, False)):
        reader = logged_in(role, role.lower())
        for address in ("/admin/events/circuitbreaker/", "/admin/events/circuitbreaker/crm/change/"):
            assert ("Testar e conectar" in reader.get(address).content.decode()) == is_led, (role, address)
        assert reader.get(PAGE).status_code == 200
