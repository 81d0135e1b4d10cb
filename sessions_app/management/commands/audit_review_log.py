"""`manage.py audit_review_log`."""

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sessions_app.management.operator import OperatorCommand
from sessions_app.services.review import review_log_audit, review_log_length


class Command(OperatorCommand):
    help = (
        "Verify the hash chain of the read log: no line was changed, removed or inserted. Exit 1 "
        "if one was. Prints the newest digest; note it elsewhere, and a later run with --noted "
        "proves that nothing before it has gone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--noted", default="", metavar="DIGEST", help="a digest that an earlier run printed"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        with self.progress("lines", review_log_length()) as show:
            audit, problems = review_log_audit(noted=options["noted"], progress=show)
        result = {**asdict(audit), "problems": [asdict(problem) for problem in problems]}
        return result, not problems

    def describe(self, result: Mapping[str, Any]) -> str:
        lines = [
            f"line {problem['seq']} ({problem['line_id'] or 'no id'}): {problem['problem']}"
            for problem in result["problems"]
        ]
        lines.append(
            f"{result['lines']:,} lines in the chain, {result['erased']:,} of erased people, "
            f"{result['unchained']:,} of before it"
        )
        lines.append(f"newest digest: {result['newest'] or 'none'}")
        return "\n".join(lines)
