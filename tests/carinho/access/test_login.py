"""Getting in: a password, a second factor, one's own sessions, and a lockout of those whom it should meet."""

import re
import time

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from carinho.access import people, second_factor, sessions
from carinho.access.models import AuditEntry, LoginSession, OneTimePassword
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.clients import logged_in, person

pytestmark = pytest.mark.django_db
PASSWORD = "segredo-forte"


@pytest.fixture(autouse=True)
def half_minute_that_has_just_begun():
    """What the app shows does not change between two lines of a test."""
    with time_machine.travel(time.time() // 30 * 30 + 1):
        yield


def code_of(user, steps=0):
    """What the app shows, now or so many half minutes later; each is taken once."""
    device = TOTPDevice.objects.get(user=user)
    shown = TOTP(device.bin_key)
    shown.time = time.time() + steps * device.step
    return f"{shown.token():06d}"


def post_password(client, name="ana", password=PASSWORD):
    return client.post("/admin/login/?next=/admin/account/", {"username": name, "password": password})


def is_in(client):
    return client.get("/admin/account/").status_code == 200


def with_factor(role=OPERATOR, name="ana"):
    """A person whose app is set up, and their recovery codes."""
    user = person(role, name)
    session = sessions.SessionStore()
    second_factor.begin(session, user)
    codes = second_factor.confirm(session, user, code_of(user, -1), actor="test")
    assert codes
    return user, codes


def test_password_alone_opens_nothing_once_an_app_is_set_up():
    user, _codes = with_factor()
    client = Client()
    answer = post_password(client)
    assert answer["Location"] == "/admin/login/code/?next=%2Fadmin%2Faccount%2F"
    assert not is_in(client)
    assert client.get("/api/dlq").status_code == 401
    assert not LoginSession.objects.filter(user=user).exists()
    answer = client.post(answer["Location"], {"code": code_of(user)})
    assert answer["Location"] == "/admin/account/"
    assert is_in(client)
    assert client.get("/api/dlq").status_code == 200


def test_code_is_taken_once():
    user, _codes = with_factor()
    code = code_of(user)
    for client, status in ((Client(), 302), (Client(), 200)):
        post_password(client)
        assert client.post("/admin/login/code/", {"code": code}).status_code == status


def test_recovery_code_stands_for_the_app_once():
    _user, codes = with_factor()
    for client, status in ((Client(), 302), (Client(), 200)):
        post_password(client)
        assert client.post("/admin/login/code/", {"code": codes[0].upper()}).status_code == status


def test_wrong_codes_shut_the_door_as_wrong_passwords_do(settings):
    settings.RATE_LIMIT_LOGINS = 100
    user, codes = with_factor()
    client = Client()
    post_password(client)
    answers = [client.post("/admin/login/code/", {"code": "000000"}) for _number in range(8)]
    assert "O código não confere" in answers[0].content.decode()
    assert answers[-1].status_code == 429
    assert "Espere 15 minutos" in answers[-1].content.decode()
    assert client.post("/admin/login/code/", {"code": codes[0]}).status_code == 429
    assert user.recovery_codes.count() == len(codes)


def test_administrator_who_must_have_an_app_sets_it_up_on_the_way_in(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    user = person(ADMINISTRATOR)
    person(OPERATOR, "olga")
    client, other = Client(), Client()
    post_password(other, "olga")
    assert is_in(other)
    page = client.get(post_password(client)["Location"]).content.decode()
    assert "<svg" in page
    assert second_factor.secret_of(TOTPDevice.objects.get(user=user)) in page
    answer = client.post("/admin/login/code/?next=/admin/account/", {"code": code_of(user)})
    shown = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", answer.content.decode())
    assert len(shown) == second_factor.RECOVERY_CODES
    assert is_in(client)
    assert not set(shown) & set(user.recovery_codes.values_list("digest", flat=True))


def test_session_from_before_the_app_was_required_ends(settings):
    client = logged_in(ADMINISTRATOR)
    assert is_in(client)
    settings.SECOND_FACTOR_REQUIRED = True
    assert not is_in(client)
    assert client.get("/api/dlq").status_code == 401


def test_who_sets_up_an_app_stays_in_and_their_other_browsers_do_not():
    client, other = logged_in(OPERATOR), Client()
    post_password(other)
    page = client.get("/admin/account/second-factor/")
    user = User.objects.get()
    wrong = client.post("/admin/account/second-factor/", {"code": "abc"}).content.decode()
    assert "O código não confere" in wrong
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert "<svg" in page.content.decode()
    done = client.post("/admin/account/second-factor/", {"code": code_of(user)}).content.decode()
    assert "não aparecem de novo" in done
    assert (is_in(client), is_in(other)) == (True, False)
    client.post("/admin/account/", {"do": "turn_off", "code": "999999"})
    assert second_factor.device_of(user)


def test_secret_that_another_browser_was_shown_proves_nobody():
    ours, theirs, page = logged_in(OPERATOR), Client(), reverse("account_factor")
    user = User.objects.get()
    theirs.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    theirs.get(page)
    seen_there = code_of(user)
    ours.get(page)
    assert theirs.post(page, {"code": code_of(user)}).status_code == 200
    ours.post(page, {"code": seen_there})
    assert second_factor.device_of(user) is None


def test_own_app_is_turned_off_and_codes_are_renewed_with_a_code_only():
    user, codes = with_factor()
    client = Client()
    post_password(client)
    client.post("/admin/login/code/", {"code": codes[0]})
    client.post("/admin/account/", {"do": "renew", "code": "x"})
    assert user.recovery_codes.count() == len(codes) - 1
    renewed = client.post("/admin/account/", {"do": "renew", "code": codes[1]}).content.decode()
    assert user.recovery_codes.count() == len(codes)
    assert codes[2] not in renewed
    client.post("/admin/account/", {"do": "turn_off", "code": codes[2]})
    assert second_factor.device_of(user)
    client.post("/admin/account/", {"do": "turn_off", "code": code_of(user)})
    assert not second_factor.device_of(user)
    assert not user.recovery_codes.exists()


def test_administrator_resets_the_app_of_another_person_and_not_their_own():
    user, _codes = with_factor()
    page = reverse("admin:auth_user_security", args=[user.pk])
    client = logged_in(ADMINISTRATOR, "alice")
    assert "Zerar a verificação" in client.get(page).content.decode()
    assert client.post(page, {"do": "reset"}).status_code == 302
    assert second_factor.device_of(user) is None
    assert AuditEntry.objects.get(action="second_factor.reset").actor == "user:alice"
    own = reverse("admin:auth_user_security", args=[User.objects.get(username="alice").pk])
    assert "Zerar a verificação" not in client.get(own).content.decode()
    assert logged_in(OPERATOR, "olga").post(page, {"do": "reset"}).status_code == 403


def test_person_sees_their_sessions_and_ends_another_one():
    client, other = Client(), Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140"})
    person(OPERATOR)
    post_password(client)
    post_password(other)
    page = client.get("/admin/account/").content.decode()
    assert "Firefox em Windows" in page
    assert not [key for key in LoginSession.objects.values_list("pk", flat=True) if key in page]
    named = sessions.name_of(other.session.session_key)
    client.post("/admin/account/", {"do": "end", "session": named})
    assert (is_in(client), is_in(other)) == (True, False)
    assert AuditEntry.objects.get(action="session.end").detail == {"sessions": 1}


def test_administrator_ends_the_sessions_of_another_person():
    client = logged_in(OPERATOR)
    named = sessions.name_of(client.session.session_key)
    page = reverse("admin:auth_user_security", args=[User.objects.get(username="ana").pk])
    logged_in(ADMINISTRATOR, "alice").post(page, {"do": "end", "session": named})
    assert not is_in(client)


def test_new_password_ends_every_other_session():
    client, other = logged_in(OPERATOR), Client()
    post_password(other)
    form = {"old_password": PASSWORD, "new_password1": "outra-bem-longa", "new_password2": "outra-bem-longa"}
    assert client.post("/admin/password_change/", form).status_code == 302
    assert (is_in(client), is_in(other)) == (True, False)
    assert LoginSession.objects.filter(user__username="ana").count() == 1


@pytest.mark.parametrize(
    "lose",
    [
        lambda user: user.groups.clear(),
        lambda user: user.groups.set([]),
        lambda user: user.groups.remove(user.groups.get()),
        lambda user: user.groups.get().user_set.remove(user),
        lambda user: user.groups.get().user_set.clear(),
        lambda user: (setattr(user, "is_active", False), user.save()),
    ],
)
def test_lost_role_or_account_ends_the_sessions_however_it_is_lost(lose):
    logged_in(OPERATOR)
    lose(User.objects.get())
    assert not LoginSession.objects.exists()


def test_new_role_ends_no_session():
    client = logged_in(VIEWER)
    User.objects.get().groups.add(Group.objects.get(name=OPERATOR))
    assert is_in(client)


def test_command_makes_a_person_whose_password_must_be_changed(capsys):
    call_command("create_operator", "bia", "--role", VIEWER, "--email", "bia@exemplo.com")
    password = capsys.readouterr().out.strip()
    client = Client()
    post_password(client, "bia", password)
    assert client.get("/admin/account/")["Location"] == "/admin/password_change/"
    assert client.get("/api/dlq").status_code == 302
    form = {"old_password": password, "new_password1": "outra-bem-longa", "new_password2": "outra-bem-longa"}
    assert client.post("/admin/password_change/", form).status_code == 302
    assert is_in(client)
    assert not OneTimePassword.objects.exists()
    with pytest.raises(CommandError):
        call_command("create_operator", "bia", "--role", VIEWER)


def test_one_time_password_opens_nothing_after_a_week():
    _user, password = people.create("bia", VIEWER, actor="test")
    OneTimePassword.objects.update(expires_at=F("expires_at") - people.ONE_TIME_LASTS)
    assert "venceu" in post_password(Client(), "bia", password).content.decode()


def test_password_that_an_administrator_makes_is_for_one_time():
    ana = person(VIEWER)
    client = logged_in(ADMINISTRATOR, "alice")
    form = {"password1": "feita-por-alice", "password2": "feita-por-alice", "usable_password": "true"}
    client.post(reverse("admin:auth_user_password_change", args=[ana.pk]), form)
    assert OneTimePassword.objects.get().user == ana


def guess(address, name="ana", **headers):
    client = Client(REMOTE_ADDR=address, headers=headers)
    return client.post("/admin/login/", {"username": name, "password": "errada"}).status_code


def test_nobody_guesses_on_by_changing_addresses_and_the_known_browser_still_enters(settings):
    settings.LOGIN_FAILURES_OF_ACCOUNT = settings.AXES_FAILURE_LIMIT = 3
    person(OPERATOR)
    known = Client(REMOTE_ADDR="203.0.113.1")
    post_password(known)
    known.post("/admin/logout/")
    answers = [guess(f"198.51.100.{number}") for number in range(6)]
    assert answers == [200, 200, 429, 429, 429, 429]
    assert post_password(Client(REMOTE_ADDR="198.51.100.77")).status_code == 429
    assert post_password(known).status_code == 302
    assert guess("198.51.100.1", "bia") == 200


def test_known_browser_is_known_until_the_password_changes_also_under_a_new_key(settings):
    settings.LOGIN_FAILURES_OF_ACCOUNT = settings.AXES_FAILURE_LIMIT = 1
    user = person(OPERATOR)
    known = Client()
    post_password(known)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    guess("198.51.100.2")
    assert post_password(known).status_code == 302
    user.set_password("outra-bem-longa")
    user.save()
    guess("198.51.100.1")
    assert post_password(known, password="outra-bem-longa").status_code == 429


def test_door_shuts_after_eight_failures_of_one_address_for_that_address_only(settings):
    settings.RATE_LIMIT_LOGINS = 100
    person(OPERATOR)
    answers = [guess("198.51.100.1") for _number in range(9)]
    assert answers[6:] == [200, 429, 429]
    assert post_password(Client(REMOTE_ADDR="198.51.100.2")).status_code == 302
    assert AccessAttempt.objects.get().failures_since_start == 8
