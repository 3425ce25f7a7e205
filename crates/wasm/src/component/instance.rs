//! A component that runs, in a store of its own.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Func, Linker, ResourceAny, ResourceTable, ResourceType, Val};
use wasmtime::{AsContextMut, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::failure::{from_error, stopped};
use super::handles::Handles;
use super::imports::{self, Imports, other};
use super::limits::Limits;
use super::{Component, ComponentFailure, Wasi, is_of_wasi, wasi, wasi_poll};
use crate::account::Charge;
use crate::interrupt::running;
use crate::{Account, Stopper};

/// As many bytes the values of one call may take on their way out of a component. Each byte of a
/// list is a value of its own there.
const MAX_LIFTED_BYTES: usize = 1 << 30;

/// What an instance is to count with.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// What memories and tables are charged to. Without it there is no limit.
    pub account: Option<Rc<dyn Account>>,
    /// What ends calls from elsewhere.
    pub stopper: Option<Stopper>,
    /// Where the component is from: shown in the frames of a trap.
    pub source: Option<Arc<str>>,
}

/// What is in the store of a component.
pub(super) struct StoreData {
    limits: Limits,
    wasi: WasiCtx,
    table: ResourceTable,
    pub(super) stopper: Option<Stopper>,
    /// The types that are the host's, as the store knows them.
    pub(super) host_resources: Vec<ResourceType>,
}

impl WasiView for StoreData {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl StoreData {
    pub(super) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

/// A component that was instantiated. Stays on its thread.
pub struct Instance {
    store: RefCell<Store<StoreData>>,
    instance: wasmtime::component::Instance,
    account: Option<Rc<dyn Account>>,
    stopper: Option<Stopper>,
    source: Arc<str>,
    /// Whether it may have to wait: see [`check_thread`].
    uses_wasi: bool,
    /// What is garbage: see [`Self::drop_later`].
    garbage: RefCell<Vec<ResourceAny>>,
}

impl Instance {
    /// Instantiates a component. `wasi` is asked for only if it imports something of it.
    pub fn new(
        component: &Component,
        imports: &dyn Imports,
        wasi: impl FnOnce() -> Wasi,
        surroundings: &Surroundings,
    ) -> Result<Self, ComponentFailure> {
        let engine = component
            .engine()
            .components()
            .map_err(|error| ComponentFailure::Other(error.to_string()))?;
        let mut linker = Linker::new(engine);
        let uses_wasi = component.imports().iter().any(|(name, _)| is_of_wasi(name));
        let wasi = if uses_wasi {
            check_thread()?;
            wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(other)?;
            wasi_poll::link(&mut linker).map_err(other)?;
            wasi()
        } else {
            Wasi::default()
        };
        let host_resources = imports::link(&mut linker, component, imports)?;
        let ready = linker
            .instantiate_pre(component.raw())
            .map_err(|error| ComponentFailure::Link(format!("{error:#}")))?;
        let mut store = new_store(component, wasi, surroundings)?;
        store.data_mut().host_resources = host_resources;
        let source = surroundings.source.clone().unwrap_or_else(|| "component".into());
        let stopper = surroundings.stopper.clone();
        let made = {
            let _entered = running(None);
            ready.instantiate(&mut store)
        };
        let instance = made.map_err(|error| from_error(error, stopper.as_ref(), &source))?;
        let store = RefCell::new(store);
        let (account, garbage) = (surroundings.account.clone(), RefCell::default());
        Ok(Self { store, instance, account, stopper, source, uses_wasi, garbage })
    }

    /// A function that it exports, itself or in an interface, and its type.
    pub fn function(
        &self,
        interface: Option<&str>,
        name: &str,
    ) -> Result<Option<(Func, ComponentFunc)>, ComponentFailure> {
        let mut store = self.store()?;
        let Some(index) = self.export(&mut store, interface, name) else { return Ok(None) };
        let Some(func) = self.instance.get_func(&mut *store, index) else { return Ok(None) };
        Ok(Some((func, func.ty(&*store))))
    }

    /// The type of a resource that it exports in an interface, or itself.
    pub fn resource(
        &self,
        interface: Option<&str>,
        name: &str,
    ) -> Result<Option<ResourceType>, ComponentFailure> {
        let mut store = self.store()?;
        let Some(index) = self.export(&mut store, interface, name) else { return Ok(None) };
        Ok(self.instance.get_resource(&mut *store, index))
    }

    fn export(
        &self,
        store: &mut Store<StoreData>,
        interface: Option<&str>,
        name: &str,
    ) -> Option<wasmtime::component::ComponentExportIndex> {
        let interface = match interface {
            Some(interface) => {
                Some(self.instance.get_export_index(&mut *store, None, interface)?)
            }
            None => None,
        };
        self.instance.get_export_index(store, interface.as_ref(), name)
    }

    /// Calls a function that it exports.
    pub fn call(
        &self,
        func: &Func,
        arguments: &[Val],
        results: &mut [Val],
    ) -> Result<(), ComponentFailure> {
        self.enter(|store| {
            self.drop_garbage(store)?;
            store.set_hostcall_fuel(self.affordable_bytes());
            func.call(store, arguments, results)
        })
    }

    /// Lends its handles, while it does not run.
    pub fn with_handles<R>(
        &self,
        body: impl FnOnce(&mut Handles<'_>) -> R,
    ) -> Result<R, ComponentFailure> {
        let mut store = self.store()?;
        Ok(body(&mut Handles(store.as_context_mut())))
    }

    /// Drops a resource of the component, whose destructor runs, or of WASI.
    pub fn drop_resource(&self, handle: ResourceAny) -> Result<(), ComponentFailure> {
        self.enter(|store| handle.resource_drop(store))
    }

    /// The same when it is called next: for finalizers, in which nothing may run.
    pub fn drop_later(&self, handle: ResourceAny) {
        self.garbage.borrow_mut().push(handle);
    }

    fn drop_garbage(&self, store: &mut Store<StoreData>) -> wasmtime::Result<()> {
        loop {
            // Not in the condition: a destructor may make more garbage.
            let next = self.garbage.borrow_mut().pop();
            let Some(handle) = next else { return Ok(()) };
            handle.resource_drop(&mut *store)?;
        }
    }

    /// What the values of a call may take that go to the host. They are gone soon, so that it is
    /// enough if there is as much room now.
    fn affordable_bytes(&self) -> usize {
        let Some(account) = &self.account else { return MAX_LIFTED_BYTES };
        let mut bytes = MAX_LIFTED_BYTES;
        while bytes > 0 && !account.charge(bytes) {
            bytes /= 2;
        }
        account.release(bytes);
        bytes
    }

    fn enter(
        &self,
        body: impl FnOnce(&mut Store<StoreData>) -> wasmtime::Result<()>,
    ) -> Result<(), ComponentFailure> {
        let mut store = self.store()?;
        if self.stopper.as_ref().is_some_and(Stopper::is_stopped) {
            return Err(ComponentFailure::Stopped);
        }
        if self.uses_wasi {
            check_thread()?;
        }
        // A signal has no business with the group, if any, that called the host.
        let _entered = running(None);
        body(&mut store).map_err(|error| from_error(error, self.stopper.as_ref(), &self.source))
    }

    fn store(&self) -> Result<RefMut<'_, Store<StoreData>>, ComponentFailure> {
        self.store.try_borrow_mut().map_err(|_| ComponentFailure::Busy)
    }
}

/// A store for one instance.
pub(super) fn new_store(
    component: &Component,
    wasi: Wasi,
    surroundings: &Surroundings,
) -> Result<Store<StoreData>, ComponentFailure> {
    let engine = component
        .engine()
        .components()
        .map_err(|error| ComponentFailure::Other(error.to_string()))?;
    let stopper = surroundings.stopper.clone();
    if let Some(stopper) = &stopper {
        stopper.attach(component.engine().watch());
    }
    let data = StoreData {
        limits: Limits::new(Charge::none_yet(surroundings.account.as_ref())),
        wasi: wasi.context()?,
        table: wasi::new_table(),
        stopper: stopper.clone(),
        host_resources: Vec::new(),
    };
    let mut store = Store::new(engine, data);
    store.limiter(|data| &mut data.limits);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        // The epoch is the engine's: it may be another isolate that has to stop.
        match &stopper {
            Some(stopper) if stopper.is_due(Instant::now()) => Err(stopped()),
            _ => Ok(UpdateDeadline::Continue(1)),
        }
    });
    Ok(store)
}

/// What of WASI waits cannot do so here.
pub(super) fn check_thread() -> Result<(), ComponentFailure> {
    match tokio::runtime::Handle::try_current() {
        Ok(_) => Err(ComponentFailure::InRuntime),
        Err(_) => Ok(()),
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").finish_non_exhaustive()
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("source", &self.source).finish_non_exhaustive()
    }
}
