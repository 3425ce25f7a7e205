//! `WebAssemblyCompileOptions`: <https://webassembly.github.io/spec/js-api/#dictdef-webassemblycompileoptions>

use holm_js::webidl::convert;
use holm_js::{Ctx, Result, Value};
use holm_wasm::{ExternType, HeapType, Module, Mutability, ValType};

use crate::builtins;

/// What a module may import without being given it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CompileOptions {
    /// Names of builtin sets.
    pub(crate) builtins: Vec<String>,
    /// The module whose every import is a string: its own name.
    pub(crate) string_module: Option<String>,
}

impl CompileOptions {
    /// The dictionary.
    pub(crate) fn read<'js>(ctx: &Ctx<'js>, value: &Value<'js>, what: &str) -> Result<Self> {
        let Some(options) = convert::dictionary(ctx, value, what)? else {
            return Ok(Self::default());
        };
        let builtins = match convert::member(&options, "builtins")? {
            None => Vec::new(),
            Some(names) => {
                let names = convert::sequence(ctx, &names, "the option 'builtins'")?;
                names.iter().map(|name| convert::string(ctx, name)).collect::<Result<_>>()?
            }
        };
        let string_module = match convert::member(&options, "importedStringConstants")? {
            Some(name) if !name.is_null() => Some(convert::string(ctx, &name)?),
            _ => None,
        };
        Ok(Self { builtins, string_module })
    }

    /// <https://webassembly.github.io/spec/js-api/#validate-builtins-and-imported-string-for-a-webassembly-module>;
    /// why it does not hold.
    pub(crate) fn check(&self, module: &Module) -> std::result::Result<(), String> {
        // 1. If validating builtin set names for builtinSetNames is false, return false.
        for (index, name) in self.builtins.iter().enumerate() {
            if self.builtins[..index].contains(name) {
                return Err(format!("the option 'builtins' names {name:?} twice"));
            }
        }
        // 2. For each import of module_imports(module),
        for (index, import) in module.imports().iter().enumerate() {
            let place = || format!("import #{index} {:?} {:?}", import.module, import.name);
            // 1. If importedStringModule is not null and import[0] equals importedStringModule,
            if self.is_string(&import.module) {
                // 3. If match_externtype(stringExternType, importExternType) is false, return
                //    false.
                if !takes_string(&import.ty) {
                    let wanted = "an immutable global that may hold an externref";
                    return Err(format!("{}: an imported string is {wanted}", place()));
                }
                continue;
            }
            // 2. Else, if validating an import for builtins is false, return false.
            if let Some(builtin) = builtins::find(self, &import.module, &import.name)
                && let Err(reason) = builtin.check(module.engine(), &import.ty)
            {
                return Err(format!("{}: {reason}", place()));
            }
        }
        Ok(())
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.builtins.is_empty() && self.string_module.is_none()
    }

    /// Whether imports from this module are strings.
    pub(crate) fn is_string(&self, module: &str) -> bool {
        self.string_module.as_deref() == Some(module)
    }
}

/// Whether `global const (ref extern)` matches the type.
fn takes_string(ty: &ExternType) -> bool {
    let ExternType::Global(ty) = ty else { return false };
    let ValType::Ref(content) = ty.content() else { return false };
    ty.mutability() == Mutability::Const && matches!(content.heap_type(), HeapType::Extern)
}
