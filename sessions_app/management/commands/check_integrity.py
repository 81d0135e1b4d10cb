from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from sessions_app import clock
from sessions_app.management.arguments import add_share_argument, moment, positive
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import (
    CheckedFinding,
    IntegrityCheck,
    Selection,
    session_count,
)
from sessions_app.services.turns import turns_check

FINDINGS_KEPT = 1_000
# From so many sessions on two processes are worth their start.
MANY = 20_000


class Command(OperatorCommand):
    """Checks the invariants of the stored data."""

    help = (
        "Check every stored session: seq without gap or repeat, totals, idempotency keys, erased "
        "contents, orphans, and turns and leases that no process works on. Exit 1 if something is "
        "wrong and was not repaired. Changes nothing without --repair; safe beside a live service. "
        "What a stopped run has checked, the next one does not check again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--repair",
            action="store_true",
            help="correct totals, finish erasures, remove orphans, end turns",
        )
        parser.add_argument(
            "--since", type=moment, metavar="TIME", help="only sessions with activity since then"
        )
        parser.add_argument(
            "--limit",
            type=positive,
            metavar="N",
            help="stop after N sessions; the next run goes on behind them",
        )
        parser.add_argument(
            "--processes",
            type=positive,
            metavar="N",
            help=f"work in N processes (default: 2 from {MANY:,} sessions on, else 1)",
        )
        parser.add_argument(
            "--restart",
            action="store_true",
            help="begin at the first session, though an earlier run was stopped on its way",
        )
        add_share_argument(parser)

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Check everything, and print each finding as it is made."""
        # Further findings are only counted: one fault may be in every session.
        findings: list[dict[str, Any]] = []
        self.finding_count = self.repaired_count = 0
        repair, total = options["repair"], session_count()
        selection = Selection(options["since"], options["limit"])
        processes = options["processes"] or (2 if total >= MANY else 1)
        check = IntegrityCheck(
            repair=repair, selection=selection, processes=processes, share=options["share"]
        )
        if options["restart"]:
            check.restart()
        if check.before.checked and not self.as_json:
            self.stderr.write(f"going on after {check.before.checked:,} sessions")
        with self.progress("sessions", total) as show:
            show(check.before.checked)
            for each in chain(check.run(show), self._turns(check, repair)):
                finding = {
                    "session_id": each.finding.session_id,
                    "damage": each.finding.damage.value,
                    "detail": each.finding.detail,
                    "repaired": each.repaired,
                }
                self.finding_count += 1
                self.repaired_count += each.repaired
                if self.finding_count <= FINDINGS_KEPT:
                    findings.append(finding)
                if not self.as_json:
                    self.stdout.write(_line(finding))
        # Repaired damage is no reason for a scheduled job to fail; what an earlier part of this
        # check has found and not repaired is.
        well = self.finding_count == self.repaired_count and not check.before.unrepaired
        result = {"checked": check.reached.checked, "findings": findings}
        more: dict[str, Any] = {} if check.complete else {"complete": False}
        if left_out := self.finding_count - len(findings):
            more["findings_left_out"] = left_out
        return result | more, well

    def _turns(self, check: IntegrityCheck, repair: bool) -> Iterator[CheckedFinding]:
        # Last: they are checked against the clock, and may end meanwhile.
        if check.complete:
            yield from turns_check(repair=repair, now=clock.now())

    def describe(self, result: Mapping[str, Any]) -> str:
        line = (
            f"{result['checked']} sessions checked, {self.finding_count} findings, "
            f"{self.repaired_count} repaired"
        )
        return line if result.get("complete", True) else f"{line}; run it again to go on"


def _line(finding: Mapping[str, Any]) -> str:
    state = "repaired" if finding["repaired"] else "found"
    return f"{finding['session_id']}: {finding['damage']} ({finding['detail']}), {state}"
