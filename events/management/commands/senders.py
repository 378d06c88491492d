"""`manage.py senders [--type TYPE]`: posts what the company's own systems post, as they post it."""

import random
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from carinho.simulator import senders
from events.management.commands._hub import Hub, add_hub_arguments
from events.management.commands.demo import key_of


class Command(BaseCommand):
    help = "Envia ao hub o que os sistemas da empresa enviam, do jeito deles: uma vez, sem id, sem repetir."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--type", action="append", choices=[*senders.SENT], help="um tipo; repita, ou deixe sem: todos"
        )
        add_hub_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        hub = Hub(options["url"], key_of(options["key"]))
        for type in options["type"] or senders.SENT:
            post = senders.SENT[type](random.Random())
            self.stdout.write(f"{post.system} {type} → {post.path}: {hub.post_as_system(post).status}")
