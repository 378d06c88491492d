"""The time zone of the company, in which a family reads a time and a sender who names no zone means it."""

from zoneinfo import ZoneInfo

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
