"""Run once before the other processes: brings the database in step and makes the logins.

A process of its own, so that the supervisor itself holds neither Django nor a connection. It prints what the
supervisor must know as one line of JSON, or one sentence about what is wrong and exits with 1.
"""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db.utils import OperationalError

SCHEMES = ("postgresql", "postgres", "psql", "pgsql")


class Unusable(Exception):
    """The settings cannot work; the text says so in Portuguese."""


def prepare() -> dict[str, Any]:
    """Migrate, make the cache table, bootstrap. Raises Unusable or an error of Django."""
    look_at_database_url(os.environ.get("DATABASE_URL", ""))
    # Settings read DATABASE_URL, which the line above has judged.
    from django.conf import settings
    from django.core.checks import run_checks
    from django.core.management import call_command, get_commands

    from carinho.services import addresses

    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # whitenoise looks for it
    django.setup()
    problems = run_checks()
    if errors := [problem.msg for problem in problems if problem.is_serious()]:
        raise Unusable("\n".join(errors))
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    made = io.StringIO()
    call_command("bootstrap", stdout=made)
    return {
        "made": made.getvalue().strip(),
        "warnings": [problem.msg for problem in problems],
        "simulated": bool(addresses.simulated()),
        "demo": settings.DEMO and "demo" in get_commands(),
    }


def look_at_database_url(url: str) -> None:
    """Raises Unusable if this is the URL of anything but a PostgreSQL; it is empty with DATABASE_URL_FILE."""
    try:
        parts = urlsplit(url)
        good = not url or (parts.scheme in SCHEMES and parts.port != 0)
    except ValueError:  # the port is no number
        good = False
    if not good:
        raise Unusable("DATABASE_URL não é a de um PostgreSQL (postgresql://usuário:senha@servidor/banco).")


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")
    try:
        facts = prepare()
    except OperationalError as error:
        print(f"O banco de DATABASE_URL não responde: {' '.join(str(error).split())}")
    except (Unusable, ImproperlyConfigured, CommandError) as error:
        print(f"A configuração não serve: {error}")
    else:
        print(json.dumps(facts))
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
