//! Objects that script wants to keep: Node's `markAsUntransferable` and `markAsUncloneable`.

use std::cell::RefCell;

use holm_js::{Attributes, Ctx, Object, Result, Root, Symbol, define_value, slot};

/// What an object may be kept from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Being in a transfer list.
    Untransferable,
    /// Being part of a message.
    Uncloneable,
}

/// The symbols of the properties that mark objects, in the order of the marks.
#[derive(Default)]
struct Symbols([RefCell<Option<Root<Symbol<'static>>>>; 2]);

/// Marks the object from now on.
pub fn mark<'js>(ctx: &Ctx<'js>, object: &Object<'js>, mark: Mark) -> Result<()> {
    let symbols = slot::<Symbols>(ctx);
    let mut place = symbols.0[mark as usize].borrow_mut();
    let symbol: Symbol<'js> = match &*place {
        Some(symbol) => symbol.get(ctx)?,
        None => {
            let symbol = Symbol::new(ctx.clone())?;
            *place = Some(Root::new(ctx, symbol.clone())?);
            symbol
        }
    };
    define_value(object, symbol, true, Attributes::NONE)
}

/// Whether it is marked.
pub fn is_marked<'js>(ctx: &Ctx<'js>, object: &Object<'js>, mark: Mark) -> Result<bool> {
    match &*slot::<Symbols>(ctx).0[mark as usize].borrow() {
        Some(symbol) => object.contains_key(symbol.get::<Symbol<'js>>(ctx)?),
        None => Ok(false),
    }
}
