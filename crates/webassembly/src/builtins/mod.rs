//! Builtins: <https://webassembly.github.io/spec/js-api/#builtins>

mod js_string;

use holm_js::{Ctx, Result, Strings};
use holm_wasm::{DirectType, Engine, ExternType, Import, TypeText};

use self::js_string::{JsString, JsStringFunction};
use crate::options::CompileOptions;
use crate::passage::Passage;
use crate::state::State;

/// A builtin set's qualified name is its name after this.
const PREFIX: &str = "wasm:";

/// A function that a module may import without being given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Builtin(JsString);

/// <https://webassembly.github.io/spec/js-api/#find-a-builtin>
pub(crate) fn find(options: &CompileOptions, module: &str, name: &str) -> Option<Builtin> {
    // 4. For each builtinSetName of builtinSetNames,
    //    2. Let builtinSetQualifiedName be builtinSetName prefixed with "wasm:".
    //    3. If importModuleName equals builtinSetQualifiedName,
    let set = module.strip_prefix(PREFIX)?;
    if !options.builtins.iter().any(|enabled| enabled == set) {
        return None;
    }
    //    1. If builtinSetName does not refer to a builtin set, then continue.
    match set {
        js_string::SET_NAME => JsString::named(name).map(Builtin),
        _ => None,
    }
}

impl Builtin {
    /// <https://webassembly.github.io/spec/js-api/#validate-an-import-for-builtins>: why it is
    /// not valid.
    pub(crate) fn check(
        self,
        engine: &Engine,
        wanted: &ExternType,
    ) -> std::result::Result<(), String> {
        // 6. Let builtinExternType be func builtinFuncType.
        let own = self.ty(engine);
        // 7. Return match_externtype(builtinExternType, importExternType).
        if own.matches(wanted) {
            return Ok(());
        }
        let wanted = match wanted {
            ExternType::Func(ty) if TypeText(ty).to_string() == own.to_string() => {
                "a type like that, but not the same: it shares a recursion group, or is not final"
                    .to_owned()
            }
            ExternType::Func(ty) => TypeText(ty).to_string(),
            other => format!("a {}", crate::module::kind(other)),
        };
        Err(format!("the builtin is {own}, but the import is of {wanted}"))
    }

    /// <https://webassembly.github.io/spec/js-api/#create-a-builtin-function>
    pub(crate) fn import(self, ctx: &Ctx<'_>, engine: &Engine) -> Result<Import> {
        let ty = self.ty(engine);
        let strings = Strings::new(ctx)?;
        let loan = State::of(ctx).loan().clone();
        Ok(Import::Direct(
            ty,
            Box::new(move |group| {
                Box::new(JsStringFunction::new(self.0, strings, Passage::new(group, loan)))
            }),
        ))
    }

    fn ty(self, engine: &Engine) -> DirectType {
        let (parameters, result) = self.0.signature();
        DirectType::new(engine, parameters, result)
    }
}
