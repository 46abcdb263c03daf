"""One tree per entity with H2O's segment models.

H2O has no single classification tree as such: this is a random forest of one tree that sees all
rows and columns and grows until its leaves are pure. Its splits are searched in histograms, so
it is not exact. An entity with one class only gets no model. The models are H2O's own binaries.
"""

import common


def to_h2o(frame, arguments):
    import h2o

    converted = h2o.H2OFrame(frame)
    for column in (arguments.key, arguments.target):
        converted[column] = converted[column].asfactor()
    return converted


def model_path(arguments, entity):
    return common.model_path(arguments.output_dir, entity).with_suffix(".h2o")


def train(arguments, wanted, stopwatch):
    import h2o
    from h2o.estimators import H2ORandomForestEstimator

    key, target = arguments.key, arguments.target
    h2o.init(nthreads=arguments.jobs, max_mem_size="4g", verbose=False)
    h2o.no_progress()
    training = common.Training()
    with stopwatch.measure("read"):
        frame = common.select(common.read_rows(arguments, arguments.input), key, wanted)
        converted = to_h2o(frame, arguments)
    with stopwatch.measure("fit"):
        tree = H2ORandomForestEstimator(
            ntrees=1, mtries=-2, sample_rate=1.0, max_depth=0, min_rows=1, seed=0
        )
        trained = tree.train_segments(segments=[key], y=target, training_frame=converted)
    with stopwatch.measure("serialize"):
        segments = trained.as_frame().as_data_frame()
        sizes = frame.groupby(frame[key].astype(str)).size()
        for segment in segments[segments["status"] == "SUCCEEDED"].itertuples(index=False):
            entity, model = str(segment[0]), h2o.get_model(segment.model)
            path = model_path(arguments, entity)
            model.download_model(str(path.parent), filename=path.name)
            training += common.Training(int(sizes[entity]), 1, path.stat().st_size)
    return training


def predict(arguments, entity, rows):
    import h2o

    path = model_path(arguments, entity)
    if not path.exists():
        return None
    predicted = h2o.upload_model(str(path)).predict(to_h2o(rows, arguments))
    return predicted["predict"].as_data_frame()["predict"].astype(str).to_numpy()


def measure_accuracy(arguments, wanted):
    """As `common.measure_accuracy`, with the saved models loaded back into H2O."""
    groups = common.test_groups(arguments, wanted)
    return common.share_right(arguments, groups, predict)


if __name__ == "__main__":
    common.run(
        train,
        common.argument_parser(__doc__.splitlines()[0], parallel=True).parse_args(),
        measure_accuracy=measure_accuracy,
        library="h2o",
    )
