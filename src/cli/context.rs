//! What every command can use.

use per_entity::Cancel;

pub struct Context {
    pub quiet: bool,
    pub json: bool,
    pub cancel: Cancel,
}
