"""What `manage.py check` says of the settings; on a server what `check --deploy` says, too."""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from monitoring.doctor import examination

OF_DJANGO = {  # what Django says in English of that which an installation sets
    "security.W004": gettext_lazy(
        "O navegador não é avisado de que este endereço só atende por TLS. Use HSTS_SECONDS=31536000."
    ),
    "security.W008": gettext_lazy("Quem chega por http não é levado ao https. Use HTTPS_REDIRECT=1."),
    "security.W009": gettext_lazy(
        "SECRET_KEY é fraca: use pelo menos 50 caracteres ao acaso, como os de: openssl rand -base64 48"
    ),
    "security.W011": gettext_lazy("O cookie da sessão também viaja sem TLS. Use COOKIES_SECURE=1."),
    "security.W016": gettext_lazy("O cookie contra CSRF também viaja sem TLS. Use COOKIES_SECURE=1."),
    "security.W018": gettext_lazy("DEBUG mostra o programa por dentro a qualquer um. Use DEBUG=0."),
    "security.W020": gettext_lazy("Falta dizer por quais nomes o hub atende. Preencha ALLOWED_HOSTS."),
    "4_0.E001": gettext_lazy(
        "Cada endereço de CSRF_TRUSTED_ORIGINS precisa começar com https:// (ou http://)."
    ),
}


@examination(gettext_lazy("Configuração"))
def configuration() -> Iterator[Finding]:
    problems = [
        problem
        for problem in run_checks(include_deployment_checks=not settings.DEMO)
        if not problem.is_silenced()
    ]
    for problem in problems:
        yield Finding(False, _sentence(problem))
    if not problems:
        yield Finding(True, _("Segredos, endereços e limites podem funcionar."))


def _sentence(problem: CheckMessage) -> str:
    id = problem.id or ""
    if id in OF_DJANGO:
        return str(OF_DJANGO[id])
    if apps.is_installed(id.partition(".")[0]):  # an app of ours, which says it in Portuguese
        return " ".join(filter(None, [problem.msg, problem.hint]))
    return _("A verificação %s não passou; o que ela diz, em inglês: manage.py check --deploy") % id
