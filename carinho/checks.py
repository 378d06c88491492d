"""What of the settings cannot work, each in one sentence; with --deploy what is made for trying out.

Who installs the hub reads them, by `make run`, `manage.py check` and `manage.py doctor`.
"""

import base64
import os
import stat
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.access import secret_fingerprints
from carinho.retention import Kept
from carinho.services import addresses, contract, outgoing
from carinho.services.base import AUTH_HEADERS

OF_SOURCE = "WEBHOOK_SECRET_"
OF_THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]", "::1"}


@register(Tags.security, deploy=True)
def no_system_is_simulated(**given: Any) -> list[CheckMessage]:
    names = addresses.simulated()
    if not names:
        return []
    sentence = _("O simulador recebe o que é de %s: nada chega aos sistemas reais.") % ", ".join(names)
    hint = _("Preencha <SISTEMA>_URL, e ZAPI_URL para o WhatsApp.")
    return [Error(sentence, hint=hint, id="carinho.E001")]


@register(Tags.security, deploy=True)
def cookies_travel_by_https_only(**given: Any) -> list[CheckMessage]:
    if settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE:
        return []
    sentence = _("A sessão de quem entrou também viaja sem TLS, onde qualquer um pode lê-la.")
    return [Error(sentence, hint=_("Use COOKIES_SECURE=1."), id="carinho.E002")]


@register(Tags.security, deploy=True)
def nothing_is_shown_off(**given: Any) -> list[CheckMessage]:
    if not settings.DEMO:
        return []
    sentence = _("DEMO cria acessos e uma chave de API cujos segredos são mostrados a cada início.")
    return [Error(sentence, hint=_("Use DEMO=0."), id="carinho.E003")]


@register(Tags.security, deploy=True)
def administrators_need_more_than_a_password(**given: Any) -> list[CheckMessage]:
    if settings.SECOND_FACTOR_REQUIRED:
        return []
    sentence = _("Quem descobre a senha de um administrador tem o hub inteiro.")
    return [CheckWarning(sentence, hint=_("Use SECOND_FACTOR_REQUIRED=1."), id="carinho.W005")]


@register(Tags.security, deploy=True)
def secrets_are_those_of_the_installation(**given: Any) -> list[CheckMessage]:
    try:
        names = secret_fingerprints.differing()
    except DatabaseError:  # not there yet, or not migrated
        return []
    if not names:
        return []
    sentence = _("Outro processo desta instalação tem valor diferente em %s.") % ", ".join(names)
    hint = _("Dê o mesmo a todos os contêineres, rode manage.py bootstrap e reinicie todos.")
    return [Error(sentence, hint=hint, id="carinho.E007")]


@register(Tags.security, deploy=True)
def proxy_is_declared(**given: Any) -> list[CheckMessage]:
    if settings.SECURE_PROXY_SSL_HEADER:
        return []
    sentence = _(
        "Nenhum proxy foi declarado: atrás de um, todos têm o endereço dele e dividem o limite de entradas."
    )
    return [CheckWarning(sentence, hint=_("Se houver um na frente, use BEHIND_PROXY=1."), id="carinho.W006")]


@register(Tags.security, deploy=True)
def hub_is_called_by_its_own_name(**given: Any) -> list[CheckMessage]:
    own = [host for host in settings.ALLOWED_HOSTS if host not in OF_THIS_MACHINE]
    wrong = {
        _("ALLOWED_HOSTS só tem esta máquina: quem chama o hub pelo nome dele é recusado."): not own,
        _("ALLOWED_HOSTS aceita qualquer nome: o de um estranho pode aparecer no que o hub diz de si."): (
            "*" in own
        ),
        _("HUB_URL é esta máquina: os links dos e-mails e dos webhooks não levam a lugar nenhum."): (
            urlsplit(settings.HUB_URL).hostname in OF_THIS_MACHINE
        ),
    }
    hint = _("Ponha nos dois o nome pelo qual pessoas e sistemas chamam o hub.")
    found = [sentence for sentence, is_so in wrong.items() if is_so]
    return [CheckWarning(sentence, hint=hint, id="carinho.W007") for sentence in found]


@register(Tags.security, deploy=True)
def somebody_is_told_of_alerts(**given: Any) -> list[CheckMessage]:
    if settings.ALERT_EMAILS or settings.ALERT_WHATSAPP_NUMBERS or settings.ALERT_WEBHOOK_URL:
        return []
    sentence = _("Quem não olha o console não fica sabendo de nenhum alerta.")
    hint = _("Preencha ALERT_EMAILS, ALERT_WHATSAPP_NUMBERS ou ALERT_WEBHOOK_URL.")
    return [CheckWarning(sentence, hint=hint, id="carinho.W008")]


@register(Tags.security, deploy=True)
def alerts_reach_their_webhook(**given: Any) -> list[CheckMessage]:
    if not settings.ALERT_WEBHOOK_URL or outgoing.is_allowed(settings.ALERT_WEBHOOK_URL):
        return []
    sentence = _("ALERT_WEBHOOK_URL fica numa rede privada: nenhum alerta é enviado para lá.")
    return [CheckWarning(sentence, hint=_("Use WEBHOOKS_TO_PRIVATE_ADDRESSES=1."), id="carinho.W009")]


@register(Tags.security, deploy=True)
def own_folder_is_closed_to_others(**given: Any) -> list[CheckMessage]:
    if not settings.VAR_DIR.exists() or not stat.S_IMODE(settings.VAR_DIR.stat().st_mode) & 0o066:
        return []
    sentence = _("Qualquer conta desta máquina pode olhar em %s, ou escrever lá.") % settings.VAR_DIR
    hint = _("Use chmod 0711 onde o root inicia o hub, 0700 nos outros casos.")
    return [CheckWarning(sentence, hint=hint, id="carinho.W010")]


@register()
def every_lane_finds_a_slot(**given: Any) -> list[CheckMessage]:
    slots, needed = settings.CELERY_WORKER_CONCURRENCY, settings.NEEDED_SLOTS
    if slots >= needed:
        return []
    sentence = ngettext(
        "O worker tem %(slots)d vaga, e são necessárias %(needed)d: uma fila espera a outra terminar.",
        "O worker tem %(slots)d vagas, e são necessárias %(needed)d: uma fila espera a outra terminar.",
        slots,
    ) % {"slots": slots, "needed": needed}
    hint = _("Deixe WORKER_CONCURRENCY sem valor, a não ser que vários workers somem esse número.")
    return [CheckWarning(sentence, hint=hint, id="carinho.W001")]


@register()
def habits_of_systems_are_known(**given: Any) -> list[CheckMessage]:
    known = {"auth": tuple(AUTH_HEADERS), "pages": ("cursor", "number")}
    wrong = [
        _("%(setting)s cita “%(call)s”, que não é chamada desse sistema.")
        % {"setting": f"{name.upper()}_LACKS", "call": call}
        for name, system in settings.SYSTEMS.items()
        for call in system["lacks"]
        if call not in {operation.name for operation in contract.of_system(name)}
    ] + [
        _("%(setting)s é “%(value)s”; só pode ser %(choices)s.")
        % {
            "setting": f"{name.upper()}_{habit.upper()}",
            "value": system[habit],
            "choices": ", ".join(choices),
        }
        for name, system in settings.SYSTEMS.items()
        for habit, choices in known.items()
        if system[habit] not in choices
    ]
    return [Error(sentence, id="carinho.E005") for sentence in wrong]


@register(Tags.security)
def secret_key_is_given(**given: Any) -> list[CheckMessage]:
    """Django complains only when it first needs the key."""
    try:
        is_given = bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        is_given = False
    if is_given:
        return []
    sentence = _("Falta SECRET_KEY: todos os processos do hub precisam da mesma.")
    hint = _("Preencha no ambiente ou no .env; o make run guarda uma em VAR_DIR.")
    return [Error(sentence, hint=hint, id="carinho.E004")]


@register(Tags.security)
def webhook_secrets_can_be_read(**given: Any) -> list[CheckMessage]:
    secrets_of = {f"{OF_SOURCE}{name.upper()}": secrets for name, secrets in settings.WEBHOOK_SECRETS.items()}
    secrets_of["ALERT_WEBHOOK_SECRET"] = [settings.ALERT_WEBHOOK_SECRET]
    return [
        CheckWarning(_("%s não é base64: nenhuma assinatura confere com ele.") % name, id="carinho.W002")
        for name, secrets in secrets_of.items()
        if not all(is_base64(secret.strip().removeprefix("whsec_")) for secret in secrets)
    ]


@register()
def every_source_with_a_secret_exists(**given: Any) -> list[CheckMessage]:
    known = {f"{OF_SOURCE}{name.upper()}" for name in settings.SOURCES}
    named = {name.removesuffix("_FILE") for name in os.environ if name.startswith(OF_SOURCE)}
    return [
        CheckWarning(_("%s é ignorado: essa origem não existe.") % name, id="carinho.W003")
        for name in sorted(named - known)
    ]


@register()
def addresses_and_keys_come_together(**given: Any) -> list[CheckMessage]:
    """Whichever of the two is missing is silently the simulator's."""
    keys = {name: system["key"] for name, system in settings.SYSTEMS.items()}
    keys["whatsapp"] = settings.ZAPI["token"]
    own = {name for name, key in keys.items() if key != "simulator"}
    found = {
        _("%s tem endereço, mas nenhuma chave própria."): set(addresses.real()) - own,
        _("%s tem chave, mas nenhum endereço: o simulador recebe tudo o que é dele."): (
            set(addresses.simulated()) & own
        ),
    }
    return [
        CheckWarning(sentence % name, id="carinho.W004")
        for sentence, names in found.items()
        for name in sorted(names)
    ]


@register()
def nothing_is_removed_at_once(**given: Any) -> list[CheckMessage]:
    return [
        Error(
            _("%(setting)s é %(days)d: guarda-se pelo menos um dia.")
            % {"setting": kept.setting, "days": kept.days},
            id="carinho.E006",
        )
        for kept in {kept.setting: kept for kept in Kept.registry}.values()
        if kept.days < 1
    ]


def is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
