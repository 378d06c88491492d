"""`python -m tests.bench.plain.prepare`: makes the tables, prints an API key."""

import os

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.plain.settings")
    django.setup()
    from django.core.management import call_command
    from rest_framework_api_key.models import APIKey

    call_command("migrate", run_syncdb=True, verbosity=0)
    print(APIKey.objects.create_key(name="bench")[1])


if __name__ == "__main__":
    main()
