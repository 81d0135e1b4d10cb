import argparse
import io
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from rich import box
from rich.console import Console
from rich.table import Table

from sessions_app.domain.audit.plot import plot
from sessions_app.domain.audit.tally import Tally
from sessions_app.domain.data import Strategy
from sessions_app.domain.window import MIN_BUDGET
from sessions_app.management.arguments import add_walk_arguments, moment, positive, writable_file
from sessions_app.management.operator import WRONG_FOUND, OperatorCommand
from sessions_app.services.audits import context_audit, session_count

# A fixed width: the output is the same on every terminal and in a pipe.
_COLUMNS = 100
# The greatest `max_tokens` of a policy.
_MAX_BUDGET = 1_000_000


class Command(OperatorCommand):
    """Replays every session's window and proves the promises."""

    help = (
        "Replay each stored session's context window as of its newest message. Report what is "
        "trimmed and why, what each strategy would keep, and every broken promise, such as a "
        "window over its budget, a split tool pair or a wrong token count. Exit 1 if a promise is "
        "broken. Writes nothing and encodes no stored message: without vectors, messages are "
        "ranked by their words. Safe beside a live service."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", metavar="ID", help="only the sessions of this user")
        parser.add_argument(
            "--max-tokens",
            type=_budget,
            metavar="N",
            help="this budget instead of each session's own",
        )
        parser.add_argument(
            "--strategy",
            type=Strategy,
            choices=list(Strategy),
            metavar="S",
            help=f"this strategy instead of each session's own: {', '.join(Strategy)}",
        )
        parser.add_argument(
            "--since",
            type=moment,
            metavar="T",
            help="only sessions with activity since then, such as 2026-01-31 or "
            "2026-01-31T12:00:00Z; UTC where it names no offset",
        )
        # An audit of all sessions may take hours; a sample takes minutes.
        parser.add_argument("--limit", type=positive, metavar="N", help="the first N sessions")
        parser.add_argument(
            "--plot",
            type=writable_file,
            metavar="FILE",
            help="draw what each strategy keeps, as SVG",
        )
        add_walk_arguments(parser)

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Audit, and print each broken promise as it is found."""
        user, limit = options["user"], options["limit"]
        walk = self.walk(_name(options), options)
        tally = Tally.going_on(walk.before.counted)
        walk.counts, before = tally.counted, tally.sessions
        total = session_count(user_id=user)
        # The total is an estimate; the bar only needs to be near.
        with self.progress("sessions", total if limit is None else min(limit, total)) as show:
            show(walk.done)
            for audited in context_audit(
                user_id=user,
                max_tokens=options["max_tokens"],
                strategy=options["strategy"],
                since=options["since"],
                limit=limit,
                progress=show,
                walk=walk,
            ):
                for finding in tally.add(audited):
                    # Printed as they come: an audit may take hours.
                    if not self.as_json:
                        self.stdout.write(_line(finding))
        walk.end(stopped=limit is not None and tally.sessions - before >= limit)
        result = tally.as_json()
        if options["plot"]:
            _write(options["plot"], plot(result))
        return result, tally.well

    def describe(self, result: Mapping[str, Any]) -> str:
        """Tables of what each strategy keeps and of what is trimmed and why, then the promises."""
        console = Console(file=io.StringIO(), width=_COLUMNS)
        with console.capture() as captured:
            console.print(_strategies(result))
            if result["trimmed"]["reasons"]:
                console.print(_reasons(result))
        lines = [line.rstrip() for line in captured.get().splitlines()]
        return "\n".join([*lines, *_sentences(result)]).lstrip("\n")


def _name(options: Mapping[str, Any]) -> str:
    """What is audited: a run that audits something else does not go on with it."""
    chosen = (f"{name} {options[name]}" for name in ("max_tokens", "strategy", "since")
              if options[name] is not None)  # fmt: skip
    return " ".join(["audit_context", *chosen])


def _strategies(result: Mapping[str, Any]) -> Table:
    table = Table("strategy", box=box.SIMPLE_HEAD)
    for heading in ("messages kept", "share", "tokens kept", "share"):
        table.add_column(heading, justify="right")
    for strategy, amount in result["strategies"].items():
        table.add_row(
            strategy,
            f"{amount['messages']:,}",
            _percent(amount["message_share"]),
            f"{amount['tokens']:,}",
            _percent(amount["token_share"]),
        )
    stored = result["stored"]
    table.add_section()
    table.add_row("stored", f"{stored['messages']:,}", "", f"{stored['tokens']:,}", "")
    return table


def _reasons(result: Mapping[str, Any]) -> Table:
    table = Table("trimmed because", box=box.SIMPLE_HEAD)
    for heading in ("messages", "tokens"):
        table.add_column(heading, justify="right")
    trimmed = result["trimmed"]
    for reason, amount in trimmed["reasons"].items():
        table.add_row(reason, f"{amount['messages']:,}", f"{amount['tokens']:,}")
    table.add_section()
    table.add_row("in all", f"{trimmed['messages']:,}", f"{trimmed['tokens']:,}")
    return table


def _sentences(result: Mapping[str, Any]) -> list[str]:
    sessions = result["sessions"]
    # Windows that hold everything rank nothing.
    ranked = {name: count for name, count in result["rankings"].items() if name != "none"}
    lines = [
        f"{sessions:,} sessions replayed, {result['sessions_trimmed']:,} of them trimmed; "
        f"{result['sessions_with_vectors']:,} have vectors",
        "older messages were ranked in "
        + (", ".join(f"{count:,} ({name})" for name, count in ranked.items()) or "none of them"),
    ]
    if result["sessions_without_window"]:
        lines.append(
            f"{result['sessions_without_window']:,} have no window: the system prompt and the "
            "newest user message exceed the budget"
        )
    if result["findings_left_out"]:
        lines.append(f"{result['findings_left_out']:,} more findings are not shown")
    broken = {name: count for name, count in result["broken"].items() if count}
    lines.append("broken promises: " + (_counts(broken) if broken else "none"))
    return lines


def _counts(broken: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in broken.items())


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _line(finding: Mapping[str, Any]) -> str:
    where = finding["session_id"]
    where += f" seq {finding['seq']}" if finding["seq"] is not None else ""
    under = f" under {finding['strategy']}" if finding["strategy"] else ""
    return f"{where}: {finding['promise']} ({finding['detail']}){under}"


def _write(path: Path, drawing: str) -> None:
    try:
        path.write_text(drawing, encoding="utf-8")
    # The audit is done: its result must not be lost in a traceback.
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", returncode=WRONG_FOUND) from error


def _budget(text: str) -> int:
    number = positive(text)
    if not MIN_BUDGET <= number <= _MAX_BUDGET:
        raise argparse.ArgumentTypeError(f"must be from {MIN_BUDGET} to {_MAX_BUDGET:,}")
    return number
