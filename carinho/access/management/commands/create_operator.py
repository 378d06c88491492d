"""`manage.py create_operator ana --role Operador [--email …] [--ask]`: a person who may enter."""

from getpass import getpass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from carinho.access import people, roles


class Command(BaseCommand):
    help = "Cria uma pessoa e mostra uma senha provisória, que ela troca ao entrar."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="o login")
        parser.add_argument(
            "--role", required=True, choices=[roles.VIEWER, roles.OPERATOR, roles.ADMINISTRATOR]
        )
        parser.add_argument("--email", default="")
        parser.add_argument("--ask", action="store_true", help="pergunta a senha, em vez de fazer uma")

    def handle(self, *args: Any, **options: Any) -> None:
        password = getpass("Senha: ") if options["ask"] else ""
        if options["ask"] and password != getpass("De novo: "):
            raise CommandError("As senhas não são iguais.")
        try:
            _user, made = people.create(
                options["name"],
                options["role"],
                email=options["email"],
                password=password,
                actor="command",
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(made or "Pronto.")
