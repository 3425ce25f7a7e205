//! What a component imports and exports, by name.

use wasmtime::component::ResourceType;
use wasmtime::component::types::{ComponentExtern, ComponentItem};

/// What is imported or exported by a name.
#[derive(Clone, Debug)]
pub enum Item {
    /// A function.
    Function,
    /// The type of a resource. Until the component is instantiated it is only good for telling
    /// whether two are the same.
    Resource(ResourceType),
    /// An interface, with what is in it.
    Interface(Vec<(Box<str>, Item)>),
    /// A name for a type of values: nothing that could be given.
    Type,
    /// What only other components can give or use, in words.
    Other(&'static str),
}

/// The items of a component or of an interface. Validation bounds how deep interfaces nest.
pub(super) fn items<'a>(
    engine: &wasmtime::Engine,
    of: impl Iterator<Item = (&'a str, ComponentExtern<'a>)>,
) -> Vec<(Box<str>, Item)> {
    of.map(|(name, item)| (name.into(), Item::of(engine, &item.ty))).collect()
}

impl Item {
    fn of(engine: &wasmtime::Engine, item: &ComponentItem) -> Self {
        match item {
            ComponentItem::ComponentFunc(_) => Self::Function,
            ComponentItem::Resource(ty) => Self::Resource(*ty),
            ComponentItem::ComponentInstance(instance) => {
                Self::Interface(items(engine, instance.exports(engine)))
            }
            ComponentItem::Type(_) => Self::Type,
            ComponentItem::Module(_) => Self::Other("a core module"),
            ComponentItem::Component(_) => Self::Other("a component"),
            ComponentItem::CoreFunc(_) => Self::Other("a core function"),
        }
    }
}
