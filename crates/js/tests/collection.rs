//! The collector sees through host objects: cycles between script and Rust are freed.

mod support;

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use holm_js::webidl::{self, Definition, Interface};
use holm_js::{
    Attributes, Call, Ctx, Graveyard, Held, HostCallable, HostObject, Object, Result, Root, Tracer,
    Value, callable, define_value,
};

const CYCLES: usize = 1000;

/// Counts how many of its kind are alive.
struct Alive(Rc<Cell<usize>>);

impl Alive {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A host object that holds a value of script; `marks` says whether it tells the collector.
struct Holder {
    value: Rc<RefCell<Option<Held>>>,
    marks: bool,
    alive: Alive,
}

impl HostObject for Holder {
    fn trace(&self, tracer: &Tracer<'_>) {
        if self.marks {
            self.value.borrow().iter().for_each(|held| tracer.mark(held));
        }
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.alive);
    }
}

impl Interface for Holder {
    const NAME: &'static str = "Holder";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members.operation("hold", 1, |this, call| {
            *this.value.borrow_mut() = Some(Held::new(&call.value(0)));
            call.undefined()
        })?;
        Ok(())
    }
}

type Link = Rc<RefCell<Option<Held>>>;

/// Makes cycles of host objects and script; gives the links that hold them together.
fn make_cycles(ctx: &Ctx<'_>, count: &Rc<Cell<usize>>, marks: bool) -> Result<Vec<Link>> {
    let mut links = Vec::new();
    for _ in 0..CYCLES {
        let holder = Holder { value: Rc::default(), marks, alive: Alive::new(count) };
        links.push(holder.value.clone());
        let object = webidl::new_object(ctx, holder)?;
        define_value(&ctx.globals(), "holder", object, Attributes::ALL)?;
        support::check(
            ctx,
            &[(
                "{ const h = holder; h.hold({ back: h, closure: () => h }); delete globalThis.holder }",
                "true",
            )],
        );
    }
    Ok(links)
}

#[test]
fn a_thousand_marked_cycles_are_collected() {
    let (realm, count) = (support::realm(), Rc::new(Cell::new(0)));
    let links = realm.enter(|ctx| make_cycles(ctx, &count, true)).expect("cycles");
    realm.runtime().collect_garbage();
    assert_eq!(count.get(), 0);
    // What outlives its object is empty, not dangling.
    let is_empty = |link: &Link, ctx: &Ctx<'_>| {
        link.borrow()
            .as_ref()
            .is_some_and(|held| held.get(ctx).is_ok_and(|value| value.is_undefined()))
    };
    assert!(realm.enter(|ctx| links.iter().all(|link| is_empty(link, ctx))));
}

#[test]
fn without_marking_none_is_collected() {
    let (realm, count) = (support::realm(), Rc::new(Cell::new(0)));
    let links = realm.enter(|ctx| make_cycles(ctx, &count, false)).expect("cycles");
    realm.runtime().collect_garbage();
    assert_eq!(count.get(), CYCLES);
    // Cut by hand: they would outlive the runtime, which the engine answers by aborting.
    realm.enter(|_| links.iter().for_each(|link| drop(link.borrow_mut().take())));
    assert_eq!(count.get(), 0);
}

/// A callable host object that holds a value.
struct Returns {
    value: Held,
    _alive: Alive,
}

impl HostObject for Returns {
    fn trace(&self, tracer: &Tracer<'_>) {
        tracer.mark(&self.value);
    }
}

impl HostCallable for Returns {
    fn call<'js>(&self, call: &Call<'_, 'js>) -> Result<Value<'js>> {
        self.value.get(call.ctx())
    }
}

#[test]
fn cycles_through_callables_are_collected() {
    let (realm, count) = (support::realm(), Rc::new(Cell::new(0)));
    realm.enter(|ctx| {
        for _ in 0..CYCLES {
            let target = Object::new(ctx.clone()).expect("object");
            let returns =
                Returns { value: Held::new(target.as_value()), _alive: Alive::new(&count) };
            let function = callable(ctx, "f", 0, returns).expect("function");
            assert!(function.call::<_, Object<'_>>(()).is_ok());
            target.set("function", function).expect("set");
        }
    });
    realm.runtime().collect_garbage();
    assert_eq!(count.get(), 0);
}

#[test]
fn the_runtime_ends_with_live_objects_and_late_roots() {
    let (realm, count) = (support::realm(), Rc::new(Cell::new(0)));
    let root = realm.enter(|ctx| {
        let holder = Holder { value: Rc::default(), marks: true, alive: Alive::new(&count) };
        let object = webidl::new_object(ctx, holder).expect("object");
        define_value(&ctx.globals(), "kept", object.clone(), Attributes::ALL).expect("define");
        support::check(ctx, &[("kept.hold(kept)", "undefined")]);
        Root::<Object<'static>>::new(ctx, object).expect("root")
    });
    drop(realm);
    assert_eq!(count.get(), 0, "the end of the runtime frees everything");
    drop(root);
}

#[test]
fn a_root_of_another_runtime_is_an_error() {
    let (one, other) = (support::realm(), support::realm());
    let root = one.enter(|ctx| Root::<Value<'static>>::new(ctx, "text").expect("root"));
    assert!(other.enter(|ctx| root.get::<Value<'_>>(ctx).is_err()));
    assert!(one.enter(|ctx| root.get::<String>(ctx).is_ok()));
}

/// An interface that inherits from `Holder`.
struct Derived(Holder);

impl HostObject for Derived {
    fn trace(&self, tracer: &Tracer<'_>) {
        self.0.trace(tracer);
    }

    fn base(&self, wanted: TypeId) -> Option<&dyn Any> {
        (wanted == TypeId::of::<Holder>()).then_some(&self.0 as &dyn Any)
    }
}

impl Interface for Derived {
    const NAME: &'static str = "Derived";

    fn parent<'js>(ctx: &Ctx<'js>) -> Result<Option<webidl::Parent<'js>>> {
        webidl::Parent::of::<Holder>(ctx)
    }

    fn define(_members: &mut Definition<'_, '_, Self>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn inherited_operations_work_on_the_derived_object() {
    let (realm, count) = (support::realm(), Rc::new(Cell::new(0)));
    realm.enter(|ctx| {
        let holder = Holder { value: Rc::default(), marks: true, alive: Alive::new(&count) };
        let object = webidl::new_object(ctx, Derived(holder)).expect("object");
        define_value(&ctx.globals(), "derived", object, Attributes::ALL).expect("define");
        support::check(
            ctx,
            &[
                ("derived.hold(derived)", "undefined"),
                ("String(derived)", "[object Derived]"),
                ("Object.getPrototypeOf(derived.constructor).name", "Holder"),
            ],
        );
    });
}
