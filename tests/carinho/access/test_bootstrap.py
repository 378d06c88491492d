"""A new hub gets what it needs before anybody can use it, once."""

import json
import stat
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from carinho.access import bootstrap
from carinho.access.models import ApiKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.VAR_DIR, settings.DEMO, settings.OPERATOR_PASSWORD = tmp_path, False, ""
    return tmp_path / "bootstrap.json"


def run():
    out = StringIO()
    call_command("bootstrap", stdout=out)
    return out.getvalue().splitlines()


def test_first_administrator_gets_a_password_that_is_shown_once():
    (line,) = run()
    password = line.rsplit(maxsplit=1)[-1]
    admin = User.objects.get(username="admin")
    assert admin.check_password(password)
    assert (admin.is_staff, admin.groups.get().name) == (True, "Administrador")
    (again,) = run()
    assert password not in again
    assert User.objects.count() == 1


def test_password_that_was_given_is_used_and_not_printed(settings):
    settings.OPERATOR_PASSWORD = "uma-senha-dada"
    (line,) = run()
    assert "uma-senha-dada" not in line
    assert User.objects.get(username="admin").check_password("uma-senha-dada")


def test_weak_password_that_was_given_is_refused_with_a_sentence(settings):
    settings.OPERATOR_PASSWORD = "1"
    with pytest.raises(CommandError, match=r"^OPERATOR_PASSWORD é fraca: .*10 caracteres"):
        run()
    assert not User.objects.exists()


def test_second_start_leaves_a_changed_password_alone(settings):
    settings.OPERATOR_PASSWORD = "uma-senha-dada"
    run()
    admin = User.objects.get(username="admin")
    admin.set_password("outra-senha")
    admin.save()
    run()
    assert User.objects.get(username="admin").check_password("outra-senha")


def test_hub_with_another_administrator_gets_no_second_one():
    User.objects.create_superuser("diretora")
    assert run() == []
    assert not User.objects.filter(username="admin").exists()


def test_demo_makes_logins_of_the_other_roles_and_a_key_and_prints_them_on_each_start(settings, place):
    settings.DEMO = True
    first, second = run(), run()
    kept = json.loads(place.read_text())
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert first[1:] == second[1:]
    assert first[-1] == f"Chave de API: {kept['api_key']}"
    key = ApiKey.objects.get_from_key(kept["api_key"])
    assert (key.name, set(key.scopes)) == ("demo", {"read", "events", "operate"})
    for name, role in [("operador", "Operador"), ("visualizador", "Visualizador")]:
        user = User.objects.get(username=name)
        assert user.check_password(kept["logins"][name])
        assert (user.is_staff, user.groups.get().name) == (True, role)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"api_key": 3}'])
def test_lost_secrets_of_the_demo_are_made_anew(settings, place, content):
    settings.DEMO = True
    old = run()
    place.write_text(content)
    new = run()
    assert set(old[1:]).isdisjoint(new[1:])
    assert ApiKey.objects.filter(revoked=False).count() == 1
    assert User.objects.count() == 3


def test_without_the_demo_its_secrets_are_not_kept_and_open_nothing(settings, place):
    settings.DEMO = True
    run()
    key = bootstrap.read().api_key
    settings.DEMO = False
    assert len(run()) == 1
    assert not place.exists()
    assert not ApiKey.objects.is_valid(key)
    assert list(User.objects.filter(is_active=True).values_list("username", flat=True)) == ["admin"]


@pytest.mark.parametrize("given", ["", "uma-senha-dada"])
def test_without_the_demo_the_administrators_printed_password_ends(settings, given):
    settings.DEMO = True
    printed = run()[0].rsplit(maxsplit=1)[-1]
    run()
    settings.DEMO, settings.OPERATOR_PASSWORD = False, given
    (line,) = run()
    admin = User.objects.get(username="admin")
    assert not admin.check_password(printed)
    assert admin.check_password(given or line.rsplit(maxsplit=1)[-1])


def test_password_that_the_administrator_chose_outlives_the_demo(settings):
    settings.DEMO = True
    run()
    admin = User.objects.get(username="admin")
    admin.set_password("a-dela-mesma-9")
    admin.save()
    settings.DEMO = False
    run()
    assert User.objects.get(username="admin").check_password("a-dela-mesma-9")


def test_operator_password_that_comes_too_late_is_not_ignored_silently(settings):
    run()
    settings.OPERATOR_PASSWORD = "uma-senha-dada"
    (line,) = run()
    assert "OPERATOR_PASSWORD" in line
    assert "não é" in line


def test_without_the_demo_a_person_with_the_same_login_stays(settings):
    User.objects.create_user("operador", password="dela-mesma", is_staff=True)
    run()
    assert User.objects.get(username="operador").is_active


def test_demo_that_is_back_makes_its_logins_work_again(settings):
    for settings.DEMO in (True, False, True):
        run()
    for name, password in bootstrap.read().logins.items():
        user = User.objects.get(username=name)
        assert (user.is_active, user.check_password(password)) == (True, True)


def test_roles_are_made_as_well():
    from django.contrib.auth.models import Group

    Group.objects.all().delete()
    bootstrap.run()
    assert set(Group.objects.values_list("name", flat=True)) == {"Visualizador", "Operador", "Administrador"}
