"""Line plots as small SVG files, the same bytes for the same figures."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness.plot import COLOURS, Points

_MARKERS = "osD^vPX*"


def lines(
    path: Path,
    title: str,
    series: Mapping[str, Points],
    *,
    x: str,
    y: str,
    levels: Mapping[str, float] = {},
) -> None:
    """Write `series` over two logarithmic axes; `levels` are dashed lines across, by name."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.ticker import FuncFormatter

    # Text stays text, so that the file is small, and its ids and date do not change by themselves.
    style = {"svg.fonttype": "none", "svg.hashsalt": path.name, "font.size": 10}
    with pyplot.rc_context(style):
        figure, axes = pyplot.subplots(figsize=(7.2, 4.2), layout="constrained")
        for place, (name, points) in enumerate(series.items()):
            axes.plot(
                *zip(*points, strict=True),
                label=name,
                color=COLOURS[place % len(COLOURS)],
                marker=_MARKERS[place % len(_MARKERS)],
                markersize=4,
                linestyle="-" if place < len(COLOURS) else "--",
            )
        for name, level in levels.items():
            axes.axhline(level, color="#888", linestyle=":", linewidth=1)
            axes.annotate(
                name, (1, level), xycoords=("axes fraction", "data"), ha="right", va="bottom",
                fontsize=8, color="#555",
            )  # fmt: skip
        axes.set(title=title, xlabel=x, ylabel=y, xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(_plain))
        axes.grid(which="major", color="#ddd", linewidth=0.6)
        axes.legend(fontsize=8, frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)


def _plain(value: float, _: object) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
