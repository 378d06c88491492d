"""The web process: served by granian."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")

django_application = get_wsgi_application()  # sets Django up, which the next import needs
settings.SECRET_KEY  # noqa: B018 -- raises without one; Django asks for it only at the first login

from carinho.edge import with_known_length  # noqa: E402

application = with_known_length(django_application)
