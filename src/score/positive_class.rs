//! Which class is the positive one.

use crate::error::SpecError;

/// The position of the positive class: the one that is named, or the second of two.
///
/// # Errors
///
/// [`SpecError::UnknownClass`] for a name that is none of the classes,
/// [`SpecError::NoPositiveClass`] where none is named and there are not two.
pub(crate) fn positive_class(named: Option<&str>, classes: &[String]) -> Result<usize, SpecError> {
    match (named, classes) {
        (Some(named), _) => classes
            .iter()
            .position(|class| class == named)
            .ok_or_else(|| SpecError::UnknownClass {
                class: named.to_owned(),
                classes: classes.to_vec(),
            }),
        (None, [_, _]) => Ok(1),
        (None, _) => Err(SpecError::NoPositiveClass {
            classes: classes.to_vec(),
        }),
    }
}
