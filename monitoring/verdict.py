"""One word for the whole hub, and the reasons for it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from monitoring.health import Snapshot, Unmeasured
from monitoring.models import Severity
from monitoring.rule import Finding, Rule, all_rules

logger = logging.getLogger(__name__)

HEALTHY, DEGRADED, CRITICAL = "healthy", "degraded", "critical"
STATUS = {Severity.WARNING: DEGRADED, Severity.CRITICAL: CRITICAL}


@dataclass(frozen=True)
class Verdict:
    """`reasons` are the findings that count for it, the worst first."""

    status: str
    reasons: list[Finding]

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "rule": finding.rule.name,
                "severity": str(finding.severity),
                "message": finding.reading.message,
                "url": finding.reading.url,
                "value": finding.reading.value,
                "limit": finding.limit,
            }
            for finding in self.reasons
        ]


@dataclass(frozen=True)
class Evaluation:
    """What all rules say. Of those in `unread` nothing is known, so nothing follows for their alerts."""

    findings: list[Finding]
    unread: frozenset[str]


def evaluate(hub: Snapshot) -> Evaluation:
    """Hold every rule against the hub. One that breaks is a finding itself and stops no other."""
    found: list[Finding] = []
    broken: dict[str, Any] = {}
    unread: set[str] = set()
    for rule in all_rules():
        try:
            found += (finding for reading in rule.read(hub.strict) if (finding := rule.judge(reading)))
        except Unmeasured:  # said once, by the part itself
            unread.add(rule.name)
        except Exception:
            logger.exception("Rule broke", extra={"rule": rule.name})
            broken[rule.name] = rule.title
    if broken:
        rule = Rule.registry["unmeasured"]
        readings = rule.read(replace(hub, unmeasured=broken))
        found += (finding for reading in readings if (finding := rule.judge(reading)))
    found.sort(key=lambda finding: (finding.severity != Severity.CRITICAL, bool(finding.rule.symptom_of)))
    return Evaluation(found, frozenset(unread | broken.keys()))


def findings(hub: Snapshot) -> list[Finding]:
    """Every reading over its limit: the worst first, and causes before what they cause."""
    return evaluate(hub).findings


def of(found: Iterable[Finding]) -> Verdict:
    """Critical as soon as one reason is; degraded with any; healthy without one."""
    reasons = [finding for finding in found if finding.rule.in_verdict]
    severities = {finding.severity for finding in reasons}
    if Severity.CRITICAL in severities:
        return Verdict(CRITICAL, reasons)
    return Verdict(DEGRADED if severities else HEALTHY, reasons)
