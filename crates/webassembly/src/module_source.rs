//! %AbstractModuleSource%, from which `WebAssembly.Module` inherits:
//! <https://tc39.es/proposal-source-phase-imports/#sec-%abstractmodulesource%-constructor>

use holm_js::webidl::Interface;
use holm_js::{
    Attributes, Ctx, Object, PredefinedAtom, Result, constructor, define_accessor, define_value,
    function, host_ref, well_known_symbol,
};

use crate::errors::throw_type;
use crate::module::ModuleObject;

/// Puts the class above the interface object of `WebAssembly.Module`.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, module: &Object<'js>) -> Result<()> {
    let class = constructor(ctx, "AbstractModuleSource", 0, |call| {
        Err(throw_type(call.ctx(), "AbstractModuleSource is abstract: compile a module instead"))
    })?;
    let prototype = Object::new(ctx.clone())?;
    // The [[ModuleSourceClassName]] of what has one.
    let name = function(ctx, "get [Symbol.toStringTag]", 0, |call| {
        match host_ref::<ModuleObject>(&call.this()) {
            Some(_) => call.returns(ModuleObject::CLASS_STRING),
            None => call.undefined(),
        }
    })?;
    let tag = well_known_symbol(ctx, PredefinedAtom::SymbolToStringTag)?;
    define_accessor(&prototype, tag, Some(&name), None, Attributes::CONFIGURABLE)?;
    define_value(&prototype, "constructor", class.clone(), Attributes::BUILT_IN)?;
    define_value(&class, "prototype", prototype.clone(), Attributes::NONE)?;
    let own: Object<'js> = module.get("prototype")?;
    own.set_prototype(Some(&prototype))?;
    module.set_prototype(Some(&class))
}
