//! A component as a module of script.

use std::rc::Rc;

use holm_host::{Host, Stream, host};
use holm_js::{Ctx, Object, Result, function};
use holm_wasm::component::{
    ByteSink, Component, ComponentFailure, Instance, Item, Surroundings, Wasi, is_of_wasi,
};

use super::errors::throw_component;
use super::exports::exports_object;
use super::imports::ScriptImports;
use super::instance::Running;
use super::names::{camel_case, pascal_case, short_name};
use crate::errors::{throw_compile, throw_link};
use crate::esm::{ScriptModule, quoted};
use crate::state::State;

/// What the specifiers begin with by which a component imports: the rest is the component's name
/// for it, which is for the loader to find.
pub const IMPORT_SCHEME: &str = "holm:component-import:";

/// Compiles a component that was imported as `url`.
pub fn component_module<'js>(
    ctx: &Ctx<'js>,
    url: &str,
    bytes: Vec<u8>,
) -> Result<ScriptModule<'js>> {
    let engine = State::of(ctx).engine(ctx)?;
    let component = Component::compile(&engine, bytes.into())
        .map_err(|refused| throw_compile(ctx, url, &refused.into()))?;
    let text = script_text(&component);
    let url = url.to_owned();
    let instantiate = function(ctx, "instantiate", 1, move |call| {
        let ctx = call.ctx();
        let namespaces = match call.value(0).into_object() {
            Some(namespaces) => namespaces,
            None => Object::new_proto(ctx.clone(), None)?,
        };
        Ok(instantiate(ctx, &component, &url, namespaces)?.into_value())
    })?;
    Ok(ScriptModule { text, instantiate })
}

fn instantiate<'js>(
    ctx: &Ctx<'js>,
    component: &Component,
    url: &str,
    namespaces: Object<'js>,
) -> Result<Object<'js>> {
    let (running, owner) = Running::new(ctx, url)?;
    let state = &running.state;
    let surroundings = Surroundings {
        account: Some(state.account(ctx)),
        stopper: state.stopper(),
        source: Some(url.into()),
    };
    let imports = ScriptImports { ctx, running: &running, namespaces };
    let wasi = || {
        let (stdout, stderr) = (Output::sink(ctx, Stream::Out), Output::sink(ctx, Stream::Err));
        Wasi { stdout: Some(stdout), stderr: Some(stderr), ..Wasi::default() }
    };
    let made = state.lend(ctx, || Instance::new(component, &imports, wasi, &surroundings));
    running.set_instance(made.map_err(|failure| match failure {
        ComponentFailure::Link(reason) => throw_link(ctx, &format!("{url}: {reason}")),
        other => throw_component(ctx, other),
    })?);
    let exports = exports_object(ctx, &running, component.exports());
    drop(owner);
    exports
}

/// A stream of the isolate's.
pub(super) struct Output {
    host: Rc<Host>,
    stream: Stream,
}

impl Output {
    pub(super) fn sink(ctx: &Ctx<'_>, stream: Stream) -> Rc<dyn ByteSink> {
        Rc::new(Self { host: host(ctx), stream })
    }
}

impl ByteSink for Output {
    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.host.output.write(self.stream, bytes)
    }

    fn is_terminal(&self) -> bool {
        self.host.output.terminal(self.stream).is_some()
    }
}

/// The text of the module: as with `esm.rs`.
fn script_text(component: &Component) -> String {
    let mut text = String::new();
    let mut imports = String::new();
    for (index, name) in imported(component).enumerate() {
        let specifier = quoted(&format!("{IMPORT_SCHEME}{name}"));
        text.push_str(&format!("import * as $i{index} from {specifier};\n"));
        imports.push_str(&format!("[{}]: $i{index}, ", quoted(name)));
    }
    text.push_str("const $instantiate = import.meta.$instantiate;\n");
    text.push_str("delete import.meta.$instantiate;\n");
    text.push_str(&format!("const $exports = $instantiate({{ __proto__: null, {imports}}});\n"));
    for (index, (key, names)) in exported(component).iter().enumerate() {
        text.push_str(&format!("const $e{index} = $exports[{}];\n", quoted(key)));
        for name in names {
            text.push_str(&format!("export {{ $e{index} as {} }};\n", quoted(name)));
        }
    }
    text
}

/// What script has to supply.
fn imported(component: &Component) -> impl Iterator<Item = &str> {
    let imports = component.imports().iter();
    let given = imports.filter(|(name, item)| match item {
        // Of one that has only types, nothing is wanted.
        Item::Interface(items) => {
            !is_of_wasi(name) && items.iter().any(|(_, item)| !matches!(item, Item::Type))
        }
        Item::Type => false,
        _ => true,
    });
    given.map(|(name, _)| &**name)
}

/// Keys of the exports object, each with the names by which it is exported: an interface by its
/// full name, and by the short one, if that is nothing else's.
fn exported(component: &Component) -> Vec<(String, Vec<String>)> {
    let mut taken: Vec<String> = Vec::new();
    let mut exported = Vec::new();
    for (name, item) in component.exports() {
        let key = match item {
            Item::Function => camel_case(name),
            Item::Resource(_) => pascal_case(name),
            _ => continue,
        };
        taken.push(key.clone());
        exported.push((key.clone(), vec![key]));
    }
    let interfaces = component.exports().iter();
    for (name, _) in interfaces.filter(|(_, item)| matches!(item, Item::Interface(_))) {
        let short = camel_case(short_name(name));
        let mut names = vec![name.to_string()];
        if short != **name && !taken.contains(&short) {
            taken.push(short.clone());
            names.push(short);
        }
        exported.push((name.to_string(), names));
    }
    exported
}
