//! A tree and the columns that it asks about.

use super::feature_column::{CategoryColumn, FeatureColumn, NumberColumn};
use super::question::AskedCategories;
use super::tree_model::{Leaf, TreeModel};

/// A tree and the columns that it asks about.
pub(super) struct BoundTree<'a> {
    tree: &'a TreeModel,
    columns: Vec<AskedColumn<'a>>,
}

enum AskedColumn<'a> {
    Numbers(NumberColumn<'a>),
    Categories {
        codes: CategoryColumn<'a>,
        asked: AskedCategories,
    },
}

impl<'a> BoundTree<'a> {
    /// `column_of` gives the column of a feature.
    ///
    /// # Errors
    ///
    /// The name of a feature whose column is not there or of the other kind.
    pub fn new(
        tree: &'a TreeModel,
        column_of: impl Fn(&str) -> Option<FeatureColumn<'a>>,
    ) -> Result<Self, &'a str> {
        let column = |(name, categories): (&'a str, Option<&[Option<String>]>)| match (
            column_of(name),
            categories,
        ) {
            (Some(FeatureColumn::Numbers(numbers)), None) => Ok(AskedColumn::Numbers(numbers)),
            (Some(FeatureColumn::Categories(codes)), Some(categories)) => {
                let asked = categories.iter();
                let asked = asked.map(|category| codes.code_of(category.as_deref()));
                let asked = AskedCategories::new(asked, tree.has_sets());
                Ok(AskedColumn::Categories { codes, asked })
            }
            _ => Err(name),
        };
        let features = tree.features().iter();
        let features = features.map(|feature| (feature.name(), feature.categories()));
        let columns = features.map(column).collect::<Result<_, _>>()?;
        Ok(Self { tree, columns })
    }

    /// The leaf of a row that takes the value of each feature, by its position, from the row that
    /// `row_of` gives.
    #[inline]
    pub fn leaf(&self, row_of: impl Fn(usize) -> usize) -> Leaf<'a> {
        self.tree
            .leaf_of(|feature, question| match &self.columns[feature] {
                AskedColumn::Numbers(numbers) => question.of_number(numbers.get(row_of(feature))),
                AskedColumn::Categories { codes, asked } => {
                    asked.goes_left(&question, codes.get(row_of(feature)))
                }
            })
    }
}
