"""One scikit-learn pipeline per entity, with Ray Data's map_groups on one machine."""

import os

import pandas
import pyarrow

import common


def train(arguments, wanted, stopwatch):
    import ray

    key, target, directory = arguments.key, arguments.target, arguments.output_dir.absolute()

    def plain_text(table):
        # pyarrow has no kernel for taking rows of string views, which Polars writes.
        views = pyarrow.types.is_string_view
        fields = [
            field.with_type(pyarrow.string()) if views(field.type) else field
            for field in table.schema
        ]
        return table.cast(pyarrow.schema(fields))

    def complete(rows):
        return common.select(rows.dropna(), key, wanted)

    def fit(rows):
        training = common.fit_and_save(directory, rows[key].iloc[0], rows, key, target)
        return pandas.DataFrame([vars(training)])

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(num_cpus=arguments.jobs, include_dashboard=False, log_to_driver=False)
    try:
        if common.is_parquet(arguments.input):
            dataset = ray.data.read_parquet(str(arguments.input)).map_batches(
                plain_text, batch_format="pyarrow"
            )
        else:
            with stopwatch.measure("read"):
                dataset = ray.data.from_pandas(common.read_rows(arguments, arguments.input))
        with stopwatch.measure("fit"):
            selected = dataset.map_batches(complete, batch_format="pandas")
            groups = selected.groupby(key, num_partitions=4 * arguments.jobs)
            counts = groups.map_groups(fit, batch_format="pandas").take_all()
    finally:
        ray.shutdown()
    return sum((common.Training(**row) for row in counts), common.Training())


if __name__ == "__main__":
    common.run(
        train,
        common.argument_parser(__doc__, parallel=True).parse_args(),
        library="ray",
    )
