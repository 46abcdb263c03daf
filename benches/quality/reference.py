"""The figures of known strategies, as reference.md has them."""

import re

from dataset import quality_directory

ENTITY_MEAN = "entity mean"
PRUNED_TREE = "entity tree, CV-pruned"


def read_wanted():
    """Dataset, then figure: what it is to be at most or, where more is better, at least; and
    `repetitions`, how many it is the mean of."""
    wanted = {}
    for line in (quality_directory() / "reference.md").read_text().splitlines():
        if line.startswith("## "):
            name = line.removeprefix("## ").strip()
        elif line.startswith("Wanted: "):
            bounds = re.findall(r"(\w+) at (?:most|least) \*\*([\d.]+)\*\*", line)
            last = re.search(r"repetitions 0 to (\d+)", line)[1]
            wanted[name] = {figure: float(bound) for figure, bound in bounds}
            wanted[name]["repetitions"] = int(last) + 1
    return wanted


def read_reference():
    """Dataset, then strategy, then figure: its number. `repetitions` is one of the figures."""
    datasets = {}
    for line in (quality_directory() / "reference.md").read_text().splitlines():
        if line.startswith("## "):
            strategies = datasets[line.removeprefix("## ").strip()] = {}
        elif line.startswith("| strategy "):
            names = cells(line)[1:]
        elif line.startswith("| ") and not line.startswith("| ---"):
            strategy, *numbers = cells(line)
            strategies[strategy] = dict(zip(names, map(float, numbers), strict=True))
    return datasets


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def disagreements(expected, figures):
    """The figures that are not those of the reference, to the four digits that it shows."""
    return [
        f"{name} is {figures[name]:.4f}, in reference.md {expected[name]:.4f}"
        for name in figures
        if f"{figures[name]:.4f}" != f"{expected[name]:.4f}"
    ]
