from argparse import ArgumentParser
from collections.abc import Mapping
from itertools import chain
from typing import Any

from sessions_app import clock
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import integrity_check, session_count
from sessions_app.services.turns import turns_check


class Command(OperatorCommand):
    """Checks the invariants of the stored data."""

    help = (
        "Check every stored session: seq without gap or repeat, totals, idempotency keys, erased "
        "contents, orphans, and turns and leases that no process works on. Exit 1 if something is "
        "wrong and was not repaired. Changes nothing without --repair; safe beside a live service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--repair",
            action="store_true",
            help="correct totals, finish erasures, remove orphans, end turns",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Check everything, and print each finding as it is made."""
        findings = []
        checked = 0

        def advance(done: int) -> None:
            # Counted here as well, for the closing line.
            nonlocal checked
            checked += done
            show(done)

        with self.progress("sessions", session_count()) as show:
            repair = options["repair"]
            # Turns last: they are checked against the clock, and may end meanwhile.
            for each in chain(
                integrity_check(repair=repair, progress=advance),
                turns_check(repair=repair, now=clock.now()),
            ):
                finding = {
                    "session_id": each.finding.session_id,
                    "damage": each.finding.damage.value,
                    "detail": each.finding.detail,
                    "repaired": each.repaired,
                }
                findings.append(finding)
                if not self.as_json:
                    self.stdout.write(_line(finding))
        # Repaired damage is no reason for a scheduled job to fail.
        well = all(finding["repaired"] for finding in findings)
        return {"checked": checked, "findings": findings}, well

    def describe(self, result: Mapping[str, Any]) -> str:
        findings = result["findings"]
        repaired = sum(finding["repaired"] for finding in findings)
        return (
            f"{result['checked']} sessions checked, {len(findings)} findings, {repaired} repaired"
        )


def _line(finding: Mapping[str, Any]) -> str:
    state = "repaired" if finding["repaired"] else "found"
    return f"{finding['session_id']}: {finding['damage']} ({finding['detail']}), {state}"
