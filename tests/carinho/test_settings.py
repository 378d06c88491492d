"""What the settings make of the environment; in a process of its own what depends on which one it is."""

import json
import os
import runpy
import subprocess
import sys
from types import SimpleNamespace
from unittest import mock

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from carinho.embedded.processes import ROOT


def environment(**env):
    """This environment, and a VAR_DIR where nothing is."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    return clean | {"VAR_DIR": "/nonexistent", "SECRET_KEY": "x"} | env


def run(*command, **env):
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(**env),
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(**env):
    """The settings as a process with this environment reads them."""
    with mock.patch.dict(os.environ, environment(**env), clear=True):
        return SimpleNamespace(**runpy.run_path(str(ROOT / "carinho" / "settings.py")))


def test_options_of_the_database_url_are_kept_beside_ours():
    url = (
        "postgresql://hub@db.test/hub?options=-c%20statement_timeout%3D5000&sslmode=verify-full"
        "&conn_max_age=0&connect_timeout=3"
    )
    found = settings_of(DATABASE_URL=url)
    database = found.DATABASES["default"]
    assert database["OPTIONS"] == found.GIVE_UP_A_VANISHED_HOST | {
        "prepare_threshold": 5,
        "connect_timeout": 3,
        "options": "-c plan_cache_mode=force_generic_plan -c idle_in_transaction_session_timeout=60s"
        " -c statement_timeout=5000",
        "sslmode": "verify-full",
    }
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, True)


def test_what_the_database_url_says_wins_over_our_options():
    url = "postgresql://hub@db.test/hub?prepare_threshold=9&options=-c%20plan_cache_mode%3Dauto"
    options = settings_of(DATABASE_URL=url).DATABASES["default"]["OPTIONS"]
    assert options["prepare_threshold"] == 9
    assert options["options"].endswith("-c plan_cache_mode=auto")


def test_query_of_the_web_process_has_an_end_and_that_of_a_command_has_none():
    asked = "from django.db import connections; print(connections.settings['default']['OPTIONS']['options'])"
    web = run("-c", f"import carinho.wsgi; {asked}", WEB_STATEMENT_SECONDS="7")
    command = settings_of(WEB_STATEMENT_SECONDS="7")
    assert "statement_timeout=7s" in web.stdout
    assert "statement_timeout" not in command.DATABASES["default"]["OPTIONS"]["options"]


def test_worker_of_the_containers_has_the_slots_that_the_lanes_need():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert not [word for word in services["worker"]["command"] if "concurrency" in word]
    settings = settings_of()
    assert settings.CELERY_WORKER_CONCURRENCY - len(settings.LANES) == 4 + 3
    shared = settings_of(LANE_PARTITIONS="4")
    assert shared.CELERY_WORKER_CONCURRENCY - 4 * len(settings.SYSTEMS) == 1 + 4 + 3


def test_systems_are_found_without_loading_an_app_or_its_models():
    loaded = "[name.partition('.')[0] for name in sys.modules]"
    asked = f"json.dumps([list(settings.SYSTEMS), {loaded}])"
    done = run("-c", f"import json, sys; from carinho import settings; print({asked})")
    systems, packages = json.loads(done.stdout)
    assert "crm" in systems
    assert not {"events", "sync", "whatsapp", "monitoring"} & set(packages)


def test_every_container_with_the_same_key_has_the_same_webhook_secret(tmp_path):
    first, second = (
        settings_of(VAR_DIR=str(tmp_path / name)).ZAPI["webhook_secret"] for name in ("web", "worker")
    )
    assert first == second != settings_of(SECRET_KEY="another").ZAPI["webhook_secret"]
    assert len(first) == 40
    assert not list(tmp_path.iterdir())


def test_address_for_zapi_holds_under_a_new_key_while_the_one_before_is_named():
    before = settings_of(SECRET_KEY="old").ZAPI["webhook_secret"]
    after = settings_of(SECRET_KEY="new", SECRET_KEY_FALLBACKS="old").ZAPI
    assert after["webhook_secret"] != before
    assert after["earlier_webhook_secrets"] == [before]


def test_without_a_key_no_secret_is_made(tmp_path):
    settings = settings_of(SECRET_KEY="", VAR_DIR=str(tmp_path))
    assert (settings.SECRET_KEY, settings.ZAPI["webhook_secret"]) == ("", "")
    assert not list(tmp_path.iterdir())


def test_web_process_without_a_secret_key_does_not_start():
    done = run("-c", "import carinho.rsgi", SECRET_KEY="")
    assert "SECRET_KEY" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("COOKIES_SECURE", "enabled"), ("RETRY_WAITS", "1,two"), ("CRM_API_KEY_FILE", "/none")],
)
def test_value_that_cannot_be_read_is_named(name, value):
    with pytest.raises(ImproperlyConfigured, match=name.removesuffix("_FILE")):
        settings_of(**{name: value})


def test_command_without_a_database_says_so_in_one_sentence():
    done = run("manage.py", "migrate")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Nenhum banco de dados responde")
