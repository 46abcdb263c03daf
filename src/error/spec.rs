//! What can be wrong with what is asked of the data.

use std::path::PathBuf;

use super::dataset_difference::DatasetDifference;
use super::listed::list;
use crate::schema::{HoldoutShareError, HoldoutTableError, Role, Task, Timestamp, ValueType};

/// What was asked for does not fit the data, or itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A column that the input does not have.
    #[error(
        "no column '{column}', which is wanted as {role}; {}the input has {}",
        nearest(.column, .columns).map_or(String::new(), |nearest| format!("did you mean '{nearest}'? ")),
        list(.columns)
    )]
    UnknownColumn {
        /// What the column was wanted for.
        role: Role,
        /// The column.
        column: String,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A column in two roles that exclude each other.
    #[error("column '{column}' is both {first} and {second}; give it one role")]
    TwoRoles {
        /// The column.
        column: String,
        /// One role.
        first: Role,
        /// The other.
        second: Role,
    },
    /// A column that is named twice in one role.
    #[error("column '{column}' is named twice as {role}")]
    NamedTwice {
        /// The column.
        column: String,
        /// The role.
        role: Role,
    },
    /// A column of a type that cannot serve in its role.
    #[error("column '{column}' is of type {found}, which cannot be {role}; {advice}")]
    UnsupportedType {
        /// The column.
        column: String,
        /// The type of its values.
        found: ValueType,
        /// What it was wanted for.
        role: Role,
        /// What to do.
        advice: String,
    },
    /// A target that is to be a quantity, but is none.
    #[error(
        "column '{column}' is {found}{}, which is no quantity to predict; correct it, name the text as one that stands for a missing value, or predict classes",
        example.as_ref().map_or(String::new(), |example| format!(" ('{example}')"))
    )]
    NoQuantity {
        /// The target's column.
        column: String,
        /// What it holds, in words.
        found: &'static str,
        /// One of its values.
        example: Option<String>,
    },
    /// A target of numbers that are to be classes, but are not whole.
    #[error(
        "column '{column}' holds {example}, which is no whole number{}, and classes are whole numbers, texts, or true and false; predict it as a quantity, or take it for text",
        if *.trained { " as at training" } else { "" }
    )]
    FractionalClass {
        /// The target's column.
        column: String,
        /// The first number that is not whole.
        example: f64,
        /// Whether the classes are those of training.
        trained: bool,
    },
    /// A column of a type that cannot be taken for what it was at training, or is declared.
    #[error(
        "{}column '{column}' is of type {found}, which cannot be taken for {trained}, as it was at training or is declared; convert it",
        path.as_ref().map_or(String::new(), |path| format!("{}: ", path.display()))
    )]
    OtherTypeThanTrained {
        /// The file; nothing for a frame.
        path: Option<PathBuf>,
        /// The column.
        column: String,
        /// The type of its values.
        found: ValueType,
        /// What it is to be taken for.
        trained: String,
    },
    /// A column that is to be added to rows, but is there.
    #[error("the input has a column '{column}' already; call the column that is added otherwise")]
    AddedColumn {
        /// The column.
        column: String,
    },
    /// A column that is to be called otherwise, but is not added.
    #[error("no column '{column}' is added to the rows; those that are: {}", list(.columns))]
    NotAdded {
        /// The column.
        column: String,
        /// The columns that are added.
        columns: Vec<String>,
    },
    /// No key is named.
    #[error("no key is given: name the column or columns whose values are the entities")]
    NoKey,
    /// No target is named.
    #[error("no target is given: name the column to predict")]
    NoTarget,
    /// No column is left to predict from.
    #[error("no column is left to be a feature; ignore fewer columns")]
    NoFeatures,
    /// A separator of CSV that cannot be one.
    #[error("separator {0:?} is not one ASCII character other than a quote or a line end")]
    Separator(char),
    /// A column name that is given twice for a file without a header.
    #[error("'{0}' is given twice as a name of a column")]
    ColumnNamedTwice(String),
    /// A specification that cannot be read.
    #[error("{}{problem}", path.as_ref().map_or(String::new(), |path| format!("{}: ", path.display())))]
    Unreadable {
        /// The file, where it is one.
        path: Option<PathBuf>,
        /// What is wrong with it.
        problem: String,
    },
    /// A specification with a setting that is not known.
    #[error(
        "{}line {line}: no setting '{name}'; {}there are {}",
        path.as_ref().map_or(String::new(), |path| format!("{}: ", path.display())),
        nearest(.name, .known).map_or(String::new(), |nearest| format!("did you mean '{nearest}'? ")),
        list(.known)
    )]
    UnknownSetting {
        /// The file, where it is one.
        path: Option<PathBuf>,
        /// The line, from 1.
        line: usize,
        /// The name of the setting.
        name: String,
        /// The settings that there are.
        known: Vec<String>,
    },
    /// A filter that is not a valid SQL predicate.
    #[error("filter '{predicate}': {problem}")]
    Filter {
        /// What the predicate is for.
        role: Role,
        /// The predicate.
        predicate: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A share of rows to hold out that leaves none on one side.
    #[error(transparent)]
    HoldoutShare(#[from] HoldoutShareError),
    /// Settings that do not say what is held out.
    #[error(transparent)]
    Holdout(#[from] HoldoutTableError),
    /// A column to hold out by that has no times.
    #[error("no row has a time in column '{column}'; hold out by another column")]
    NoTimes {
        /// The column.
        column: String,
    },
    /// A time that is too far away to reckon with.
    #[error(
        "column '{column}' holds a time, or a span leads to one, that is too far away to reckon with; leave such rows out, or hold out from a given time on"
    )]
    TimeOutOfRange {
        /// The column.
        column: String,
    },
    /// A holdout by time that leaves no rows on one side.
    #[error(
        "{} would be held out ({held_out}): the times in column '{column}' are from {earliest} to {latest}; choose a time between them",
        if *.all { "all rows" } else { "no row" }
    )]
    OneSided {
        /// The column.
        column: String,
        /// What is held out.
        held_out: String,
        /// Whether all rows would be held out, or none.
        all: bool,
        /// The earliest time.
        earliest: Timestamp,
        /// The latest time.
        latest: Timestamp,
    },
    /// A difference of a metric that is none.
    #[error("{name} is {value}, but it is a difference of the metric: 0 or more")]
    Difference {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A tolerance where no metric decides which model is kept.
    #[error("a tolerance is that of the metric by which better models are kept; name one")]
    ToleranceOfNothing,
    /// A generation whose run cannot be repeated from its manifest.
    #[error("the run of this generation cannot be repeated from the manifest: {problem}")]
    NotRepeatable {
        /// What is missing.
        problem: String,
    },
    /// A limit of memory that nothing can be read with.
    #[error(
        "a memory limit of {mebibytes} MiB is too little to read anything; give {least} MiB or more"
    )]
    MemoryLimit {
        /// The limit.
        mebibytes: u64,
        /// The least.
        least: u64,
    },
    /// Rows that are needed in memory all at once are more than it may hold.
    #[error(
        "all rows are needed in memory at once, which takes some {needed} MiB, and the limit is {mebibytes} MiB; give {needed} MiB or more, or fewer rows"
    )]
    RowsExceedMemory {
        /// The limit.
        mebibytes: u64,
        /// The least that will do.
        needed: u64,
    },
    /// One model for all entities needs all rows at once, but they exceed the memory.
    #[error(
        "a pooled model needs all rows in memory at once, and they exceed the memory limit; give a higher limit, or do without one of the two"
    )]
    PooledExceedsMemory,
    /// Parents of a key that has none.
    #[error(
        "a parent stands for all entities with the same first values of the key, but this key has one column, {}; give a key of two columns or more, or train one model on all entities",
        list(.key)
    )]
    NoParentsOfKey {
        /// The key.
        key: Vec<String>,
    },
    /// Parents need the rows of all their entities at once, but they exceed the memory.
    #[error(
        "parents need all rows in memory at once, and they exceed the memory limit; give a higher limit, or do without one of the two"
    )]
    ParentsExceedMemory,
    /// A pooled model and parents need the rows of all their entities, but those of vanished ones
    /// are not there.
    #[error(
        "a pooled model and parents are trained on the rows of all their entities, but those of entities that vanished and are kept are not there; give all rows and drop what vanished, or do without such models"
    )]
    CommonModelOfVanished,
    /// A pooled model or parents are asked for beside a shared model.
    #[error(
        "a shared model answers for entities that are not known; train no pooled model and no parents beside it"
    )]
    CommonModelBesideShared,
    /// Models of parents are wanted, but the store has none.
    #[error("the store has no models of parents; train them with it")]
    NoParents,
    /// An update of a store with another dataset than the one that it was trained on.
    #[error(
        "the dataset is not the one that the store was trained on ({}); train it into another store, or say that this store is to take another dataset",
        joined(.differences)
    )]
    OtherDataset {
        /// What differs.
        differences: Vec<DatasetDifference>,
    },
    /// Models of two datasets that cannot stand side by side, or be compared.
    #[error(
        "the current generation's models are of another dataset ({}), so they can neither stay next to new ones nor be compared with them; train all entities again, without keeping vanished entities or better models",
        joined(.differences)
    )]
    NotAlike {
        /// What differs.
        differences: Vec<DatasetDifference>,
    },
    /// A comparison of earlier with new models without rows to compare them on.
    #[error("earlier and new models can only be compared on rows held out; hold some out")]
    ContestWithoutHoldout,
    /// A comparison of models by a figure that they do not have.
    #[error("models of {task} have no {metric} to be compared by; compare them by the {default}")]
    ContestMetric {
        /// What the models are of.
        task: Task,
        /// The name of the figure.
        metric: &'static str,
        /// The name of one that they have.
        default: &'static str,
    },
    /// A comparison with earlier models that may have been trained on the rows held out now.
    #[error(
        "{models} of the current models, that of entity '{key}' first, {}, so they may have seen the rows that are held out now, and a comparison would favour them; train once with the same rows held out and without comparing, then compare at the next update",
        match held_out {
            Some(held_out) => format!("were trained with other rows held out ({held_out})"),
            None => "were trained without holding rows out".into(),
        }
    )]
    ContestSeen {
        /// How many models were.
        models: u64,
        /// The entity of the first of them.
        key: String,
        /// What was held out of its training.
        held_out: Option<String>,
    },
    /// A pooled model is wanted, but the store has none.
    #[error("the store has no pooled model to fall back on; train one with it")]
    NoPooledModel,
    /// What all models share is to answer, but they share nothing.
    #[error("the models of the store share nothing that could answer for other entities")]
    NothingShared,
    /// Entities that the input lacks are to stay, but their models are shares of what is trained
    /// anew.
    #[error(
        "entities that the input lacks, such as '{key}', cannot stay: their models are shares of a model of all entities, which is trained anew"
    )]
    VanishedShares {
        /// The first of them.
        key: String,
    },
    /// What models share was trained otherwise than this run would train it.
    #[error(
        "what the current generation's models share was trained by {store}, which a run by {run} does not go on with; train with the same trainer and parameters, or let this run train anew what models share"
    )]
    SharedOfOtherTrainer {
        /// What trained it.
        store: String,
        /// The trainer of the run.
        run: String,
    },
    /// What models share is of another dataset.
    #[error(
        "what the current generation's models share is of another dataset ({}); let this run train it anew",
        joined(.differences)
    )]
    SharedOfOtherDataset {
        /// What differs.
        differences: Vec<DatasetDifference>,
    },
    /// What models share is of other classes.
    #[error(
        "what the current generation's models share is of the classes {}, and the input has {}; let this run train it anew",
        list(.store),
        list(.run)
    )]
    SharedOfOtherClasses {
        /// Those of what is shared.
        store: Vec<String>,
        /// Those of the input.
        run: Vec<String>,
    },
    /// What models share may have been trained on the rows that are held out now.
    #[error(
        "what the current generation's models share {}, so it may have seen the rows that are held out now, and figures on them would be too good; hold out the same rows, or let this run train it anew",
        match held_out {
            Some(held_out) => format!("was trained with other rows held out ({held_out})"),
            None => "was trained without holding rows out".into(),
        }
    )]
    SharedSeen {
        /// What was held out of its training.
        held_out: Option<String>,
    },
    /// Better models are to stay, but they are shares of what is trained anew.
    #[error(
        "the current generation's models are shares of a model of all entities, which is trained anew, so none of them can stay where it is better; compare all of them together, or keep what they share"
    )]
    ChampionsAreShares,
    /// A threshold that is no probability.
    #[error("a threshold of {0} is no probability; give a number from 0 to 1")]
    Threshold(f64),
    /// A positive class where the most probable class is predicted.
    #[error("a positive class is predicted from a threshold on, and there is none; give one")]
    PositiveWithoutThreshold,
    /// A threshold that is chosen on rows held out, where none are.
    #[error("the best threshold is found on rows held out; hold some out, or give a number")]
    ThresholdWithoutHoldout,
    /// A threshold where the target is a quantity.
    #[error("the target is a quantity, which is not predicted from a threshold on; give none")]
    ThresholdOfQuantity,
    /// Permutation importances without rows held out.
    #[error(
        "permutation importances are found on rows held out; hold some out, or take those by impurity"
    )]
    PermutationWithoutHoldout,
    /// A positive class that is none of the classes.
    #[error("'{class}' is not a class of these models; the classes are {}", list(.classes))]
    UnknownClass {
        /// The class.
        class: String,
        /// The classes that there are.
        classes: Vec<String>,
    },
    /// A positive class where there are no classes.
    #[error(
        "groups are to be compared on class '{class}', but these models predict a quantity; leave the class out, and groups are compared by its errors"
    )]
    PositiveQuantity {
        /// The class.
        class: String,
    },
    /// Groups cannot be compared, and thresholds not be told, without a positive class.
    #[error("one class is to be the positive one; say which: the classes are {}", list(.classes))]
    NoPositiveClass {
        /// The classes that there are.
        classes: Vec<String>,
    },
}

/// The column whose name is most like one that is not there, if any is like it at all.
fn nearest<'a>(wanted: &str, columns: &'a [String]) -> Option<&'a String> {
    let wanted = wanted.to_lowercase();
    let edits = |column: &String| strsim::osa_distance(&wanted, &column.to_lowercase());
    let most = (wanted.chars().count() / 3).max(1);
    let nearest = columns.iter().min_by_key(|column| edits(column))?;
    let has_common = edits(nearest) < wanted.chars().count();
    (has_common && edits(nearest) <= most).then_some(nearest)
}

fn joined(differences: &[DatasetDifference]) -> String {
    let texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
