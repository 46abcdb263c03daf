//! Which rows of a frame a time divides from the others.

use polars::prelude::*;

use crate::error::{Error, Result, SpecError};
use crate::guard::guarded;
use crate::schema::{Holdout, HoldoutKind, Role, Timestamp, ValueType};

/// The divide between the rows to train on and those held out by time.
pub(super) struct CutOff {
    /// What is held out, the time known.
    pub holdout: Holdout,
    /// Whether a row is held out; null for one without a time.
    pub is_held_out: Expr,
}

impl CutOff {
    /// The divide that a holdout by time, if it is one, makes among the rows of a frame; their
    /// earliest and latest times are asked for, in a pass over one column.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`] and [`SpecError::UnsupportedType`] for a column that holds no
    /// times, [`SpecError::NoTimes`] where it has none, and [`SpecError::OneSided`] where all rows
    /// would be on one side.
    pub fn new(frame: &LazyFrame, schema: &Schema, holdout: &Holdout) -> Result<Option<Self>> {
        let (time, last) = match &holdout.0 {
            HoldoutKind::From { time, .. } => (time, None),
            HoldoutKind::Last { time, last, .. } => (time, Some(*last)),
            HoldoutKind::Drawn { .. } | HoldoutKind::Where { .. } => return Ok(None),
        };
        let ticks = Ticks::of(schema, time)?;
        let Some(range) = ticks.range(frame)? else {
            // There are no rows at all, which is said when they are read.
            let (holdout, is_held_out) = (holdout.clone(), lit(false));
            return Ok(Some(Self {
                holdout,
                is_held_out,
            }));
        };
        let [earliest, latest] = range;
        let holdout = match last {
            None => holdout.clone(),
            Some(last) => Holdout(HoldoutKind::Last {
                time: time.clone(),
                last,
                after: Some(last.before(latest).ok_or(SpecError::TimeOutOfRange {
                    column: time.clone(),
                })?),
            }),
        };
        let first = holdout.first().map_or(i128::MAX, |(_, first)| first);
        let all = first <= earliest.nanoseconds();
        if all || first > latest.nanoseconds() {
            return Err(SpecError::OneSided {
                column: time.clone(),
                held_out: holdout.to_string(),
                all,
                earliest,
                latest,
            }
            .into());
        }
        Ok(Some(Self {
            is_held_out: ticks.expression().gt_eq(lit(ticks.at_or_after(first))),
            holdout,
        }))
    }
}

/// A column of times as whole numbers.
struct Ticks<'a> {
    column: &'a str,
    /// Nanoseconds of a tick.
    tick: i128,
}

impl<'a> Ticks<'a> {
    fn of(schema: &Schema, column: &'a str) -> Result<Self> {
        let Some(dtype) = schema.get(column) else {
            return Err(SpecError::UnknownColumn {
                role: Role::Time,
                column: column.to_owned(),
                columns: schema.iter_names().map(|name| name.to_string()).collect(),
            }
            .into());
        };
        let tick = match dtype {
            DataType::Date => 86_400_000_000_000,
            DataType::Datetime(TimeUnit::Milliseconds, _) => 1_000_000,
            DataType::Datetime(TimeUnit::Microseconds, _) => 1_000,
            DataType::Datetime(TimeUnit::Nanoseconds, _) => 1,
            _ => {
                return Err(SpecError::UnsupportedType {
                    column: column.to_owned(),
                    found: ValueType::from(dtype),
                    role: Role::Time,
                    advice: "it takes a column of dates, or of dates with times".into(),
                }
                .into());
            }
        };
        Ok(Self { column, tick })
    }

    fn expression(&self) -> Expr {
        col(self.column).to_physical().cast(DataType::Int64)
    }

    /// The first tick at or after an instant.
    fn at_or_after(&self, nanoseconds: i128) -> i64 {
        let ticks = -(-nanoseconds).div_euclid(self.tick);
        ticks.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// The earliest and the latest time of a frame's rows; nothing where there are no rows.
    fn range(&self, frame: &LazyFrame) -> Result<Option<[Timestamp; 2]>> {
        let ends = [
            self.expression().min().alias("earliest"),
            self.expression().max().alias("latest"),
            len().cast(DataType::Int64).alias("rows"),
        ];
        let frame = frame.clone().select(ends);
        let read = guarded(|| frame.collect_with_engine(Engine::Streaming));
        let read = read.and_then(|read| {
            let read = read.unwrap_single();
            let number = |name: &str| PolarsResult::Ok(read.column(name)?.i64()?.get(0));
            Ok((number("earliest")?, number("latest")?, number("rows")?))
        });
        let context = format!("cannot read the times of column '{}'", self.column);
        let column = || self.column.to_owned();
        let timestamp = |ticks: i64| {
            let timestamp = Timestamp::of_nanoseconds(i128::from(ticks) * self.tick);
            timestamp.ok_or_else(|| SpecError::TimeOutOfRange { column: column() })
        };
        match read.map_err(Error::polars(context))? {
            (_, _, None | Some(0)) => Ok(None),
            (Some(earliest), Some(latest), _) => {
                Ok(Some([timestamp(earliest)?, timestamp(latest)?]))
            }
            _ => Err(SpecError::NoTimes { column: column() }.into()),
        }
    }
}
