"""What was measured, as Markdown."""

from figures import loss_name, names
from reference import ENTITY_MEAN, PRUNED_TREE

# How much worse than the better of the two strategies a loss may be.
ALLOWANCE = 1.02


def report(results, reference, variants):
    """All tables: the verdicts, then the figures of targets of classes, and of numbers."""
    parts = ["# Quality", INTRODUCTION]
    for variant in variants:
        parts += [f"## {variant}", verdicts(results, reference, variant)]
    for title, has_classes in (("Classes", True), ("Numbers", False)):
        chosen = {
            dataset: measured
            for dataset, measured in results.items()
            if dataset.has_classes == has_classes
        }
        if chosen:
            parts += [f"## {title}", all_figures(chosen, reference, has_classes)]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = f"""\
`benches/quality/run` wrote this: `train` and `predict` on nine datasets, with no flag but the \
input, the key, the target and those that head a table. Figures are means over the repetitions, \
each of all test rows together; the loss is log loss for classes and root mean squared error for \
numbers. "{ENTITY_MEAN}" and "{PRUNED_TREE}" are those of `reference.md`; the former was computed \
anew and agrees. A row that no model answers for gets the mean of all training rows."""


def verdicts(results, reference, variant):
    head = (
        "dataset", ENTITY_MEAN, PRUNED_TREE, "ours", "ours / better",
        f"at most {ALLOWANCE}", "below both",
    )
    rows = []
    for dataset, measured in results.items():
        loss = loss_name(dataset.has_classes)
        known = [
            reference[dataset.name].get(strategy, {}).get(loss)
            for strategy in (ENTITY_MEAN, PRUNED_TREE)
        ]
        better = min(number for number in known if number is not None)
        ours = measured[variant]["figures"][loss]
        rows.append((
            dataset.name, *map(digits, known), digits(ours), f"{ours / better:.3f}",
            yes(ours <= ALLOWANCE * better), yes(ours < better),
        ))
    return table(head, rows)


def all_figures(results, reference, has_classes):
    head = ("dataset", "strategy", *names(has_classes), "repetitions", "rows without a model")
    rows = []
    for dataset, measured in results.items():
        for strategy in (ENTITY_MEAN, PRUNED_TREE):
            known = reference[dataset.name].get(strategy)
            if known is not None:
                rows.append((dataset.name, strategy, *figure_cells(known, has_classes),
                             f"{known['repetitions']:.0f}", ""))
        for variant, result in measured.items():
            rows.append((dataset.name, variant, *figure_cells(result["figures"], has_classes),
                         result["repetitions"], result["unanswered"]))
    return table(head, rows)


def gaps_report(lines):
    """How much learning missing values gains over dropping their rows, on the same test rows."""
    head = ("test rows", "rows", "log loss, dropped", "log loss, learnt", "gain")
    rows = [
        (name, f"{count:,}", digits(dropped), digits(learnt), f"{1 - learnt / dropped:.1%}")
        for name, count, dropped, learnt in lines
    ]
    return "\n\n".join(("# Missing values", GAPS_INTRODUCTION, table(head, rows))) + "\n"


GAPS_INTRODUCTION = """\
`benches/quality/run --flights-gaps` wrote this: flights_dest, trained with `--on-missing drop`, \
which leaves rows with a missing value out, and without; the test rows are the same. The gain is \
the share by which the log loss falls."""


def figure_cells(figures, has_classes):
    return [digits(figures[name]) for name in names(has_classes)]


def digits(number):
    return "" if number is None else f"{number:.4f}"


def yes(holds):
    return "yes" if holds else "no"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
