#!/usr/bin/env python
"""Entry point of every command of the hub."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None):  # the database answered: it is there
            raise
        reason = " ".join(str(error).split())
        sys.exit(f"Nenhum banco de dados responde: use `make run` ou informe DATABASE_URL. ({reason})")


if __name__ == "__main__":
    main()
