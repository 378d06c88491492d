"""`manage.py demo`: sample traffic of every event type, until somebody ends it."""

import os
import random
import signal
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carinho.access import bootstrap
from carinho.services import addresses
from carinho.simulator import senders
from events.demo import scenarios
from events.management.commands._hub import Hub, Silent, add_hub_arguments

SHARE_OF_SYSTEMS = 0.25  # of the events, as many more come as the company's systems send theirs
ALARMING = {"lgpd.deadline.overdue", "lgpd.deadline.critical", "lgpd.compliance.audit.failed"}
CALM = [type for type in senders.SENT if type not in ALARMING]  # a demonstration begins with all well
SECONDS_TO_START = 10  # the hub may be starting beside us


class Command(BaseCommand):
    help = "Envia ao hub, sem parar, eventos de exemplo de famílias inventadas."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds-between", type=float, default=4, help="segundos entre dois eventos")
        add_hub_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        if real := addresses.real():
            self.stdout.write(reason_against(real))
            return
        hub = Hub(options["url"], key_of(options["key"]))
        hub.wait(SECONDS_TO_START)
        self.stdout.write(f"Enviando eventos de exemplo para {hub.url}.")
        dice = random.Random()
        for envelope in scenarios.endless(dice):
            self.send(hub, envelope)
            if dice.random() < SHARE_OF_SYSTEMS:
                self.post_as_system(hub, dice)
            time.sleep(options["seconds_between"])

    def post_as_system(self, hub: Hub, dice: random.Random) -> None:
        """What one of the company's systems sends; like it, never again."""
        post = senders.SENT[dice.choice(CALM)](dice)
        try:
            answer = hub.post_as_system(post)
        except Silent as silent:
            self.stderr.write(str(silent))
            return
        if not answer.was_accepted:
            self.stderr.write(f"{post.type}: {answer}")

    def send(self, hub: Hub, envelope: scenarios.Envelope) -> None:
        """Print what went wrong and go on: the hub may be starting again."""
        try:
            answer = hub.send(envelope)
        except Silent as silent:
            self.stderr.write(str(silent))
            hub.wait(float("inf"))
            return
        if not answer.was_accepted:
            self.stderr.write(f"{envelope['type']}: {answer}")


def key_of(given: str) -> str:
    """The key to send with: the given one, the environment's, or the one made for the demonstration."""
    key = given or os.environ.get("HUB_API_KEY") or bootstrap.read().api_key
    if not key:
        raise CommandError("Falta a chave de API: use --key ou HUB_API_KEY.")
    return key


def reason_against(names: list[str]) -> str:
    """Invented people belong in no real system, and some of their numbers to somebody."""
    return (
        f"Nada foi enviado: {', '.join(names)} não é o simulador, e famílias inventadas não devem chegar "
        "a sistemas nem a pessoas de verdade."
    )
