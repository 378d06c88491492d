"""The web process."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.plain.settings")

from tests.bench.plain import celery  # noqa: F401 -- tasks are sent by this application

application = get_wsgi_application()
