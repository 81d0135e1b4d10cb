"""Tables of docs/scaling.md."""

from collections.abc import Sequence

from benchmarks.harness.markdown import Line, table
from benchmarks.published.figures import named


def scale_costs(lines: Sequence[Line]) -> str:
    """Requests and bytes."""
    head = ["request", "workers, ms", "mongod, ms", "answer, bytes"]
    rows = [
        [line["kind"], line["worker_ms"], line["mongod_ms"], round(line["bytes_out"])]
        for line in named(lines, "cost of a request")
    ]
    kept = named(lines, "cost of storage")[0]
    return table(head, rows) + (
        f"\n\nA message of 60 words takes {kept['message_bytes']:.0f} bytes in files, "
        f"{kept['index_bytes']:.0f} in indexes and {kept['derived_bytes']:.0f} for what is derived "
        f"from it (vectors, topics), all compressed as MongoDB does by itself. A session of the "
        f"small case takes {kept['warm_session_bytes'] / 1e3:.0f} kB in memory."
    )


def scale_checks(lines: Sequence[Line]) -> str:
    """Predicted, measured, error."""
    rows = [
        [line["what"], line["predicted"], line["measured"], f"{line['error_percent']:+.0f}%"]
        for line in named(lines, "check")
    ]
    return table(["", "predicted", "measured", "error"], rows)


def scale_plan(lines: Sequence[Line]) -> str:
    """The plan, and the same with one assumption changed."""
    columns = {
        "turns a second at the peak": "turns_a_second_peak",
        "worker nodes": "worker_nodes",
        "shards": "shards",
        "for processor, disk, memory": "",
        "database nodes": "database_nodes",
        "hot disk, GB": "hot_disk_gb",
        "in memory, GB": "warm_gb",
        "dollars a month": "dollars_a_month",
        "dollars a user and year": "dollars_a_user_year",
    }
    rows = [
        [line["case"], *(_planned(line, key) for key in columns.values())]
        for line in named(lines, "plan")
    ]
    return table(["", *columns], rows)


def _planned(line: Line, key: str) -> object:
    if not key:
        return ", ".join(str(line[f"shards_for_{one}"]) for one in ("processor", "disk", "memory"))
    if key == "dollars_a_user_year":
        return f"{line[key]:.3f}"
    return round(line[key])


def scale_money(lines: Sequence[Line]) -> str:
    """Where the money of the plan goes."""
    line = named(lines, "cost of the plan")[0]
    parts = {key: value for key, value in line.items() if key not in ("name", "benchmark")}
    noted = named(lines, "plan")[0]["prices_noted"]
    return table(["dollars a month", *parts], [["as assumed", *parts.values()]]) + (
        f"\n\nPrices are assumptions, noted {noted}: round figures near a large cloud's on-demand "
        "list, in `benchmarks/scale/assumptions.py` with the machines that they are for."
    )
