"""Django's application; granian serves it by `carinho.rsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")

application = get_wsgi_application()
# what a browser asks for has an end, workers may take longer; what DATABASE_URL says comes last, and wins
options = connections.settings["default"]["OPTIONS"]
options["options"] = f"-c statement_timeout={settings.WEB_STATEMENT_SECONDS}s {options['options']}"
settings.SECRET_KEY  # noqa: B018 -- raises without one; Django asks for it only at the first login
