"""The peer of prediction: a loop of scikit-learn pipelines, each on the rows of its own entity.

Trains the entities outside the clock and keeps the pipelines in memory, then predicts the
probabilities of the same rows, entity by entity, and takes the most probable class.
"""

import json
import time

import common


def main():
    arguments = common.argument_parser(__doc__).parse_args()
    output = common.take_output()
    key, target = arguments.key, arguments.target
    wanted = common.wanted_entities(arguments)
    frame = common.select(common.read_rows(arguments, arguments.input), key, wanted)
    entities = [
        (common.fit_model(rows, key, target), rows.drop(columns=[key, target]))
        for _, rows in frame.groupby(key, observed=True)
    ]
    started = time.perf_counter()
    for model, rows in entities:
        model.classes_[model.predict_proba(rows).argmax(axis=1)]
    seconds = time.perf_counter() - started
    report = {
        "peer": "predict_sklearn",
        "rows": len(frame),
        "entities": len(entities),
        "seconds": {"total": round(seconds, 4)},
        "versions": common.versions(None),
    }
    print(json.dumps(report), file=output)


if __name__ == "__main__":
    main()
