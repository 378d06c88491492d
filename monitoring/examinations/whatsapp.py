"""What `manage.py whatsapp doctor` says."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from monitoring.doctor import examination
from whatsapp import setup


@examination(gettext_lazy("WhatsApp"), needs_database=True)
def whatsapp() -> Iterator[Finding]:
    yield from setup.examine()
