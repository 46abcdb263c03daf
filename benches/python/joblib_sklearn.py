"""One scikit-learn pipeline per entity, with joblib's processes over pandas groups."""

import joblib

import common


def train(arguments, wanted, stopwatch):
    key, target = arguments.key, arguments.target
    with stopwatch.measure("read"):
        frame = common.select(common.read_rows(arguments, arguments.input), key, wanted)
    with stopwatch.measure("fit"):
        trainings = joblib.Parallel(n_jobs=arguments.jobs)(
            joblib.delayed(common.fit_and_save)(arguments.output_dir, entity, rows, key, target)
            for entity, rows in frame.groupby(key, observed=True)
        )
    return sum(trainings, common.Training())


if __name__ == "__main__":
    common.run(train, common.argument_parser(__doc__, parallel=True).parse_args())
