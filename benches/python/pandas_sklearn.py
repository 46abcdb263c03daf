"""One scikit-learn pipeline per entity, in a plain loop over pandas groups."""

import common


def train(arguments, wanted, stopwatch):
    key, target = arguments.key, arguments.target
    training = common.Training()
    with stopwatch.measure("read"):
        frame = common.select(common.read_rows(arguments, arguments.input), key, wanted)
    for entity, rows in frame.groupby(key, observed=True):
        with stopwatch.measure("fit"):
            model = common.fit_model(rows, key, target)
        with stopwatch.measure("serialize"):
            size = common.save_model(arguments.output_dir, entity, model)
        training += common.Training(len(rows), 1, size)
    return training


if __name__ == "__main__":
    common.run(train, common.argument_parser(__doc__).parse_args())
