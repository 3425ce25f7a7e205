//! Host functions and interfaces look to script as the specifications say.

mod support;

use std::cell::Cell;

use holm_js::webidl::convert::{self, Integer};
use holm_js::webidl::{self, Definition, Interface};
use holm_js::{
    Attributes, Ctx, ErrorKind, HostObject, Result, define_lazy, define_value, function, throw,
};

struct Counter(Cell<u32>);

impl HostObject for Counter {}

impl Interface for Counter {
    const NAME: &'static str = "Counter";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, |call| {
                let from = convert::unsigned_long(
                    call.ctx(),
                    &call.value(0),
                    Integer::EnforceRange,
                    "Counter: start",
                )?;
                webidl::construct(call, Counter(Cell::new(from)))
            })
            .operation("add", 1, |this, call| {
                let by = convert::unsigned_long(call.ctx(), &call.value(0), Integer::Wrap, "by")?;
                this.0.set(this.0.get().wrapping_add(by));
                call.returns(f64::from(this.0.get()))
            })?
            .attribute("count", |this, call| call.returns(f64::from(this.0.get())))?
            .writable_attribute(
                "start",
                |this, call| call.returns(f64::from(this.0.get())),
                |this, call| {
                    this.0.set(call.get(0)?);
                    Ok(())
                },
            )?
            .static_operation("zero", 0, |call| call.returns(0))?;
        Ok(())
    }
}

fn install(ctx: &Ctx<'_>) -> Result<()> {
    let counter = webidl::interface_object::<Counter>(ctx)?;
    define_value(&ctx.globals(), "Counter", counter, Attributes::BUILT_IN)?;
    let f = function(ctx, "f", 2, |call| call.returns(call.len() as u32))?;
    define_value(&ctx.globals(), "f", f, Attributes::BUILT_IN)?;
    let fails = function(ctx, "fails", 0, |call| {
        Err(throw(call.ctx(), ErrorKind::Range, &"long ".repeat(100)))
    })?;
    define_value(&ctx.globals(), "fails", fails, Attributes::BUILT_IN)?;
    let panics = function(ctx, "panics", 0, |_| panic!("on purpose"))?;
    define_value(&ctx.globals(), "panics", panics, Attributes::BUILT_IN)?;
    define_lazy(&ctx.globals(), "lazy", Attributes::BUILT_IN, |ctx| {
        Ok(holm_js::Object::new(ctx.clone())?.into_value())
    })
}

#[test]
fn functions_are_built_in_functions() {
    support::realm().enter(|ctx| {
        install(ctx).expect("install");
        support::check(
            ctx,
            &[
                ("typeof f", "function"),
                ("f.name + f.length", "f2"),
                ("f(1, 2, 3)", "3"),
                ("f instanceof Function", "true"),
                ("'prototype' in f", "false"),
                ("new f()", "TypeError: not a constructor"),
                ("Function.prototype.toString.call(f)", "function f() {\n    [native code]\n}"),
                (
                    "JSON.stringify(Object.getOwnPropertyDescriptor(f, 'name'))",
                    r#"{"value":"f","writable":false,"enumerable":false,"configurable":true}"#,
                ),
                ("try { fails() } catch (e) { e.message.length }", "500"),
                ("try { panics() } catch (e) { e.message }", "a bug in Holm: on purpose"),
                (
                    "lazy === lazy && Object.getOwnPropertyDescriptor(globalThis, 'lazy').writable",
                    "true",
                ),
                ("lazy = 3; lazy", "3"),
            ],
        );
    });
}

#[test]
fn interfaces_follow_web_idl() {
    support::realm().enter(|ctx| {
        install(ctx).expect("install");
        support::check(
            ctx,
            &[
                ("const c = new Counter(5); c.add(2) + c.count", "14"),
                ("c.start = 1; c.count", "1"),
                ("'use strict'; try { (() => { 'use strict'; c.count = 1 })() } catch (e) { e.name }", "TypeError"),
                ("String(c)", "[object Counter]"),
                ("Counter.zero()", "0"),
                ("Counter.length", "1"),
                ("Object.keys(Counter.prototype).join()", "add,count,start"),
                ("Counter()", "TypeError: Class constructor Counter cannot be invoked without 'new'"),
                ("new Counter()", "TypeError: Counter.constructor: 1 argument required, but only 0 present"),
                ("new Counter(-1)", "TypeError: Counter: start is not an integer from 0 to 4294967295"),
                ("new Counter(NaN)", "TypeError: Counter: start is not an integer from 0 to 4294967295"),
                ("new Counter(0).add(-1)", "4294967295"),
                ("Counter.prototype.add.call({}, 1)", "TypeError: Counter.add: 'this' is not a Counter object"),
                ("Counter.prototype.count", "TypeError: Counter.count: 'this' is not a Counter object"),
                ("class D extends Counter { twice() { return 2 * this.count } } new D(4).twice()", "8"),
                ("Object.getOwnPropertyDescriptor(Counter, 'prototype').writable", "false"),
                ("Object.getOwnPropertyDescriptor(Counter.prototype, 'count').get.name", "get count"),
            ],
        );
    });
}

#[test]
fn two_realms_have_their_own_prototypes() {
    let first = support::realm();
    let second = holm_js::Realm::new(first.runtime()).expect("a second realm");
    let made = first.enter(|ctx| {
        install(ctx).expect("install");
        holm_js::Root::<holm_js::Object<'static>>::new(
            ctx,
            webidl::interface_object::<Counter>(ctx).expect("interface"),
        )
        .expect("root")
    });
    second.enter(|ctx| {
        install(ctx).expect("install");
        let other: holm_js::Object<'_> = made.get(ctx).expect("same runtime");
        define_value(&ctx.globals(), "Other", other, Attributes::ALL).expect("define");
        support::check(
            ctx,
            &[
                ("Other === Counter", "false"),
                ("new Other(1) instanceof Counter", "false"),
                ("Counter.prototype.add.call(new Other(1), 1)", "2"),
            ],
        );
    });
}
