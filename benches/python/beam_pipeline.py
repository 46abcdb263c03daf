"""One scikit-learn pipeline per entity, with Apache Beam's direct runner.

Three quirks of the per-entity example that comes with Beam are kept on purpose:

- Its filter reads "complete and Bachelors or Masters or Doctorate". "and" binds tighter than
  "or", so incomplete rows of Masters and Doctorate pass.
- Fields are split at commas and not trimmed, so a missing value is " ?", never "?", and rows
  with missing values pass, too.
- Every field stays text, so numbers are one-hot encoded as well.
"""

import pandas
import pyarrow.parquet

import common


def fields_of_line(line):
    return line.split(",")


def fields_of_record(record):
    return [str(value) for value in record.values()]


def is_complete(fields, columns):
    return len(fields) == len(columns) and "?" not in fields


def is_adult_row(fields, columns):
    complete = is_complete(fields, columns)
    return complete and " Bachelors" in fields or " Masters" in fields or " Doctorate" in fields


def row_filter(arguments, wanted):
    """Which rows to keep, as a function of their fields."""
    columns, has_header = common.columns_of(arguments)
    adult_levels = arguments.key == common.ADULT_KEY and not arguments.all_levels
    passes = is_adult_row if adult_levels and not has_header else is_complete
    key = columns.index(arguments.key)
    names = None if wanted is None else {str(entity) for entity in wanted}

    def keep(fields):
        return passes(fields, columns) and (names is None or fields[key].strip() in names)

    return keep


def train(arguments, wanted, stopwatch):
    import apache_beam
    from apache_beam.metrics import Metrics

    columns, has_header = common.columns_of(arguments)
    key = columns.index(arguments.key)
    keep = row_filter(arguments, wanted)
    if common.is_parquet(arguments.input):
        pattern = arguments.input / "*.parquet" if arguments.input.is_dir() else arguments.input
        source = apache_beam.io.ReadFromParquet(str(pattern))
        split = fields_of_record
    else:
        path = str(arguments.input)
        source = apache_beam.io.ReadFromText(path, skip_header_lines=int(has_header))
        split = fields_of_line

    def fit(group):
        entity, rows = group[0], pandas.DataFrame(list(group[1]), columns=columns)
        Metrics.counter("training", "rows").inc(len(rows))
        Metrics.counter("training", "entities").inc()
        return entity, common.fit_model(rows, arguments.key, arguments.target)

    def save(fitted):
        size = common.save_model(arguments.output_dir, *fitted)
        Metrics.counter("training", "model_bytes").inc(size)

    with stopwatch.measure("fit"):
        pipeline = apache_beam.Pipeline()
        (
            pipeline
            | "Read" >> source
            | "Split" >> apache_beam.Map(split)
            | "Keep" >> apache_beam.Filter(keep)
            | "Add key" >> apache_beam.Map(lambda fields: (fields[key].strip(), fields))
            | "Group" >> apache_beam.GroupByKey()
            | "Fit" >> apache_beam.Map(fit)
            | "Save" >> apache_beam.Map(save)
        )
        result = pipeline.run()
        result.wait_until_finish()
    counters = result.metrics().query()["counters"]
    return common.Training(**{item.key.metric.name: item.committed for item in counters})


def measure_accuracy(arguments, wanted):
    """As `common.measure_accuracy`, on test rows that are read and filtered like the others."""
    columns, has_header = common.columns_of(arguments)
    keep = row_filter(arguments, wanted)
    if common.is_parquet(arguments.test):
        records = pyarrow.parquet.read_table(arguments.test).to_pylist()
        rows = [fields_of_record(record) for record in records]
    else:
        lines = arguments.test.read_text().splitlines()[int(has_header) :]
        rows = [fields_of_line(line) for line in lines]
    frame = pandas.DataFrame([fields for fields in rows if keep(fields)], columns=columns)
    frame[arguments.target] = frame[arguments.target].str.rstrip(".")
    groups = frame.groupby(frame[arguments.key].str.strip())
    return common.share_right(arguments, groups)


if __name__ == "__main__":
    common.run(
        train,
        common.argument_parser(__doc__.splitlines()[0]).parse_args(),
        measure_accuracy=measure_accuracy,
        library="apache_beam",
    )
