"""`manage.py conformance SYSTEM`: whether a staging copy of a system offers what the hub asks of it."""

import argparse
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from carinho.services import addresses, conformance, conformance_report, contract, peer_answer
from carinho.services.base import AUTH_HEADERS

SIMULATED = "simulator"  # the key where no setting says one: no secret


class Command(BaseCommand):
    help = "Testa cada chamada que o hub faz a um sistema, em uma cópia dele. Não precisa de banco de dados."
    requires_system_checks = ()

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("system", choices=sorted(settings.SYSTEMS), help=_("o sistema a testar"))
        parser.add_argument(
            "--url", help=_("endereço da cópia, até antes de /api/v1; sem ele, o de <SYSTEM>_URL")
        )
        parser.add_argument("--key", help=_("a chave que a cópia espera; sem ela, a de <SYSTEM>_API_KEY"))
        parser.add_argument(
            "--auth",
            choices=sorted(AUTH_HEADERS),
            help=_("onde vai a chave (Bearer: em Authorization); sem isso, como diz <SYSTEM>_AUTH"),
        )
        parser.add_argument(
            "--pages",
            choices=("cursor", "number"),
            help=_("como vão as páginas das listas; sem isso, como diz <SYSTEM>_PAGES"),
        )
        parser.add_argument(
            "--write",
            action="store_true",
            help=_("testa também as gravações, com registros de teste marcados: só em uma cópia"),
        )
        parser.add_argument("--json", action="store_true", help=_("o resultado em JSON, para programas"))
        parser.add_argument(
            "--id",
            action="append",
            default=[],
            metavar="NOME=NÚMERO",
            help=_("um registro que existe na cópia, como client=7; quantas vezes for preciso"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        system = settings.SYSTEMS[options["system"]]
        ids = dict(given.partition("=")[::2] for given in options["id"])
        records = contract.records_of(options["system"])
        numbered = {name for name, id in ids.items() if id.isascii() and id.isdecimal()}
        if wrong := [name for name in ids if name not in records or name not in numbered]:
            said = _("--id %(wrong)s: aqui vale %(known)s, cada um com um número, como em client=7.")
            raise CommandError(said % {"wrong": ", ".join(wrong), "known": ", ".join(records) or _("nenhum")})
        url = (options["url"] or system["url"]).rstrip("/")
        if wrong_address := addresses.wrong_in(url):
            raise CommandError(wrong_address)
        is_own = options["key"] is None and system["key"] != SIMULATED
        if is_own and url != system["url"].rstrip("/"):
            raise CommandError(
                _("Para outro endereço, diga a chave (--key): a do hub não é enviada para lá.")
            )
        check = conformance.Conformance(
            options["system"],
            url,
            system["key"] if options["key"] is None else options["key"],
            auth=options["auth"] or system["auth"],
            pages=options["pages"] or system["pages"],
            ids=ids,
        )
        try:
            report = check.run(writes=options["write"])
        except requests.RequestException as error:
            why = peer_answer.why_silent(error)
            raise CommandError(
                _("Ninguém responde em %(url)s: %(why)s.") % {"url": url, "why": why}
            ) from None
        as_printed = conformance_report.as_json if options["json"] else conformance_report.as_text
        self.stdout.write(as_printed(report))
        if not report.conforms:
            raise SystemExit(1)
