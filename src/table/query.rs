//! The one lazy query: convert, filter, cast, select.

use std::collections::HashSet;

use polars::prelude::*;

use super::cut_off::CutOff;
use super::filter::Filter;
use super::input::Input;
use super::note::ColumnNote;
use super::roles::Roles;
use super::selection::{
    Selection, TargetValues, as_own_categories, carried_name, check_quantity, features,
};
use crate::error::{Error, Result};
use crate::guard::guarded;
use crate::schema::{
    ColumnSchema, ColumnType, Feature, FeatureKind, Holdout, HoldoutKind, KeyOrder, KeyType,
    OnMissing, Role, Task,
};
use crate::source::{BadValue, DatasetSpec};

/// A lazy query for the columns that a training run needs, with every role checked.
#[derive(Clone)]
pub struct Query {
    pub(super) frame: LazyFrame,
    pub(super) key: Vec<(String, KeyType)>,
    pub(super) target: String,
    pub(super) target_values: TargetValues,
    /// What the target is taken for, where that is told without its values.
    pub(super) task: Option<Task>,
    pub(super) features: Vec<Feature>,
    /// Whether rows with missing features are kept.
    pub(super) keeps_missing: bool,
    pub(super) weight: Option<String>,
    pub(super) predicate: Option<String>,
    /// Number of columns that are carried along, behind the features.
    pub(super) carried: usize,
    /// What is held out, where the last of the columns carried along says so.
    pub(super) holdout: Option<Holdout>,
    /// Counts the rows before the filter, where there is one.
    pub(super) unfiltered: Option<LazyFrame>,
    pub(super) columns: Vec<ColumnSchema>,
    pub(super) notes: Vec<ColumnNote>,
    /// The first value that cannot be converted, once the query has run.
    pub(super) bad: BadValue,
    pub(super) is_as_trained: bool,
}

impl Query {
    /// The query for what a specification asks of an input.
    ///
    /// # Errors
    ///
    /// [`SpecError`](crate::error::SpecError) for roles that the input's columns cannot have, and for a filter that is not
    /// valid; [`Error::Polars`] where the schema cannot be read.
    pub fn new(input: &Input, spec: &DatasetSpec) -> Result<Self> {
        Self::new_carrying(input, spec, &[])
    }

    /// As [`new`](Self::new), with columns that no model sees carried along as text: those that
    /// rows are grouped or held out by. They may have any role, and a missing value is the text
    /// `(missing)`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), also for the columns carried.
    pub fn new_carrying(input: &Input, spec: &DatasetSpec, carried: &[String]) -> Result<Self> {
        Self::build(input, spec, carried, None, &[])
    }

    /// As [`new`](Self::new), with what a holdout, if there is one, needs to divide the rows
    /// carried along: the column that it draws by, or whether a row is held out. Where rows are
    /// held out by time, the times are read first.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`SpecError`](crate::error::SpecError) for a column that cannot be held out by, and for a
    /// time that divides nothing.
    pub fn new_holding_out<'a>(
        input: &Input,
        spec: &DatasetSpec,
        holdout: impl Into<Option<&'a Holdout>>,
    ) -> Result<Self> {
        let holdout = holdout.into();
        let by = holdout.and_then(Holdout::by).map(str::to_owned);
        Self::build(input, spec, by.as_slice(), holdout, &[])
    }

    /// As [`new_holding_out`](Self::new_holding_out), for rows that a store is updated with: columns
    /// are taken for what they were, and features stand in the order that they had, whatever that
    /// of the input is.
    ///
    /// # Errors
    ///
    /// As [`new_holding_out`](Self::new_holding_out).
    pub(crate) fn new_updating(
        input: &Input,
        spec: &DatasetSpec,
        holdout: Option<&Holdout>,
        trained: (&[Feature], &[ColumnSchema], Option<Task>),
    ) -> Result<Self> {
        let (features, columns, task) = trained;
        let spec = spec.with_types_of(features, columns, task);
        let by = holdout.and_then(Holdout::by).map(str::to_owned);
        let query = Self::build(input, &spec, by.as_slice(), holdout, features)?;
        Ok(query.held_to_training())
    }

    fn build(
        input: &Input,
        spec: &DatasetSpec,
        carried: &[String],
        holdout: Option<&Holdout>,
        order: &[Feature],
    ) -> Result<Self> {
        spec.check()?;
        let found = input.columns()?;
        let held = Divide::columns(holdout)?;
        let mut roles = Roles::new(&found, spec, carried, &Filter::names(spec)?, held)?;
        roles.order_features(order);
        let lacking = input.check_complete(spec, &roles)?;
        let mut columns = input.resolve(&found, spec, &roles)?;
        let features = features(&columns, spec, &roles);
        let numeric = features.iter().filter(|f| f.kind == FeatureKind::Numeric);
        let numeric: HashSet<&str> = numeric.map(|feature| feature.name.as_str()).collect();
        for column in &mut columns {
            if numeric.contains(column.name.as_str()) {
                column.infinite = spec.infinite_features();
            }
        }
        let schema = columns.iter().map(ColumnSchema::field).collect();
        let filter = Filter::new(spec, &schema)?;
        let bad = BadValue::default();
        let frame = input.frame(&columns, spec, filter.as_ref(), &bad)?;
        if spec.task == Some(Task::Regression) {
            check_quantity(&spec.target, &found, &columns, &frame)?;
        }
        let mut selection = Selection::new(&columns, &schema, spec, &features, &roles.carried)?;
        let divide = holdout.map(|holdout| Divide::new(&frame, &schema, holdout));
        let divide = divide.transpose();
        let Divide { holdout, mark } = divide
            .map_err(|error| input.place(error, &columns, &bad))?
            .unwrap_or_default();
        let carried = carried.len() + usize::from(mark.is_some());
        selection.expressions.extend(mark);
        let counts_rows = filter.is_some() && input.whole_rows().is_none();
        Ok(Self {
            frame: frame.select(selection.expressions),
            key: selection.key,
            task: match selection.target_values {
                TargetValues::Texts => Some(Task::Classification),
                _ => spec.task,
            },
            target: spec.target.clone(),
            target_values: selection.target_values,
            features,
            keeps_missing: spec.on_missing == OnMissing::Learn,
            weight: spec.weight.clone(),
            predicate: spec.predicate.clone(),
            carried,
            holdout,
            unfiltered: counts_rows.then(|| input.row_count()).transpose()?,
            notes: [lacking, ColumnNote::all(&found, &columns, &roles)].concat(),
            columns,
            bad,
            is_as_trained: false,
        })
    }

    /// What is held out, by the times of the rows where it is the last span of them.
    pub fn holdout(&self) -> Option<&Holdout> {
        self.holdout.as_ref()
    }

    /// The same, whose errors say that the types of columns are those of training.
    #[must_use]
    pub(crate) fn held_to_training(mut self) -> Self {
        self.is_as_trained = true;
        self
    }

    /// The query for rows that models are used on: a specification made by
    /// [`DatasetSpec::as_trained`], so that every column is what it was at training.
    ///
    /// # Errors
    ///
    /// As [`new_carrying`](Self::new_carrying).
    pub(crate) fn as_trained(
        input: &Input,
        spec: &DatasetSpec,
        carried: &[String],
    ) -> Result<Self> {
        Ok(Self::new_carrying(input, spec, carried)?.held_to_training())
    }

    /// The optimized plan, as Polars prints it.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where the plan cannot be made.
    pub fn explain(&self) -> Result<String> {
        guarded(|| self.frame.clone().explain(true))
            .map_err(Error::polars("cannot explain the query"))
    }

    /// The lazy frame itself: key, target, weight and features, filtered and cast.
    pub fn frame(&self) -> &LazyFrame {
        &self.frame
    }

    /// The columns of the key.
    pub(crate) fn key(&self) -> Vec<&str> {
        self.key.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The order in which the entities of a table stand.
    pub(crate) fn key_order(&self) -> KeyOrder {
        KeyOrder(self.key.iter().map(|(_, kind)| *kind).collect())
    }

    /// Whether the target's values are numbers: classes of them are whole numbers.
    pub fn has_numeric_target(&self) -> bool {
        self.target_values != TargetValues::Texts
    }

    /// What the target is taken for, where that is told without its values.
    pub fn declared_task(&self) -> Option<Task> {
        self.task
    }

    /// The target's column.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The features, in schema order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The names of the columns that the query yields, but for those carried.
    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        let key = self.key.iter().map(|(name, _)| name.as_str());
        let rest = [self.target.as_str()]
            .into_iter()
            .chain(self.weight.as_deref());
        let features = self.features.iter().map(|feature| feature.name.as_str());
        key.chain(rest).chain(features)
    }

    /// What every column that has a role was taken for.
    pub fn columns(&self) -> &[ColumnSchema] {
        &self.columns
    }

    /// The same once the target is known to be classes or a quantity. Fractions may come up in a
    /// quantity that was whole so far.
    pub(crate) fn columns_taken(&self, task: Task) -> Vec<ColumnSchema> {
        let mut columns = self.columns.clone();
        let is_open = |column: &&mut ColumnSchema| {
            task == Task::Regression && column.name == self.target && !column.is_declared()
        };
        if let Some(target) = columns.iter_mut().find(is_open) {
            target.column_type = ColumnType::Number;
        }
        columns
    }

    /// What is worth saying about the columns.
    pub fn notes(&self) -> &[ColumnNote] {
        &self.notes
    }

    /// What failed where the query does, for messages.
    pub(super) fn failure(&self) -> String {
        match &self.predicate {
            None => "cannot read the input".into(),
            Some(predicate) => format!("cannot read the input where '{predicate}' holds"),
        }
    }
}

/// How rows are divided into those to train on and those held out.
#[derive(Default)]
struct Divide {
    holdout: Option<Holdout>,
    /// Whether a row is held out, where that is told row by row.
    mark: Option<Expr>,
}

impl Divide {
    /// The columns that are looked at, beside the one that rows are drawn by.
    fn columns(holdout: Option<&Holdout>) -> Result<(Role, Vec<String>)> {
        match holdout.map(|holdout| &holdout.0) {
            Some(HoldoutKind::Last { time, .. } | HoldoutKind::From { time, .. }) => {
                Ok((Role::Time, vec![time.clone()]))
            }
            Some(HoldoutKind::Where { predicate }) => {
                Ok((Role::Held, Filter::names_in(predicate, Role::Held)?))
            }
            Some(HoldoutKind::Drawn { .. }) | None => Ok((Role::Held, Vec::new())),
        }
    }

    fn new(frame: &LazyFrame, schema: &Schema, holdout: &Holdout) -> Result<Self> {
        let cut_off = CutOff::new(frame, schema, holdout)?;
        let (holdout, is_held_out) = match (&holdout.0, cut_off) {
            (_, Some(cut_off)) => (cut_off.holdout, Some(cut_off.is_held_out)),
            (HoldoutKind::Where { predicate }, None) => {
                let holds = Filter::of(predicate, Role::Held, schema)?.expression;
                (holdout.clone(), Some(holds.fill_null(lit(false))))
            }
            _ => (holdout.clone(), None),
        };
        let mark = is_held_out.map(|held_out| {
            let text = as_own_categories(held_out.cast(DataType::String));
            text.alias(carried_name(0))
        });
        let holdout = Some(holdout);
        Ok(Self { holdout, mark })
    }
}
