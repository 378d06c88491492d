"""`manage.py simulate crm down`: faults of the simulated systems on a switch."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, DjangoHelpFormatter

from carinho.simulator.client import Simulator, SimulatorError
from carinho.simulator.systems import SYSTEMS

SWITCHES = ("down", "hang", "drop", "drop_before")
EXAMPLES = """examples:
  simulate crm down
  simulate crm status 503 --retry-after 30
  simulate crm slow 50
  simulate zapi drop --times 1 --path send-text
  simulate crm ok
  simulate show
  simulate reset"""


class Formatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the examples one a line."""


class Command(BaseCommand):
    help = "Switch a fault of a simulated system on or off, show the faults, or reset everything."

    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, formatter_class=Formatter, epilog=EXAMPLES, **options
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("target", choices=[*SYSTEMS, "show", "reset"], metavar="SYSTEM|show|reset")
        parser.add_argument("kind", nargs="?", choices=["ok", "status", "slow", "drip", "garbage", *SWITCHES])
        parser.add_argument("value", nargs="?", help="the status, the milliseconds, or html|json")
        parser.add_argument("--retry-after", type=int, metavar="SECONDS", help="with status")
        parser.add_argument("--rate", type=float, help="share of the calls that are hit, 0 to 1")
        parser.add_argument("--times", type=int, help="calls that are hit before the system heals by itself")
        parser.add_argument("--path", help="only calls whose path contains this")

    def handle(self, *_: Any, **options: Any) -> str:
        try:
            return act(Simulator(settings.SIMULATOR_URL), options)
        except SimulatorError as error:
            raise CommandError(str(error)) from error


def act(simulator: Simulator, options: dict[str, Any]) -> str:
    """Do what was asked and say so in one sentence. Raises SimulatorError or CommandError."""
    target, kind = options["target"], options["kind"]
    if target == "show":
        return describe(simulator.faults())
    if target == "reset":
        simulator.reset()
        return "Records, counts and faults of every system are forgotten."
    if kind is None:
        raise CommandError(
            f"Say what happens to {target}: ok, status, slow, drip, garbage, {', '.join(SWITCHES)}."
        )
    if kind == "ok":
        simulator.heal(target)
        return f"{target} works."
    return describe({target: simulator.fault(target, **fault(options))})


def fault(options: dict[str, Any]) -> dict[str, Any]:
    """The fault as the simulator takes it. Raises CommandError."""
    limits = {name: options[name] for name in ("retry_after", "rate", "times", "path")}
    return {options["kind"]: value_of(options)} | {
        name: value for name, value in limits.items() if value is not None
    }


def value_of(options: dict[str, Any]) -> bool | int | str:
    kind, value = options["kind"], options["value"]
    if kind in SWITCHES:
        return True
    if kind == "garbage":
        return value or "html"
    if not (value or "").isdecimal():
        raise CommandError(f"{kind} needs a number, as in: simulate {options['target']} {kind} 503.")
    return int(value)


def describe(faults: dict[str, dict[str, Any]]) -> str:
    if not faults:
        return "Every system works."
    return "\n".join(f"{system}: {_in_words(fault)}." for system, fault in faults.items())


def _in_words(fault: dict[str, Any]) -> str:
    return ", ".join(name if value is True else f"{name} {value}" for name, value in fault.items())
