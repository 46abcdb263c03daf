"""One scikit-learn pipeline per entity, with Spark's applyInPandas on one machine."""

import os
import sys

import pandas

import common


def start_session(jobs):
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    # Tasks per core: few enough to be cheap, enough to even out entities of unequal size. Adaptive
    # execution would merge small partitions into one and so train all entities on one core.
    partitions = 4 * jobs
    session = (
        SparkSession.builder.master(f"local[{jobs}]")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.shuffle.partitions", partitions)
        .config("spark.sql.adaptive.coalescePartitions.enabled", False)
        .config("spark.ui.enabled", False)
        .getOrCreate()
    )
    session.sparkContext.addPyFile(common.__file__)
    return session


def read(session, arguments):
    path = str(arguments.input)
    if common.is_parquet(arguments.input):
        return session.read.parquet(path)
    columns, has_header = common.columns_of(arguments)
    options = {"ignoreLeadingWhiteSpace": True, "ignoreTrailingWhiteSpace": True, "nullValue": "?"}
    if has_header:
        return session.read.csv(path, header=True, inferSchema=True, **options)
    kinds = {column: "int" for column in common.ADULT_NUMBERS}
    schema = ", ".join(f"`{column}` {kinds.get(column, 'string')}" for column in columns)
    return session.read.csv(path, schema=schema, **options)


def train(arguments, wanted, stopwatch):
    key, target, directory = arguments.key, arguments.target, arguments.output_dir.absolute()

    def fit(names, rows):
        training = common.fit_and_save(directory, names[0], rows, key, target)
        return pandas.DataFrame([vars(training)])

    session = start_session(arguments.jobs)
    try:
        with stopwatch.measure("fit"):
            frame = read(session, arguments).dropna()
            if wanted is not None:
                frame = frame.where(frame[key].isin(wanted))
            schema = "rows long, entities long, model_bytes long"
            counts = frame.groupBy(key).applyInPandas(fit, schema).collect()
    finally:
        session.stop()
    return sum((common.Training(**row.asDict()) for row in counts), common.Training())


if __name__ == "__main__":
    common.run(
        train,
        common.argument_parser(__doc__, parallel=True).parse_args(),
        library="pyspark",
    )
