//! The members of a shared model: how entities take part in each.

use super::entity_number::EntityNumber;
use super::shared_rows::SharedRows;
use crate::codes::{CodeColumn, Codes};
use crate::schema::FeatureKind;

/// A kind of boosted model, by how entities take part in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// As a number and as a category, 31 leaves a tree: where shapes differ by entity.
    Category,
    /// As a number and by a random intercept, 8 leaves a tree.
    Number,
    /// By a random intercept, 31 leaves a tree: for many small entities.
    Intercept,
    /// Not at all, 31 leaves a tree: what answers for entities that are not known.
    Features,
}

/// The most entities that are a category.
pub(crate) const MOST_CATEGORIES: usize = 254;

impl Member {
    /// Those among which the best, or a mixture, is chosen.
    pub const KNOWING: [Member; 3] = [Member::Category, Member::Number, Member::Intercept];

    /// What the member is called.
    pub fn name(self) -> &'static str {
        match self {
            Member::Category => "category",
            Member::Number => "number",
            Member::Intercept => "intercept",
            Member::Features => "features",
        }
    }

    pub fn max_leaves(self) -> usize {
        match self {
            Member::Number => 8,
            _ => 31,
        }
    }

    pub fn has_number(self) -> bool {
        matches!(self, Member::Category | Member::Number)
    }

    pub fn has_category(self) -> bool {
        self == Member::Category
    }

    pub fn has_intercept(self) -> bool {
        matches!(self, Member::Number | Member::Intercept)
    }

    /// The columns of the member for a model that is trained without the rows of some folds: the
    /// features, the entities' numbers, and the entities. Those that it does not take are constant.
    pub fn columns(
        self,
        rows: &SharedRows,
        numbers: &[EntityNumber],
        without: &[u8],
    ) -> Vec<CodeColumn> {
        let mut columns = rows.features.to_vec();
        columns.extend(numbers.iter().map(|number| match self.has_number() {
            true => number.column(rows, without),
            false => constant(FeatureKind::Numeric, rows.len()),
        }));
        let category = rows.category.as_ref().filter(|_| self.has_category());
        columns.push(match category {
            Some(category) => CodeColumn {
                kind: FeatureKind::Categorical,
                cardinality: MOST_CATEGORIES as u32 + 1,
                missing: false,
                codes: Codes::U8(rows.entity.iter().map(|&e| category[e as usize]).collect()),
            },
            None => constant(FeatureKind::Categorical, rows.len()),
        });
        columns
    }
}

fn constant(kind: FeatureKind, rows: usize) -> CodeColumn {
    CodeColumn::new(kind, 1, std::iter::repeat_n(0, rows))
}
