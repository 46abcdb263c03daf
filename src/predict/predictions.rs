//! The predictions for the rows of a frame, filled in entity by entity.

use std::ops::Range;

use polars::prelude::*;
use rayon::prelude::*;

use super::added::AddedColumns;
use super::answers::Answered;
use crate::model::BoundModel;

/// What answers for the rows of an entity.
pub(super) enum Answer<'a> {
    Own(BoundModel<'a>),
    Parent(BoundModel<'a>),
    Fallback(&'a BoundModel<'a>),
    Shared(BoundModel<'a>),
    None,
}

/// Rows in the order in which they are predicted: entity after entity.
pub(super) struct Predictions {
    rows: Vec<u32>,
    /// Numbers of a row: the probability of each class, or a quantity.
    width: usize,
    /// By place in `rows`: the class, or [`NONE`], which it is of quantities.
    class: Vec<u32>,
    /// By place and class, or by place.
    numbers: Vec<f64>,
    answers: Vec<By>,
}

/// No class.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, PartialEq)]
enum By {
    Own,
    Parent,
    Fallback,
    Shared,
    Nothing,
}

/// Rows that one thread predicts at a time.
const TASK_ROWS: usize = 4_096;

struct Task<'a> {
    answer: &'a Answer<'a>,
    rows: &'a [u32],
    class: &'a mut [u32],
    numbers: &'a mut [f64],
    answers: &'a mut [By],
}

impl Predictions {
    /// Nothing yet for these rows; without classes, quantities are predicted.
    pub fn new(rows: Vec<u32>, class_count: usize) -> Self {
        let (height, width) = (rows.len(), class_count.max(1));
        Self {
            rows,
            width,
            class: vec![NONE; height],
            numbers: vec![0.0; height * width],
            answers: vec![By::Nothing; height],
        }
    }

    /// Fills in adjoining entities: what answers for each, and where its rows are.
    pub fn fill(&mut self, answers: &[(Answer<'_>, Range<usize>)]) {
        let first = answers.first().map_or(0, |(_, places)| places.start);
        let mut class = &mut self.class[first..];
        let mut numbers = &mut self.numbers[first * self.width..];
        let mut by = &mut self.answers[first..];
        let mut tasks = Vec::with_capacity(answers.len());
        for (answer, places) in answers {
            for rows in self.rows[places.clone()].chunks(TASK_ROWS) {
                let count = rows.len() * self.width;
                tasks.push(Task {
                    answer,
                    rows,
                    class: class.split_off_mut(..rows.len()).unwrap_or_default(),
                    numbers: numbers.split_off_mut(..count).unwrap_or_default(),
                    answers: by.split_off_mut(..rows.len()).unwrap_or_default(),
                });
            }
        }
        tasks.into_par_iter().for_each(Task::run);
    }

    /// How many rows were answered by what.
    pub fn answered(&self) -> Answered {
        let count = |by| self.answers.iter().filter(|other| **other == by).count() as u64;
        Answered {
            own: count(By::Own),
            parent: count(By::Parent),
            fallback: count(By::Fallback),
            shared: count(By::Shared),
            none: count(By::Nothing),
        }
    }

    /// The columns `prediction`, one `probability_C` for each class `C`, and `model`, with the
    /// rows in the order of the frame. Predictions are whole numbers where that is asked for and
    /// all classes are; without classes they are quantities.
    pub fn into_columns(
        self,
        classes: &[String],
        whole_numbers: bool,
        added: &AddedColumns,
    ) -> Vec<Column> {
        let mut place_of = vec![0u32; self.rows.len()];
        for (place, &row) in self.rows.iter().enumerate() {
            place_of[row as usize] = place as u32;
        }
        let by_row = ByRow {
            predictions: &self,
            place_of: &place_of,
            added,
        };
        let (probabilities, (prediction, models)) = rayon::join(
            || by_row.probabilities(classes),
            || {
                rayon::join(
                    || match classes {
                        [] => by_row.quantities(),
                        _ => by_row.classes(classes, whole_numbers),
                    },
                    || by_row.models(),
                )
            },
        );
        let mut columns = vec![prediction];
        columns.extend(probabilities);
        columns.push(models);
        columns
    }
}

/// Predictions in the order of the frame's rows.
struct ByRow<'a> {
    predictions: &'a Predictions,
    place_of: &'a [u32],
    added: &'a AddedColumns,
}

impl ByRow<'_> {
    /// The places of the rows, nothing for those without a prediction.
    fn places(&self) -> impl Iterator<Item = Option<usize>> {
        self.place_of.iter().map(|&place| {
            let place = place as usize;
            (self.predictions.answers[place] != By::Nothing).then_some(place)
        })
    }

    fn classes(&self, classes: &[String], whole_numbers: bool) -> Column {
        let name = self.added.name("prediction").into();
        let class = |place: usize| self.predictions.class[place] as usize;
        let number = |class: &String| class.parse().ok().filter(|_| whole_numbers);
        if let Some(numbers) = classes.iter().map(number).collect::<Option<Vec<i64>>>() {
            let numbers = self.places().map(|place| Some(numbers[class(place?)]));
            return Int64Chunked::from_iter_options(name, numbers).into_column();
        }
        let texts = self.places();
        let texts = texts.map(|place| Some(classes[class(place?)].as_str()));
        StringChunked::from_iter_options(name, texts).into_column()
    }

    fn quantities(&self) -> Column {
        let values = self.places();
        let values = values.map(|place| Some(self.predictions.numbers[place?]));
        Float64Chunked::from_iter_options(self.added.name("prediction").into(), values)
            .into_column()
    }

    fn probabilities(&self, classes: &[String]) -> Vec<Column> {
        let width = self.predictions.width;
        let columns = classes.par_iter().enumerate().map(|(class, text)| {
            let name = self.added.name(&format!("probability_{text}")).into();
            let value = |place: usize| self.predictions.numbers[place * width + class];
            let values = self.places().map(|place| place.map(value));
            Float64Chunked::from_iter_options(name, values).into_column()
        });
        columns.collect()
    }

    fn models(&self) -> Column {
        let models =
            self.place_of
                .iter()
                .map(|&place| match self.predictions.answers[place as usize] {
                    By::Own => "own",
                    By::Parent => "parent",
                    By::Fallback => "fallback",
                    By::Shared => "shared",
                    By::Nothing => "none",
                });
        StringChunked::from_iter_values(self.added.name("model").into(), models).into_column()
    }
}

impl Task<'_> {
    fn run(self) {
        let (model, by) = match self.answer {
            Answer::Own(model) => (model, By::Own),
            Answer::Parent(model) => (model, By::Parent),
            Answer::Fallback(model) => (*model, By::Fallback),
            Answer::Shared(model) => (model, By::Shared),
            Answer::None => return,
        };
        self.answers.fill(by);
        let row_of = |_, place: usize| self.rows[place] as usize;
        model.predict(row_of, self.numbers, self.class);
    }
}
