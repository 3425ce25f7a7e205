//! So that a long value can be stopped in the middle.

use holm_js::reflect::stack_has_room;
use holm_js::{Ctx, Result};

/// The engine is asked once in so many steps, and itself asks its host once in 10 000: together
/// some milliseconds.
const STEPS_PER_QUESTION: u32 = 32;

/// Counts steps that run no script.
#[derive(Debug, Default)]
pub(super) struct Patience(u32);

impl Patience {
    /// An error if script is to be stopped.
    #[inline]
    pub(super) fn step(&mut self, ctx: &Ctx<'_>) -> Result<()> {
        self.0 = self.0.wrapping_add(1);
        if self.0.is_multiple_of(STEPS_PER_QUESTION) {
            stack_has_room(ctx)?;
        }
        Ok(())
    }
}
