//! Error classes of the host look to script as ECMAScript's own.

mod support;

use holm_js::{
    Attributes, Ctx, Object, Realm, Runtime, class_error, define_value, error_class, function,
    reflect, take_exception, throw_class, to_text,
};

fn install(ctx: &Ctx<'_>) {
    let class = error_class(ctx, "LinkError").expect("class");
    assert!(reflect::is_same(&class, &error_class(ctx, "LinkError").expect("class")));
    define_value(&ctx.globals(), "LinkError", class, Attributes::BUILT_IN).expect("defined");
    let fails = function(ctx, "fails", 0, |call| {
        Err(throw_class(call.ctx(), "LinkError", &"long ".repeat(100)))
    });
    define_value(&ctx.globals(), "fails", fails, Attributes::BUILT_IN).expect("defined");
}

/// Each script gives the same with `TypeError` for `LinkError`, but for the name.
#[test]
fn classes_are_as_the_engines_own() {
    let same = [
        "Object.getPrototypeOf(LinkError) === Error",
        "Object.getPrototypeOf(LinkError.prototype) === Error.prototype",
        "typeof LinkError + String(LinkError).includes('[native code]') + Object.prototype.toString.call(LinkError)",
        "Object.getOwnPropertyNames(LinkError).sort()",
        "Object.getOwnPropertyNames(LinkError.prototype).sort()",
        "JSON.stringify(Object.getOwnPropertyDescriptors(LinkError))",
        "JSON.stringify(Object.entries(Object.getOwnPropertyDescriptors(LinkError.prototype)).sort())",
        "LinkError.prototype.constructor === LinkError",
        "Symbol.toStringTag in LinkError.prototype",
        "Error.isError(LinkError.prototype)",
        "[new LinkError(), LinkError(), new LinkError(undefined), LinkError('')].map(e => Object.getOwnPropertyNames(e) + Error.isError(e) + e)",
        "[new LinkError(1), LinkError('m')].map(e => JSON.stringify(Object.getOwnPropertyDescriptor(e, 'message')) + e)",
        "Object.prototype.toString.call(LinkError())",
        "LinkError('m', { cause: 0 }).cause + ',' + ('cause' in LinkError('m', {})) + ('cause' in LinkError('m', 1))",
        "JSON.stringify(Object.getOwnPropertyDescriptor(LinkError('m', { cause: [1] }), 'cause'))",
        "try { LinkError(Symbol()) } catch (e) { e.message }",
        "LinkError('m', { get cause() { throw 'cause' } })",
        // In this order: new.target's prototype, once; the message; the cause.
        "var log = []; class X {}; const p = new Proxy(function () {}, { get(t, k) { log.push(k); return X.prototype } });
         const made = Reflect.construct(LinkError, [{ toString() { log.push('message'); return 'm' } },
            { get cause() { log.push('cause') } }], p); log + (made instanceof X) + Error.isError(made) + made.message",
        "class Y extends LinkError { name = 'Y' }; const y = new Y('m'); y + (y instanceof LinkError) + (y.constructor === Y) + y.stack.split('\\n')[0]",
        "function F() {} F.prototype = 1; Object.getPrototypeOf(Reflect.construct(LinkError, [], F)) === LinkError.prototype",
        "Object.getPrototypeOf(Reflect.construct(LinkError, [], Array)) === Array.prototype",
        "function f() { return new LinkError('no') } f().stack",
        "function g() { return LinkError() } g().stack",
        "class Z extends LinkError { constructor() { super('deep') } } new Z().stack",
        "Error.prepareStackTrace = (e, sites) => [e instanceof LinkError, e.message, sites.length, sites[0].getLineNumber()]; const s = LinkError('m').stack; Error.prepareStackTrace = undefined; s",
        "const o = {}; LinkError.captureStackTrace(o); o.stack.split('\\n').length",
        "(() => { try { throw LinkError('x') } catch (e) { return e.message } })()",
    ];
    for source in same {
        let ours = support::realm().enter(|ctx| {
            install(ctx);
            support::run(ctx, source)
        });
        let theirs = support::realm()
            .enter(|ctx| support::run(ctx, &source.replace("LinkError", "TypeError")));
        // Columns count letters, and both names have nine.
        assert_eq!(ours, theirs.replace("TypeError", "LinkError"), "{source}");
        assert!(!ours.contains("SyntaxError"), "{source}: {ours}");
    }
}

#[test]
fn throwing_does_not_ask_script() {
    support::realm().enter(|ctx| {
        support::run(ctx, "globalThis.Error = globalThis.TypeError = null; Object.prototype.cause = 1; Function.prototype.prototype = 2");
        install(ctx);
        support::check(
            ctx,
            &[
                ("try { fails() } catch (e) { e.message.length + ',' + e.name + Object.hasOwn(e, 'cause') }", "500,LinkErrorfalse"),
                ("delete LinkError.prototype.constructor; delete globalThis.LinkError; try { fails() } catch (e) { e.name }", "LinkError"),
                ("(function f() { try { fails() } catch (e) { return e.stack.split('\\n')[1] } })()", "    at f (test.js:1:22)"),
            ],
        );
        let made = class_error(ctx, "LinkError", "text").expect("made");
        assert_eq!(to_text(ctx, made.as_value()).expect("text"), "LinkError: text");
    });
}

/// Of a class from another realm, instances are of that realm.
#[test]
fn classes_belong_to_their_realm() {
    let runtime = Runtime::new(&holm_js::Limits::default()).expect("runtime");
    let (here, there) =
        (Realm::new(&runtime).expect("realm"), Realm::new(&runtime).expect("realm"));
    let class = there.enter(|ctx| {
        install(ctx);
        holm_js::Root::<Object<'static>>::new(ctx, error_class(ctx, "LinkError"))
    });
    here.enter(|ctx| {
        install(ctx);
        let foreign: Object<'_> = class.expect("root").get(ctx).expect("class");
        define_value(&ctx.globals(), "Foreign", foreign, Attributes::ALL).expect("defined");
        support::check(
            ctx,
            &[("[Foreign() instanceof LinkError, Foreign() instanceof Error, Foreign() instanceof Foreign] + ''", "false,false,true")],
        );
        let error = throw_class(ctx, "LinkError", "x");
        let thrown = take_exception(ctx, error);
        assert!(thrown.is_error());
    });
    runtime.collect_garbage();
}
