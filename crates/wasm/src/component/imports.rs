//! What a component is given.

use std::any::Any;

use wasmtime::component::{Linker, LinkerInstance, ResourceType, Val, types};

use super::describe::Item;
use super::failure::passing;
use super::handles::Handles;
use super::instance::StoreData;
use super::{Component, ComponentFailure, is_of_wasi};
use crate::host::ThreadBound;

/// A function of the host that a component imports.
pub trait ImportedFunction: 'static {
    /// Calls it. What it throws ends the component.
    fn call(
        &self,
        handles: &mut Handles<'_>,
        ty: &types::ComponentFunc,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), Box<dyn Any>>;
}

/// Where a component gets what it imports.
pub trait Imports {
    /// The function of this name in an interface, or among the imports themselves.
    fn function(
        &self,
        interface: Option<&str>,
        name: &str,
    ) -> Result<Box<dyn ImportedFunction>, Box<dyn Any>>;

    /// The resource `ty`: a number by which its handles are known from now on, and what is called
    /// when the component drops one.
    fn resource(
        &self,
        ty: u32,
        interface: Option<&str>,
        name: &str,
    ) -> Result<Dropper, Box<dyn Any>>;
}

/// Is told which resource of the host the component has dropped.
pub type Dropper = Box<dyn Fn(u32) -> Result<(), Box<dyn Any>>>;

/// Gives a linker all that the component imports, but what WASI has.
pub(super) fn link(
    linker: &mut Linker<StoreData>,
    component: &Component,
    imports: &dyn Imports,
) -> Result<Vec<ResourceType>, ComponentFailure> {
    let mut resources = Resources { imports, known: Vec::new(), of_wasi: of_wasi(component) };
    for (name, item) in component.imports() {
        match item {
            Item::Interface(_) if is_of_wasi(name) => {}
            Item::Interface(items) => {
                let mut instance = linker.instance(name).map_err(other)?;
                for (item_name, item) in items {
                    resources.define(&mut instance, Some(name), item_name, item)?;
                }
            }
            item => resources.define(&mut linker.root(), None, name, item)?,
        }
    }
    let types = 0..resources.known.len() as u32;
    Ok(types.map(ResourceType::host_dynamic).collect())
}

/// The resources of the host, each by its number.
struct Resources<'a> {
    imports: &'a dyn Imports,
    /// As the component names it: interfaces may use each other's.
    known: Vec<ResourceType>,
    of_wasi: Vec<ResourceType>,
}

/// The resources that WASI's interfaces have.
fn of_wasi(component: &Component) -> Vec<ResourceType> {
    let imports = component.imports().iter();
    let interfaces = imports.filter(|(name, _)| is_of_wasi(name));
    let items = interfaces.flat_map(|(_, item)| match item {
        Item::Interface(items) => items.as_slice(),
        _ => &[],
    });
    let resources = items.filter_map(|(_, item)| match item {
        Item::Resource(ty) => Some(*ty),
        _ => None,
    });
    resources.collect()
}

impl Resources<'_> {
    fn define(
        &mut self,
        linker: &mut LinkerInstance<'_, StoreData>,
        interface: Option<&str>,
        name: &str,
        item: &Item,
    ) -> Result<(), ComponentFailure> {
        match item {
            Item::Function => {
                let found = self.imports.function(interface, name);
                let function = ThreadBound(found.map_err(ComponentFailure::Host)?);
                let call = move |cx: wasmtime::StoreContextMut<'_, StoreData>,
                                 ty: types::ComponentFunc,
                                 arguments: &[Val],
                                 results: &mut [Val]| {
                    // All of it, and not what is in it, which is of this thread.
                    let function = &function;
                    let done = function.0.call(&mut Handles(cx), &ty, arguments, results);
                    done.map_err(passing)
                };
                linker.func_new(name, call).map_err(other)
            }
            Item::Resource(ty) => self.define_resource(linker, interface, name, *ty),
            Item::Type => Ok(()),
            Item::Interface(_) => Err(unknown(interface, name, "an interface within an interface")),
            Item::Other(what) => Err(unknown(interface, name, what)),
        }
    }

    fn define_resource(
        &mut self,
        linker: &mut LinkerInstance<'_, StoreData>,
        interface: Option<&str>,
        name: &str,
        ty: ResourceType,
    ) -> Result<(), ComponentFailure> {
        if self.of_wasi.contains(&ty) {
            return Err(unknown(interface, name, "a resource of WASI"));
        }
        let known = self.known.iter().position(|known| *known == ty);
        let number = known.unwrap_or(self.known.len()) as u32;
        if known.is_none() {
            self.known.push(ty);
        }
        let dropper = self.imports.resource(number, interface, name);
        let dropper = ThreadBound(dropper.map_err(ComponentFailure::Host)?);
        let drop = move |_cx: wasmtime::StoreContextMut<'_, StoreData>, rep: u32| {
            let dropper = &dropper;
            (dropper.0)(rep).map_err(passing)
        };
        linker.resource(name, ResourceType::host_dynamic(number), drop).map_err(other)
    }
}

fn unknown(interface: Option<&str>, name: &str, what: &str) -> ComponentFailure {
    let of = interface.map(|interface| format!(" of {interface}")).unwrap_or_default();
    ComponentFailure::Link(format!("the import {name:?}{of} is {what}, which cannot be given"))
}

pub(super) fn other(error: wasmtime::Error) -> ComponentFailure {
    ComponentFailure::Other(format!("{error:#}"))
}
