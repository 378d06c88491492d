"""What the settings make of the environment, in a process of its own for each."""

import json
import os
import subprocess
import sys

import yaml

from carinho.embedded.processes import ROOT


def settings_of(expression, **env):
    """The value of an expression over the settings of a process with this environment."""
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    code = f"import json; from carinho import settings; print(json.dumps({expression}))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SECRET_KEY": "x"} | env,
        capture_output=True,
        text=True,
        check=True,
    )
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


def test_worker_of_the_containers_has_the_slots_that_the_lanes_need():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert not [word for word in services["worker"]["command"] if "concurrency" in word]
    assert settings_of("settings.CELERY_WORKER_CONCURRENCY - len(settings.LANES)") == 4 + 3
