"""One word for the whole hub, and the reasons for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitoring.models import Severity
from monitoring.rule import Finding, all_rules
from monitoring.snapshot import Snapshot

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


def findings(hub: Snapshot) -> list[Finding]:
    """Every reading over its limit: the worst first, and causes before what they cause."""
    judged = (rule.judge(reading) for rule in all_rules() for reading in rule.read(hub))
    found = [finding for finding in judged if finding is not None]
    return sorted(
        found, key=lambda finding: (finding.severity != Severity.CRITICAL, bool(finding.rule.symptom_of))
    )


def of(found: Iterable[Finding]) -> Verdict:
    """Critical as soon as one reason is; degraded with any; healthy without one."""
    reasons = [finding for finding in found if finding.rule.in_verdict]
    severities = {finding.severity for finding in reasons}
    if Severity.CRITICAL in severities:
        return Verdict(CRITICAL, reasons)
    return Verdict(DEGRADED if severities else HEALTHY, reasons)
