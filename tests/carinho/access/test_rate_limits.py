"""How often one may call."""

from threading import BoundedSemaphore

import pytest
from axes.models import AccessAttempt
from django.test import Client

from carinho.access import login, rate_limits
from events.models import RejectedRequest
from tests.clients import logged_in, with_key

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def same_minute(monkeypatch):
    """The minute of the tests does not end between two calls."""
    fixed = "'2026-01-23 10:30:20+00'::timestamptz"
    monkeypatch.setattr(rate_limits, "COUNT", rate_limits.COUNT.replace("now()", fixed))


def test_calls_are_counted_down_and_refused_when_the_minute_is_used_up(settings):
    settings.RATE_LIMIT_PEOPLE = 2
    client = with_key("read")
    answers = [client.get("/api/dlq") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer["RateLimit-Limit"] for answer in answers} == {"2"}
    assert {answer["RateLimit-Reset"] for answer in answers} == {"40"}
    assert answers[2]["Retry-After"] == "40"
    assert answers[2].json()["code"] == "too_many_requests"


def test_events_have_their_own_limit_and_a_batch_is_one_call(settings):
    settings.RATE_LIMIT_PEOPLE, settings.RATE_LIMIT_EVENTS = 0, 2
    client = with_key("events", "read")
    sent = [
        client.post("/api/events/batch", [{}, {}, {}], content_type="application/json").status_code
        for _ in range(3)
    ]
    assert sent == [200, 200, 429]
    assert client.get("/api/events").status_code == 429


def test_refusal_for_being_too_often_is_not_kept(settings):
    settings.RATE_LIMIT_EVENTS = 0
    assert with_key("events").post("/api/events", {}, content_type="application/json").status_code == 429
    assert not RejectedRequest.objects.exists()


def test_keys_do_not_use_up_each_other(settings):
    settings.RATE_LIMIT_PEOPLE = 1
    one, other = with_key("read"), with_key("read")
    assert [one.get("/api/dlq").status_code, one.get("/api/dlq").status_code] == [200, 429]
    assert other.get("/api/dlq").status_code == 200


def test_people_are_limited_as_well(settings):
    settings.RATE_LIMIT_PEOPLE = 1
    client = logged_in("Visualizador")
    assert [client.get("/api/dlq").status_code for _ in range(2)] == [200, 429]


def test_strangers_are_limited_by_address_and_then_leave_no_rows(settings):
    settings.RATE_LIMIT_PEOPLE = 2
    stranger = Client(REMOTE_ADDR="203.0.113.7")
    sent = [
        stranger.post("/webhooks/site", {}, content_type="application/json").status_code for _ in range(4)
    ]
    assert sent == [401, 401, 429, 429]
    assert RejectedRequest.objects.count() == 2
    assert Client(REMOTE_ADDR="203.0.113.8").get("/api/dlq").status_code == 401


def test_behind_our_proxy_the_address_is_what_the_proxy_saw(settings, rf):
    request = rf.get("/", headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, REMOTE_ADDR="10.0.0.1")
    assert rate_limits.address_of(request) == "10.0.0.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert rate_limits.address_of(request) == "203.0.113.9"


def test_log_in_that_failed_is_told_by_the_address_that_our_proxy_saw(settings):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    proxied = Client(headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, REMOTE_ADDR="10.0.0.1")
    proxied.post("/admin/login/", {"username": "ana", "password": "errada"})
    assert AccessAttempt.objects.get().ip_address == "203.0.113.9"


def test_health_is_counted_for_nobody(settings):
    settings.RATE_LIMIT_PEOPLE = 0
    assert "RateLimit-Limit" not in Client().get("/health")


def log_in(client, name):
    return client.post("/admin/login/", {"username": name, "password": "errada"}).status_code


def test_log_ins_are_limited_by_address_whatever_the_name(settings):
    settings.RATE_LIMIT_LOGINS = 3
    stranger = Client(REMOTE_ADDR="203.0.113.7")
    assert [log_in(stranger, f"ana{number}") for number in range(5)] == [200, 200, 200, 429, 429]
    assert log_in(Client(REMOTE_ADDR="203.0.113.8"), "ana9") == 200
    assert stranger.get("/admin/login/").status_code == 200


def test_log_ins_beyond_two_at_once_wait_outside(monkeypatch):
    full = BoundedSemaphore(1)
    monkeypatch.setattr(login, "AT_ONCE", full)
    with full:
        refused = Client().post("/admin/login/", {"username": "ana", "password": "errada"})
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert log_in(Client(), "ana") == 200


@pytest.mark.parametrize(
    ("seen", "address"),
    [
        ("203.0.113.9:5312", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::"),
        ("2001:db8::1", "2001:db8::"),
        ("2001:db8::ffff:1", "2001:db8::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("unknown", "10.0.0.1"),
    ],
)
def test_log_in_is_counted_by_what_one_connection_cannot_change(settings, seen, address):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    proxied = Client(headers={"X-Forwarded-For": seen}, REMOTE_ADDR="10.0.0.1")
    assert log_in(proxied, "ana") == 200
    assert AccessAttempt.objects.get().ip_address == address
