"""The certificates of all addresses with HTTPS are believed, and hold for some time yet."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from carinho.services import addresses
from monitoring import address_checks
from monitoring.doctor import examination

SOON = timedelta(days=14)  # certbot renews a month before the end: by now it failed for two weeks


@examination(gettext_lazy("Certificados"))
def certificates() -> Iterator[Finding]:
    urls = {*addresses.of_systems().values(), settings.HUB_URL, settings.PUBLIC_URL}
    for url in sorted(url for url in urls if url.startswith("https://")):
        try:
            ends = address_checks.certificate_ends(url)
        except OSError as error:
            yield Finding(
                False, _("%(url)s: %(reason)s.") % {"url": url, "reason": address_checks.reason(error)}
            )
            continue
        sentence = _("O certificado de %(url)s vale até %(day)s.")
        values = {"url": url, "day": f"{ends:%d/%m/%Y}"}
        yield Finding(ends - datetime.now(UTC) > SOON, sentence % values)
