from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sessions_app import clock
from sessions_app.management.arguments import seconds
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.expiry import AuditProgress, audit_count, expiry_audit_run

# One sweep a day is the least that an operator is expected to run.
GRACE_SECONDS = 86_400
# Further findings are only counted: one fault may be in every session.
FINDINGS_SHOWN = 1_000
NOTES = (
    "expired_not_swept", "held", "held_past_their_end", "of_another_default", "sweeps_cut_short",
)  # fmt: skip


class Command(OperatorCommand):
    """Proves that everything due has ended, and nothing else."""

    help = (
        "Check every session, everything that belongs to sessions, the receipts of sweeps and the "
        "clocks. Report sessions that should have ended, sessions that a sweep ended too early, "
        "times that contradict each other or lie in the future, orphans, and clocks that differ. "
        "Exit 1 if anything is wrong. Writes nothing; safe beside a live service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--grace",
            type=seconds,
            default=GRACE_SECONDS,
            metavar="SECONDS",
            help="how long a session may be overdue if no sweep has completed since "
            f"(default {GRACE_SECONDS:,}: one sweep a day)",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Audit, and print each finding as it is made."""
        audited = AuditProgress()
        wrong: Counter[str] = Counter()
        findings: list[dict[str, str]] = []
        with self.progress("documents", audit_count()) as show:
            for fault in expiry_audit_run(
                audited,
                now=clock.now(),
                grace=timedelta(seconds=options["grace"]),
                progress=show,
            ):
                wrong[fault.wrong.value] += 1
                if wrong.total() > FINDINGS_SHOWN:
                    continue
                finding = {
                    "wrong": fault.wrong.value,
                    "subject": fault.subject,
                    "detail": fault.detail,
                }
                findings.append(finding)
                if not self.as_json:
                    self.stdout.write(f"{fault.subject}: {fault.wrong} ({fault.detail})")
        return _result(audited, wrong, findings), not wrong

    def describe(self, result: Mapping[str, Any]) -> str:
        # None where no sweep has completed yet.
        last = result["last_sweep"]
        sessions = ", ".join(f"{n:,} {status}" for status, n in result["sessions"].items())
        clocks = ", ".join(f"{c['server']} {c['ahead_ms']:+,} ms" for c in result["clocks"])
        notes = ", ".join(
            f"{n:,} {name.replace('_', ' ')}" for name, n in result["notes"].items() if n
        )
        wrong = ", ".join(f"{n:,} {name}" for name, n in result["wrong"].items())
        lines = [
            f"sessions: {sessions or 'none'}; {result['belongings']:,} documents of theirs",
            f"sweeps: {result['sweeps']:,} receipts; "
            + (
                f"the last that got through went by {last['cutoff']}"
                if last
                else "none has got through"
            ),
            f"clocks, ahead of this machine's: {clocks}",
            f"not wrong, but good to know: {notes or 'nothing'}",
            f"wrong: {wrong or 'nothing'}",
        ]
        if result["findings_left_out"]:
            lines.append(f"{result['findings_left_out']:,} more findings are not shown")
        return "\n".join(lines)


def _result(
    audited: AuditProgress, wrong: Counter[str], findings: list[dict[str, str]]
) -> dict[str, Any]:
    last = audited.last_sweep
    return {
        "sessions": dict(sorted(audited.sessions.items())),
        "belongings": audited.belongings,
        "sweeps": audited.sweeps,
        "last_sweep": last
        and {
            "sweep_id": last.sweep_id,
            "mode": last.mode,
            "cutoff": last.cutoff.isoformat(timespec="milliseconds"),
            "archived": last.archived,
            "deleted": last.deleted,
            "purged": last.purged,
        },
        "clocks": [
            {
                "server": clock.server,
                "ahead_ms": round(clock.ahead.total_seconds() * 1_000),
                "uncertainty_ms": round(clock.uncertainty.total_seconds() * 1_000),
            }
            for clock in audited.clocks
        ],
        "notes": {name: audited.notes[name] for name in NOTES},
        "wrong": dict(wrong),
        "findings": findings,
        # So that a reader of the JSON knows that the list is not complete.
        "findings_left_out": wrong.total() - len(findings),
    }
