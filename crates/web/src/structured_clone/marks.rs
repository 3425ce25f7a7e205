//! Objects that script wants to keep: Node's `markAsUntransferable`.

use std::cell::RefCell;

use holm_js::{Attributes, Ctx, Object, Result, Root, Symbol, define_value, slot};

/// The symbol of the property that marks an object.
#[derive(Default)]
struct Mark(RefCell<Option<Root<Symbol<'static>>>>);

/// From now on the object is refused in transfer lists.
pub fn mark_untransferable<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<()> {
    let slot = slot::<Mark>(ctx);
    let mut mark = slot.0.borrow_mut();
    let symbol: Symbol<'js> = match &*mark {
        Some(symbol) => symbol.get(ctx)?,
        None => {
            let symbol = Symbol::new(ctx.clone())?;
            *mark = Some(Root::new(ctx, symbol.clone())?);
            symbol
        }
    };
    define_value(object, symbol, true, Attributes::NONE)
}

/// Whether it is.
pub fn is_untransferable<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Result<bool> {
    match &*slot::<Mark>(ctx).0.borrow() {
        Some(symbol) => object.contains_key(symbol.get::<Symbol<'js>>(ctx)?),
        None => Ok(false),
    }
}
