"""What `manage.py check` says of settings that cannot work, and --deploy of what is made for trying out."""

import pytest
from django.core.checks import run_checks


def found(**options):
    return {message.id: message.msg for message in run_checks(**options) if message.id.startswith("carinho.")}


@pytest.fixture
def real(settings):
    settings.SYSTEMS = {name: {"url": f"https://{name}.test", "key": "k"} for name in settings.SYSTEMS}
    settings.ZAPI = settings.ZAPI | {"url": "https://api.z-api.test"}
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.DEMO = False
    return settings


def test_hub_with_real_systems_tls_and_no_demo_may_be_deployed(real):
    assert found(include_deployment_checks=True) == {}


def test_systems_that_are_simulated_are_named(real):
    real.SYSTEMS["crm"]["url"] = f"{real.SIMULATOR_URL}/crm"
    real.ZAPI = real.ZAPI | {"url": f"{real.SIMULATOR_URL}/zapi"}
    (sentence,) = found(include_deployment_checks=True).values()
    assert "meant for crm, whatsapp:" in sentence


def test_cookies_without_tls_and_a_demo_are_refused(real):
    real.SESSION_COOKIE_SECURE, real.DEMO = False, True
    assert set(found(include_deployment_checks=True)) == {"carinho.E002", "carinho.E003"}


def test_defaults_are_fine_where_nothing_is_deployed():
    assert found() == {}


def test_worker_with_fewer_slots_than_lanes_need_is_said(settings):
    settings.CELERY_WORKER_CONCURRENCY = 10
    assert "10 slots where 14 are needed" in found()["carinho.W001"]
