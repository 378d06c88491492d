"""What the settings make of the environment, in a process of its own for each."""

import json
import os
import subprocess
import sys

import pytest
import yaml

from carinho.embedded.processes import ROOT


def run(*command, **env):
    """A process with this environment and a VAR_DIR where nothing is."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    env = clean | {"VAR_DIR": "/nonexistent", "SECRET_KEY": "x"} | env
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def settings_of(expression, **env):
    """The value of an expression over the settings of a process with this environment."""
    done = run("-c", f"import json; from carinho import settings; print(json.dumps({expression}))", **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_options_of_the_database_url_are_kept_beside_ours():
    url = "postgresql://hub@db.test/hub?options=-c%20statement_timeout%3D5000&sslmode=verify-full&conn_max_age=0"
    database = settings_of("settings.DATABASES['default']", DATABASE_URL=url)
    assert database["OPTIONS"] == {
        "prepare_threshold": 5,
        "options": "-c plan_cache_mode=force_generic_plan -c statement_timeout=5000",
        "sslmode": "verify-full",
    }
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, True)


def test_what_the_database_url_says_wins_over_our_options():
    url = "postgresql://hub@db.test/hub?prepare_threshold=9&options=-c%20plan_cache_mode%3Dauto"
    options = settings_of("settings.DATABASES['default']['OPTIONS']", DATABASE_URL=url)
    assert options["prepare_threshold"] == 9
    assert options["options"].endswith("-c plan_cache_mode=auto")


def test_query_of_the_web_process_has_an_end_and_that_of_a_command_has_none():
    asked = "from django.db import connections; print(connections.settings['default']['OPTIONS']['options'])"
    web = run("-c", f"import carinho.wsgi; {asked}", WEB_STATEMENT_SECONDS="7")
    command = run("-c", f"import django; django.setup(); {asked}", DJANGO_SETTINGS_MODULE="carinho.settings")
    assert "statement_timeout=7s" in web.stdout
    assert "statement_timeout" not in command.stdout


def test_worker_of_the_containers_has_the_slots_that_the_lanes_need():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert not [word for word in services["worker"]["command"] if "concurrency" in word]
    assert settings_of("settings.CELERY_WORKER_CONCURRENCY - len(settings.LANES)") == 4 + 3


def test_systems_are_found_without_loading_an_app_or_its_models():
    loaded = "[name.partition('.')[0] for name in __import__('sys').modules]"
    systems, packages = settings_of(f"[list(settings.SYSTEMS), {loaded}]")
    assert "crm" in systems
    assert not {"events", "sync", "whatsapp", "monitoring"} & set(packages)


def test_every_container_with_the_same_key_has_the_same_webhook_secret(tmp_path):
    secret = "settings.ZAPI['webhook_secret']"
    first, second = (settings_of(secret, VAR_DIR=str(tmp_path / name)) for name in ("web", "worker"))
    assert first == second != settings_of(secret, SECRET_KEY="another")
    assert len(first) == 40
    assert not list(tmp_path.iterdir())


def test_without_a_key_no_secret_is_made(tmp_path):
    both = "[settings.SECRET_KEY, settings.ZAPI['webhook_secret']]"
    assert settings_of(both, SECRET_KEY="", VAR_DIR=str(tmp_path)) == ["", ""]
    assert not list(tmp_path.iterdir())


def test_web_process_without_a_secret_key_does_not_start():
    done = run("-c", "import carinho.rsgi", SECRET_KEY="")
    assert "SECRET_KEY" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("COOKIES_SECURE", "enabled"), ("RETRY_WAITS", "1,two"), ("CRM_API_KEY_FILE", "/none")],
)
def test_value_that_cannot_be_read_is_named(name, value):
    done = run("-c", "import carinho.settings", **{name: value})
    assert name.removesuffix("_FILE") in done.stderr.splitlines()[-1]


def test_command_without_a_database_says_so_in_one_sentence():
    done = run("manage.py", "migrate")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("Nenhum banco de dados responde")
