"""What was measured, as Markdown."""

from figures import loss_name, names
from reference import ENTITY_MEAN, PRUNED_TREE

# How much worse than the better of the two strategies a loss may be.
ALLOWANCE = 1.02


# The variants, as they head tables.
SPLIT_ONE = "--pruning none --category-splits one"
DEFAULTS = "defaults"
SHARED = "shared"
AS_CATEGORY = "LightGBM pooled, entity as category, rounds by CV"
NO_ENTITY = "LightGBM pooled, no entity"
NO_ENTITY_BY_CV = "LightGBM pooled, no entity, rounds by CV"

# One for each entity, which the entity's mean and its pruned tree are the measure of.
TREES = (SPLIT_ONE, DEFAULTS)
POOLED = (AS_CATEGORY, NO_ENTITY)


def report(results, reference, wanted):
    """All tables: shared models, trees, then the figures of classes, and of numbers."""
    parts = ["# Quality", INTRODUCTION, "## Shared models", SHARED_INTRODUCTION]
    parts += [PICTURE, against_wanted(results, wanted), against_pooled(results)]
    parts += ["## Trees", TREES_INTRODUCTION]
    for variant in TREES:
        chosen = {d: measured for d, measured in results.items() if variant in measured}
        parts += [f"### {variant}", verdicts(chosen, reference, variant)]
    for title, has_classes in (("Classes", True), ("Numbers", False)):
        chosen = {
            dataset: measured
            for dataset, measured in results.items()
            if dataset.has_classes == has_classes
        }
        if chosen:
            parts += [f"## {title}", all_figures(chosen, reference, has_classes)]
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """\
`benches/quality/run` wrote this: `train` and `predict` on nine datasets, with no flag but the \
input, the key, the target and those that head a table. Figures are means over the repetitions, \
each of all test rows together; the loss is log loss for classes and root mean squared error for \
numbers."""

PICTURE = "![The loss of each strategy over that of the best LightGBM, by dataset](quality.svg)"

SHARED_INTRODUCTION = f"""\
"{SHARED}" is `--trainer shared`. "Wanted" is what `reference.md` asks for, over as many \
repetitions as it names; it is met where it is to the digits shown. LightGBM was trained and asked \
on the same rows, on two threads. Training takes what `train` takes, start, reading and writing \
included, and with LightGBM its cross-validation and the model after it."""

TREES_INTRODUCTION = f"""\
"{ENTITY_MEAN}" and "{PRUNED_TREE}" are those of `reference.md`; the former was computed anew and \
agrees. A row that no model answers for gets the mean of all training rows."""


def against_wanted(results, wanted):
    rows = []
    for dataset, measured in results.items():
        if SHARED not in measured:
            continue
        for figure, bound in wanted[dataset.name].items():
            if figure != "repetitions":
                ours = measured[SHARED]["figures"][figure]
                rows.append((
                    dataset.name, figure, digits(bound), digits(ours),
                    "met" if is_met(ours, bound, figure) else "missed",
                ))
    return table(("dataset", "figure", "wanted", SHARED, "result"), rows)


def is_met(ours, bound, figure):
    less_is_better = figure in ("logloss", "rmse")
    return round(ours, 4) <= bound if less_is_better else round(ours, 4) >= bound


def against_pooled(results):
    head = (
        "dataset", "figure", SHARED, *POOLED, f"{SHARED} / best LightGBM",
        f"training: {SHARED}", f"training: {AS_CATEGORY}",
    )
    rows = []
    for dataset, measured in results.items():
        best = best_loss(dataset, measured)
        if SHARED not in measured or best is None:
            continue
        loss = loss_name(dataset.has_classes)
        losses = [
            digits(measured.get(name, {}).get("figures", {}).get(loss))
            for name in (SHARED, *POOLED)
        ]
        ratio = measured[SHARED]["figures"][loss] / best
        times = [seconds(measured.get(name)) for name in (SHARED, AS_CATEGORY)]
        rows.append((dataset.name, loss, *losses, f"{ratio:.3f}", *times))
    return table(head, rows)


def best_loss(dataset, measured):
    """The least loss of LightGBM, nothing where it was not measured."""
    loss = loss_name(dataset.has_classes)
    return min((measured[name]["figures"][loss] for name in POOLED if name in measured), default=None)


def seconds(measured):
    """Nothing where it was not measured, or not on a quiet machine."""
    taken = (measured or {}).get("seconds")
    return "" if taken is None else f"{taken:.1f} s"


def unknown_report(results):
    """What is said of entities that training has not seen."""
    rows = [
        (dataset.name, name, *figure_cells(result["figures"], dataset.has_classes, UNKNOWN_FIGURES),
         result["repetitions"])
        for dataset, measured in results.items()
        for name, result in measured.items()
    ]
    head = ("dataset", "strategy", *UNKNOWN_FIGURES, "repetitions")
    return "\n\n".join(("# Unknown entities", UNKNOWN_INTRODUCTION, table(head, rows))) + "\n"


UNKNOWN_FIGURES = ("accuracy", "auc", "logloss", "rmse")

UNKNOWN_INTRODUCTION = f"""\
`benches/quality/run --unknown-entities` wrote this: a fifth of the entities is held out with all \
its rows, and what was trained on the others answers for them. "{SHARED}" is `--trainer shared`."""


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


def figure_cells(figures, has_classes, chosen=None):
    return [digits(figures.get(name)) for name in chosen or names(has_classes)]


def digits(number):
    return "" if number is None else f"{number:.4f}"


def yes(holds):
    return "yes" if holds else "no"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
