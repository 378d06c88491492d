"""Django's application; granian serves it by `carinho.rsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")

application = get_wsgi_application()
settings.SECRET_KEY  # noqa: B018 -- raises without one; Django asks for it only at the first login
