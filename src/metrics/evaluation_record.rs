//! An evaluation as it is kept, to be added up elsewhere to the last bit.

use serde::{Deserialize, Serialize};

use super::classification::ClassificationRecord;
use super::evaluation::Evaluation;
use super::regression::RegressionRecord;
use crate::error::EvaluationError;
use crate::schema::Task;

/// An evaluation as it is kept, to be added up elsewhere to the last bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum EvaluationRecord {
    Classification(ClassificationRecord),
    Regression(RegressionRecord),
}

impl From<&Evaluation> for EvaluationRecord {
    fn from(evaluation: &Evaluation) -> Self {
        match evaluation {
            Evaluation::Classification(rows) => Self::Classification(rows.into()),
            Evaluation::Regression(rows) => Self::Regression(rows.into()),
        }
    }
}

impl EvaluationRecord {
    /// The evaluation, of a task and so many classes.
    ///
    /// # Errors
    ///
    /// [`EvaluationError::Task`], and [`EvaluationError::Record`] where it does not fit together.
    pub fn evaluation(self, task: Task, classes: usize) -> Result<Evaluation, EvaluationError> {
        match (self, task) {
            (Self::Classification(record), Task::Classification) => {
                Ok(record.evaluation(classes)?.into())
            }
            (Self::Regression(record), Task::Regression) => Ok(record.evaluation()?.into()),
            (_, expected) => Err(EvaluationError::Task {
                expected,
                found: match expected {
                    Task::Classification => Task::Regression,
                    Task::Regression => Task::Classification,
                },
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{ClassificationEvaluation, RegressionEvaluation};

    fn again(evaluation: &Evaluation, classes: usize) -> Evaluation {
        let mut bytes = Vec::new();
        let record = EvaluationRecord::from(evaluation);
        ciborium::into_writer(&record, &mut bytes).unwrap();
        let record: EvaluationRecord = ciborium::from_reader(bytes.as_slice()).unwrap();
        record.evaluation(evaluation.task(), classes).unwrap()
    }

    #[test]
    fn evaluations_come_back_as_they_were() {
        for classes in [1, 2, 3, 1_200] {
            let mut rows = ClassificationEvaluation::new(classes);
            for row in 0..20 {
                let mut probabilities = vec![0.0; classes];
                probabilities[row % classes] = 0.1 + 0.7 / 3.0;
                probabilities[(row * 7) % classes] += 0.2;
                let truth = (row % 4 != 0).then_some((row * 3) % classes);
                rows.push(truth, &probabilities).unwrap();
            }
            let evaluation = rows.into();
            assert_eq!(again(&evaluation, classes), evaluation);
        }
        let mut rows = RegressionEvaluation::new();
        for row in 0..20 {
            rows.push(f64::from(row).sqrt(), 1.0 / f64::from(row + 1))
                .unwrap();
        }
        let evaluation = rows.into();
        assert_eq!(again(&evaluation, 0), evaluation);
    }

    #[test]
    fn records_that_do_not_fit_are_refused() {
        let mut rows = ClassificationEvaluation::new(3);
        rows.push(Some(2), &[0.2, 0.3, 0.5]).unwrap();
        let record = EvaluationRecord::from(&rows.into());
        assert!(record.clone().evaluation(Task::Classification, 2).is_err());
        assert!(record.clone().evaluation(Task::Classification, 4).is_err());
        assert!(record.evaluation(Task::Regression, 0).is_err());
    }
}
