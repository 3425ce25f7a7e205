//! Wrapper modules: they call an instance's exports from within WebAssembly and compare results there.
//!
//! One wrapper per instance; one function per assertion, `w0`, `w1`, … It returns 0, or the number (from 1) of the
//! first result that is wrong. Imports come from `i`, the instance's exports, and from `js`: host objects.

use std::collections::HashMap;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    AbstractHeapType, BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalType, HeapType, ImportSection, Instruction, Module, RefType,
    TypeSection, ValType,
};
use wasmparser::{CompositeInnerType, ExternalKind, Parser, Payload, TypeRef};
use wast::WastArg;

use super::values::{Check, Constant, constant};

const EXTERN: u32 = 0;
const IS_EXTERN: u32 = 1;

/// What an instance exports, as far as wrappers need it.
#[derive(Clone)]
pub(super) struct Exports(HashMap<String, Entity>);

#[derive(Clone)]
enum Entity {
    Func(Signature),
    Global(GlobalType),
}

#[derive(Clone, PartialEq)]
struct Signature {
    params: Vec<ValType>,
    results: Vec<ValType>,
}

/// What an assertion does.
pub(super) enum Action<'a, 'b> {
    Call { name: &'a str, arguments: &'b [WastArg<'a>] },
    Get { name: &'a str },
}

/// A wrapper in the making.
pub(super) struct Wrapper {
    exports: Exports,
    types: Vec<Signature>,
    imports: ImportSection,
    /// Exports that are imported already, by their index.
    functions: HashMap<String, u32>,
    globals: HashMap<String, u32>,
    bodies: Vec<Function>,
}

impl Wrapper {
    pub(super) fn around(exports: Exports) -> Wrapper {
        let mut wrapper = Wrapper {
            exports,
            types: Vec::new(),
            imports: ImportSection::new(),
            functions: HashMap::new(),
            globals: HashMap::new(),
            bodies: Vec::new(),
        };
        for (name, params, results) in [
            ("extern", vec![ValType::I32], vec![ValType::EXTERNREF]),
            ("is_extern", vec![ValType::EXTERNREF, ValType::I32], vec![ValType::I32]),
        ] {
            let ty = wrapper.type_index(Signature { params, results });
            wrapper.imports.import("js", name, EntityType::Function(ty));
        }
        wrapper
    }

    /// Adds a function that does this and checks the results, or drops them if there are no `checks`.
    /// Says its number; `None` if it would need the module's own types.
    pub(super) fn add(
        &mut self,
        action: &Action<'_, '_>,
        checks: Option<&[Check]>,
    ) -> Option<usize> {
        let (code, results) = match action {
            Action::Call { name, arguments } => {
                let Some(Entity::Func(signature)) = self.exports.0.get(*name).cloned() else {
                    return None;
                };
                let mut code = arguments_code(arguments, &signature.params)?;
                code.push(Instruction::Call(self.import_function(name, &signature)));
                (code, signature.results)
            }
            Action::Get { name } => {
                let Some(Entity::Global(global)) = self.exports.0.get(*name).cloned() else {
                    return None;
                };
                (
                    vec![Instruction::GlobalGet(self.import_global(name, global))],
                    vec![global.val_type],
                )
            }
        };
        if checks.is_some_and(|checks| checks.len() != results.len()) {
            return None;
        }
        let mut function = Function::new(results.iter().map(|&ty| (1, ty)));
        for instruction in &code {
            function.instruction(instruction);
        }
        for index in (0..results.len()).rev() {
            function.instruction(&Instruction::LocalSet(index.try_into().ok()?));
        }
        for (index, (check, ty)) in checks.unwrap_or_default().iter().zip(&results).enumerate() {
            let index: i32 = index.try_into().ok()?;
            check_code(&mut function, index.cast_unsigned(), *ty, check);
            function.instruction(&Instruction::I32Eqz);
            function.instruction(&Instruction::If(BlockType::Empty));
            function.instruction(&Instruction::I32Const(index + 1));
            function.instruction(&Instruction::Return).instruction(&Instruction::End);
        }
        function.instruction(&Instruction::I32Const(0)).instruction(&Instruction::End);
        self.bodies.push(function);
        Some(self.bodies.len() - 1)
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let of_wrappers =
            self.type_index(Signature { params: vec![], results: vec![ValType::I32] });
        let mut types = TypeSection::new();
        for signature in &self.types {
            types.ty().function(signature.params.clone(), signature.results.clone());
        }
        let (mut functions, mut exports) = (FunctionSection::new(), ExportSection::new());
        let mut code = CodeSection::new();
        for (number, body) in (0u32..).zip(&self.bodies) {
            functions.function(of_wrappers);
            let index = IS_EXTERN + 1 + count(&self.functions) + number;
            exports.export(&format!("w{number}"), ExportKind::Func, index);
            code.function(body);
        }
        let mut module = Module::new();
        module.section(&types).section(&self.imports).section(&functions);
        module.section(&exports).section(&code);
        module.finish()
    }

    fn type_index(&mut self, signature: Signature) -> u32 {
        let index = self.types.iter().position(|own| *own == signature).unwrap_or_else(|| {
            self.types.push(signature);
            self.types.len() - 1
        });
        u32::try_from(index).expect("a type for each assertion at most")
    }

    fn import_function(&mut self, name: &str, signature: &Signature) -> u32 {
        if let Some(index) = self.functions.get(name) {
            return *index;
        }
        let ty = self.type_index(signature.clone());
        self.imports.import("i", name, EntityType::Function(ty));
        let index = IS_EXTERN + 1 + count(&self.functions);
        self.functions.insert(name.into(), index);
        index
    }

    fn import_global(&mut self, name: &str, ty: GlobalType) -> u32 {
        if let Some(index) = self.globals.get(name) {
            return *index;
        }
        self.imports.import("i", name, EntityType::Global(ty));
        let index = count(&self.globals);
        self.globals.insert(name.into(), index);
        index
    }
}

fn count(imported: &HashMap<String, u32>) -> u32 {
    imported.len().try_into().expect("a function for each assertion at most")
}

fn arguments_code(
    arguments: &[WastArg<'_>],
    params: &[ValType],
) -> Option<Vec<Instruction<'static>>> {
    if arguments.len() != params.len() {
        return None;
    }
    let mut code = Vec::new();
    for (argument, param) in arguments.iter().zip(params) {
        let heap = match param {
            ValType::Ref(RefType { heap_type, .. }) => Some(*heap_type),
            _ => None,
        };
        match constant(argument, heap)? {
            Constant::Plain(instruction) => code.push(instruction),
            Constant::Extern(n) => {
                code.push(Instruction::I32Const(n.cast_signed()));
                code.push(Instruction::Call(EXTERN));
                if heap != Some(HeapType::EXTERN) {
                    code.push(Instruction::AnyConvertExtern);
                }
            }
        }
    }
    Some(code)
}

/// Leaves 1 on the stack if the local is as the check says, else 0.
fn check_code(function: &mut Function, local: u32, ty: ValType, check: &Check) {
    use Instruction as I;
    let get = I::LocalGet(local);
    let mut put = |code: &[Instruction<'_>]| {
        for instruction in code {
            function.instruction(instruction);
        }
    };
    match check {
        Check::Bits32 { mask, bits } => {
            put(&[get]);
            if ty == ValType::F32 {
                put(&[I::I32ReinterpretF32]);
            }
            let [mask, bits] = [mask, bits].map(|value| I::I32Const(value.cast_signed()));
            put(&[mask, I::I32And, bits, I::I32Eq]);
        }
        Check::Bits64 { mask, bits } => {
            put(&[get]);
            if ty == ValType::F64 {
                put(&[I::I64ReinterpretF64]);
            }
            let [mask, bits] = [mask, bits].map(|value| I::I64Const(value.cast_signed()));
            put(&[mask, I::I64And, bits, I::I64Eq]);
        }
        Check::Bits128 { mask, bits } => {
            let [mask, bits] = [mask, bits].map(|value| I::V128Const(value.cast_signed()));
            put(&[get, mask, I::V128And, bits, I::I8x16Eq, I::I8x16AllTrue]);
        }
        Check::Null => put(&[get, I::RefIsNull]),
        Check::NonNull => put(&[get, I::RefIsNull, I::I32Eqz]),
        Check::Extern(n) => {
            put(&[get]);
            if ty != ValType::EXTERNREF {
                put(&[I::ExternConvertAny]);
            }
            put(&[I::I32Const(n.cast_signed()), I::Call(IS_EXTERN)]);
        }
        Check::Either(cases) => {
            put(&[I::I32Const(0)]);
            for case in cases {
                check_code(function, local, ty, case);
                function.instruction(&I::I32Or);
            }
        }
    }
}

impl Exports {
    /// Whether the JavaScript API lets the export's values through: it throws a TypeError for some types.
    pub(super) fn speaks_javascript(&self, action: &Action<'_, '_>) -> bool {
        let (Action::Call { name, .. } | Action::Get { name }) = action;
        match self.0.get(*name) {
            Some(Entity::Func(Signature { params, results })) => {
                params.iter().chain(results).all(|ty| reaches_javascript(*ty))
            }
            Some(Entity::Global(global)) => reaches_javascript(global.val_type),
            None => true,
        }
    }

    /// Leaves out what has a type of the module's own in it.
    pub(super) fn read(module: &[u8]) -> wasmparser::Result<Exports> {
        let (mut types, mut functions, mut globals) = (Vec::new(), Vec::new(), Vec::new());
        let mut exports = HashMap::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(reader) => {
                    for group in reader {
                        types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => signature(&ty),
                            _ => None,
                        }));
                    }
                }
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        match import?.ty {
                            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => functions.push(ty),
                            TypeRef::Global(ty) => globals.push(global(ty)),
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(reader) => {
                    for ty in reader {
                        functions.push(ty?);
                    }
                }
                Payload::GlobalSection(reader) => {
                    for item in reader {
                        globals.push(global(item?.ty));
                    }
                }
                Payload::ExportSection(reader) => {
                    for export in reader {
                        let export = export?;
                        let index = export.index as usize;
                        let entity = match export.kind {
                            ExternalKind::Func | ExternalKind::FuncExact => {
                                let ty =
                                    functions.get(index).and_then(|ty| types.get(*ty as usize));
                                ty.cloned().flatten().map(Entity::Func)
                            }
                            ExternalKind::Global => {
                                globals.get(index).copied().flatten().map(Entity::Global)
                            }
                            _ => None,
                        };
                        exports.extend(entity.map(|entity| (export.name.to_owned(), entity)));
                    }
                }
                _ => {}
            }
        }
        Ok(Exports(exports))
    }
}

fn reaches_javascript(ty: ValType) -> bool {
    use AbstractHeapType::{Exn, NoExn};
    match ty {
        ValType::Ref(RefType { heap_type: HeapType::Abstract { ty, .. }, .. }) => {
            !matches!(ty, Exn | NoExn)
        }
        ty => ty != ValType::V128,
    }
}

fn signature(ty: &wasmparser::FuncType) -> Option<Signature> {
    let all = |types: &[wasmparser::ValType]| -> Option<Vec<ValType>> {
        types.iter().map(|&ty| val_type(ty)).collect()
    };
    Some(Signature { params: all(ty.params())?, results: all(ty.results())? })
}

fn global(ty: wasmparser::GlobalType) -> Option<GlobalType> {
    Some(GlobalType {
        val_type: val_type(ty.content_type)?,
        mutable: ty.mutable,
        shared: ty.shared,
    })
}

fn val_type(ty: wasmparser::ValType) -> Option<ValType> {
    match RoundtripReencoder.val_type(ty).ok()? {
        ValType::Ref(RefType { heap_type: HeapType::Concrete(_) | HeapType::Exact(_), .. }) => None,
        ty => Some(ty),
    }
}
