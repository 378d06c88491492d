"""What `manage.py check` says of settings that cannot work, and --deploy of what is made for trying out."""

import pytest
import yaml
from django.core.checks import run_checks

from carinho.access import bootstrap, secret_fingerprints
from carinho.access.models import SecretFingerprint
from carinho.embedded.processes import ROOT

pytestmark = pytest.mark.django_db


def found(**options):
    return {message.id: message.msg for message in run_checks(**options) if message.id.startswith("carinho.")}


@pytest.fixture
def real(settings, tmp_path):
    settings.SYSTEMS = {
        name: system | {"url": f"https://{name}.test", "key": "k"}
        for name, system in settings.SYSTEMS.items()
    }
    settings.ZAPI = settings.ZAPI | {"url": "https://api.z-api.test", "token": "t"}
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECOND_FACTOR_REQUIRED = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.DEMO = False
    settings.ALLOWED_HOSTS, settings.HUB_URL = ["hub.example", "127.0.0.1"], "https://hub.example"
    settings.ALERT_EMAILS, settings.VAR_DIR = ["plantao@carinho.example"], tmp_path
    return settings


def test_hub_with_real_systems_tls_and_no_demo_may_be_deployed(real):
    assert found(include_deployment_checks=True) == {}


def test_systems_that_are_simulated_are_named(real):
    real.SYSTEMS["crm"] |= {"url": f"{real.SIMULATOR_URL}/crm", "key": "simulator"}
    real.ZAPI = real.ZAPI | {"url": f"{real.SIMULATOR_URL}/zapi", "token": "simulator"}
    (sentence,) = found(include_deployment_checks=True).values()
    assert "o que é de crm, whatsapp:" in sentence


def test_cookies_without_tls_a_demo_and_a_password_alone_are_named(real):
    real.SESSION_COOKIE_SECURE = real.SECOND_FACTOR_REQUIRED = False
    real.DEMO = True
    assert set(found(include_deployment_checks=True)) == {"carinho.E002", "carinho.E003", "carinho.W005"}


def test_proxy_that_nobody_declared_is_named(real):
    real.SECURE_PROXY_SSL_HEADER = None
    assert set(found(include_deployment_checks=True)) == {"carinho.W006"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALLOWED_HOSTS", ["localhost", "127.0.0.1"], "W007 ALLOWED_HOSTS só tem esta máquina"),
        ("ALLOWED_HOSTS", ["*"], "W007 ALLOWED_HOSTS aceita qualquer nome"),
        ("HUB_URL", "http://localhost:8000", "W007 HUB_URL é esta máquina"),
        ("ALERT_EMAILS", [], "W008 Quem não olha o console"),
        ("ALERT_WEBHOOK_URL", "http://10.0.0.8/alerts", "W009 ALERT_WEBHOOK_URL fica numa rede privada"),
    ],
)
def test_what_an_administrator_forgot_is_one_sentence(real, name, value, said):
    setattr(real, name, value)
    ((id, sentence),) = found(include_deployment_checks=True).items()
    assert f"{id.removeprefix('carinho.')} {sentence}".startswith(said)


def test_folder_that_others_may_look_into_is_named(real):
    real.VAR_DIR.chmod(0o755)
    assert set(found(include_deployment_checks=True)) == {"carinho.W010"}
    real.VAR_DIR.chmod(0o711)  # as PostgreSQL's account needs it
    assert found(include_deployment_checks=True) == {}


def test_secret_that_another_container_has_otherwise_is_named_and_not_shown(real, caplog):
    secret_fingerprints.keep()
    assert found(include_deployment_checks=True) == {}
    real.ZAPI = real.ZAPI | {"client_token": "other"}
    sentence = "Outro processo desta instalação tem valor diferente em {}."
    assert found(include_deployment_checks=True) == {"carinho.E007": sentence.format("ZAPI_CLIENT_TOKEN")}
    real.SECRET_KEY = "a key that only this container has"
    assert found(include_deployment_checks=True) == {"carinho.E007": sentence.format("SECRET_KEY")}
    secret_fingerprints.log_differing()
    assert [(record.levelname, record.settings) for record in caplog.records] == [("ERROR", ["SECRET_KEY"])]
    kept = {digest for row in SecretFingerprint.objects.all() for digest in (row.name, row.digest)}
    assert kept.isdisjoint({real.SECRET_KEY, "other", "t", "k"})
    bootstrap.run()
    assert found(include_deployment_checks=True) == {}


def test_settings_of_the_server_leave_django_nothing_to_warn_of(real):
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["x-hub"]["environment"]
    given = {name: text.split(":-")[1].rstrip("}") for name, text in compose.items() if ":-" in text}
    real.SECURE_SSL_REDIRECT, real.SECURE_HSTS_SECONDS = (
        given["HTTPS_REDIRECT"] == "1",
        int(given["HSTS_SECONDS"]),
    )
    assert (given["BEHIND_PROXY"], given["COOKIES_SECURE"], given["DEMO"]) == ("1", "1", "0")
    real.SECRET_KEY = "a1b2c3d4e5" * 6
    messages = run_checks(include_deployment_checks=True)
    assert [message.msg for message in messages if not message.is_silenced()] == []


def test_defaults_are_fine_where_nothing_is_deployed():
    assert found() == {}


def test_worker_with_fewer_slots_than_lanes_need_is_said(settings):
    settings.CELERY_WORKER_CONCURRENCY = 10
    assert "10 vagas, e são necessárias 14" in found()["carinho.W001"]


@pytest.mark.parametrize("secret", ["not base64!", "whsec_abc", "whsec_a-b_c-d_"])
def test_webhook_secret_that_is_not_base64_is_named_and_not_shown(settings, secret):
    settings.WEBHOOK_SECRETS = settings.WEBHOOK_SECRETS | {"crm": ["whsec_Zm9v", secret]}
    settings.ALERT_WEBHOOK_SECRET = secret
    said = [message.msg for message in run_checks() if message.id == "carinho.W002"]
    assert [text.split()[0] for text in said] == ["WEBHOOK_SECRET_CRM", "ALERT_WEBHOOK_SECRET"]
    assert secret not in "".join(said)


def test_webhook_secret_of_a_source_that_there_is_not_is_said(monkeypatch):
    monkeypatch.setenv("WEBHOOK_SECRET_CRMM", "whsec_Zm9v")
    monkeypatch.setenv("WEBHOOK_SECRET_CRM_FILE", "/run/secrets/crm")
    assert found() == {"carinho.W003": "WEBHOOK_SECRET_CRMM é ignorado: essa origem não existe."}


def test_address_without_a_key_and_key_without_an_address_are_said(settings):
    settings.SYSTEMS = settings.SYSTEMS | {
        "crm": settings.SYSTEMS["crm"] | {"url": "https://crm.test"},
        "marketing": settings.SYSTEMS["marketing"] | {"key": "of-the-real-one"},
    }
    assert [message.msg for message in run_checks() if message.id == "carinho.W004"] == [
        "crm tem endereço, mas nenhuma chave própria.",
        "marketing tem chave, mas nenhum endereço: o simulador recebe tudo o que é dele.",
    ]


def test_hub_without_a_secret_key_is_refused(settings):
    settings.SECRET_KEY = ""
    assert "carinho.E004" in found()


def test_habit_of_a_system_that_nobody_knows_is_said(settings):
    settings.SYSTEMS = settings.SYSTEMS | {
        "crm": settings.SYSTEMS["crm"] | {"auth": "Basic", "pages": "all", "lacks": ["flying"]}
    }
    assert [message.msg for message in run_checks() if message.id == "carinho.E005"] == [
        "CRM_LACKS cita “flying”, que não é chamada desse sistema.",
        "CRM_AUTH é “Basic”; só pode ser X-API-Key, X-Internal-Token, Bearer.",
        "CRM_PAGES é “all”; só pode ser cursor, number.",
    ]
