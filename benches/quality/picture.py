"""The losses as a picture: each over that of the best LightGBM, on a logarithmic scale."""

import matplotlib

matplotlib.use("svg")

from figures import loss_name  # noqa: E402
from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator  # noqa: E402
from report import AS_CATEGORY, DEFAULTS, NO_ENTITY, SHARED, best_loss  # noqa: E402

# The variants that are drawn, with what they are called, a colour and a marker.
DRAWN = {
    DEFAULTS: ("a tree for each entity", "#999999", "s"),
    NO_ENTITY: ("LightGBM, no entity", "#e69f00", "v"),
    AS_CATEGORY: ("LightGBM, entity as category, rounds by CV", "#d55e00", "^"),
    SHARED: ("shared", "#0072b2", "o"),
}
TICKS = (0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4)


def draw(results, path):
    """Every dataset that LightGBM was measured on. The same figures make the same bytes."""
    settings = {"svg.hashsalt": "quality", "svg.fonttype": "none", "font.family": "sans-serif"}
    with pyplot.rc_context(settings):
        chosen = {d: measured for d, measured in results.items() if best_loss(d, measured)}
        figure, axes = pyplot.subplots(figsize=(9, 1.8 + 0.45 * len(chosen)))
        for variant, (label, colour, marker) in DRAWN.items():
            points = [
                (measured[variant]["figures"][loss_name(d.has_classes)] / best_loss(d, measured), row)
                for row, (d, measured) in enumerate(chosen.items())
                if variant in measured
            ]
            if points:
                ratios, rows = zip(*points)
                axes.scatter(
                    ratios, rows, s=60, color=colour, marker=marker, label=label, zorder=3
                )
        axes.axvline(1, color="#444444", linewidth=1)
        axes.set_yticks(range(len(chosen)), [dataset.name for dataset in chosen])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(TICKS))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g} ×"))
        axes.grid(axis="x", color="#dddddd")
        axes.set_xlabel("loss over that of the best LightGBM (less is better)")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
        pyplot.close(figure)
