//! Modules with the exceptions of before 3.0, valid by construction: they compile once they are translated, and
//! run. Broken ones must be refused, or be valid and compile.
//!
//! [`Body`] writes one function: [`Body::sequence`] takes a stack from one list of types to another by statements,
//! which leave the stack as it is, and by jumps, behind which any code may stand.

use holm_wasm::check;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink, Module, TagKind,
    TagSection, TagType, TypeSection, ValType,
};

use crate::random::Random;
use crate::{Target, modules, smith};

pub const TARGET: Target = Target { name: "legacy", make, run };

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;
const F64: ValType = ValType::F64;
const EXTERN: ValType = ValType::EXTERNREF;

/// All types of functions, blocks and tags, by index: what goes in and what comes out.
const TYPES: [(&[ValType], &[ValType]); 12] = [
    (&[], &[]),
    (&[I32], &[]),
    (&[I32, I64], &[]),
    (&[EXTERN], &[]),
    (&[], &[I32]),
    (&[], &[I64]),
    (&[], &[F64]),
    (&[], &[EXTERN]),
    (&[I32], &[I32]),
    (&[I64, F64], &[I64, I32]),
    (&[EXTERN, I32], &[F64]),
    (&[F64], &[I32, EXTERN]),
];
/// The tags' types, by the tags' indices. The first tag is imported.
const TAGS: [u32; 4] = [1, 0, 2, 3];
/// The imported functions' types.
const IMPORTS: [u32; 2] = [1, 8];
/// Each function has one local of each of these, behind its parameters.
const LOCALS: [ValType; 4] = [I32, I64, F64, EXTERN];
/// The global that counts down to the end of loops and recursions, and what it begins with.
const FUEL_GLOBAL: u32 = 0;
const FUEL: i32 = 300;
/// Labels around one another.
const DEEPEST: usize = 20;

fn make(random: &mut Random) -> Vec<u8> {
    let mut wasm = module(random);
    if random.one_in(2) {
        let other = module(random);
        random.mutate(&mut wasm, &other);
        return wasm;
    }
    smith::mark_bounded(wasm)
}

fn run(wasm: &[u8]) -> &'static str {
    if wasm.ends_with(smith::BOUNDED.as_bytes()) {
        check(wasm).expect("valid by construction");
    }
    modules::run(wasm)
}

fn module(random: &mut Random) -> Vec<u8> {
    let functions: Vec<u32> =
        (0..1 + random.below(5)).map(|_| random.below(TYPES.len()) as u32).collect();
    let mut types = TypeSection::new();
    for (parameters, results) in TYPES {
        types.ty().function(parameters.iter().copied(), results.iter().copied());
    }
    let tag = |ty| TagType { kind: TagKind::Exception, func_type_idx: ty };
    let mut imports = ImportSection::new();
    for (name, ty) in ["log", "maybe"].iter().zip(IMPORTS) {
        imports.import("m", name, EntityType::Function(ty));
    }
    imports.import("m", "tag", EntityType::Tag(tag(TAGS[0])));
    let mut declared = FunctionSection::new();
    let mut exports = ExportSection::new();
    for (index, ty) in functions.iter().enumerate() {
        declared.function(*ty);
        exports.export(&index.to_string(), ExportKind::Func, (index + IMPORTS.len()) as u32);
    }
    let mut tags = TagSection::new();
    for ty in &TAGS[1..] {
        tags.tag(tag(*ty));
    }
    let mut globals = GlobalSection::new();
    globals.global(
        GlobalType { val_type: I32, mutable: true, shared: false },
        &ConstExpr::i32_const(FUEL),
    );
    let mut code = CodeSection::new();
    for ty in &functions {
        code.function(&Body::write(random, &functions, *ty));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&declared).section(&tags);
    module.section(&globals).section(&exports).section(&code);
    module.finish()
}

/// A function being written.
struct Body<'a> {
    random: &'a mut Random,
    /// The types of the module's own functions.
    functions: &'a [u32],
    ty: u32,
    code: Function,
    /// What is around the place being written, the function itself first.
    labels: Vec<Label>,
    /// Statements that may still be written.
    budget: usize,
}

struct Label {
    /// What a jump to it needs.
    types: &'static [ValType],
    is_catch: bool,
}

impl Body<'_> {
    fn write(random: &mut Random, functions: &[u32], ty: u32) -> Function {
        let budget = 5 + random.below(60);
        let code = Function::new(LOCALS.map(|ty| (1, ty)));
        let mut body = Body { random, functions, ty, code, labels: Vec::new(), budget };
        let results = TYPES[ty as usize].1;
        body.use_fuel();
        body.inside(results, false, &[], results);
        body.code().end();
        body.code
    }

    fn code(&mut self) -> InstructionSink<'_> {
        self.code.instructions()
    }

    fn use_fuel(&mut self) {
        let mut code = self.code();
        code.global_get(FUEL_GLOBAL).i32_eqz().if_(BlockType::Empty).unreachable().end();
        code.global_get(FUEL_GLOBAL).i32_const(1).i32_sub().global_set(FUEL_GLOBAL);
    }

    /// A sequence within a label that jumps bring `label` to.
    fn inside(
        &mut self,
        label: &'static [ValType],
        is_catch: bool,
        have: &[ValType],
        want: &[ValType],
    ) {
        self.labels.push(Label { types: label, is_catch });
        self.sequence(have, want);
        self.labels.pop();
    }

    fn sequence(&mut self, have: &[ValType], want: &[ValType]) {
        let keeps = have == want && self.random.one_in(3);
        if !keeps {
            self.sink(have);
        }
        for _ in 0..self.random.below(5) {
            self.statement();
        }
        let jumps = self.random.one_in(5);
        if jumps {
            self.jump();
            if self.random.one_in(2) {
                self.statement();
            }
        }
        if !(keeps || jumps && self.random.one_in(2)) {
            self.values(want);
        }
    }

    fn statement(&mut self) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        match self.random.below(10) {
            0..=4 => {
                let ty = self.random.below(TYPES.len());
                self.block(ty);
                self.sink(TYPES[ty].1);
            }
            5 => {
                let (depth, types) = self.label(|_| true).expect("the function's own");
                self.values(types);
                self.value(I32);
                self.code().br_if(depth);
                self.sink(types);
            }
            6 => {
                self.value(I32);
                self.code().if_(BlockType::Empty);
                self.labels.push(Label { types: &[], is_catch: false });
                self.jump();
                self.labels.pop();
                self.code().end();
            }
            7 | 8 => {
                let callees = IMPORTS.len() + self.functions.len();
                let callee = self.random.below(callees);
                let own = callee.checked_sub(IMPORTS.len());
                let ty = own.map_or_else(|| IMPORTS[callee], |own| self.functions[own]);
                let (parameters, results) = TYPES[ty as usize];
                self.values(parameters);
                self.code().call(callee as u32);
                self.sink(results);
            }
            _ => {
                let ty = self.random.pick(&LOCALS);
                self.value(ty);
                self.sink(&[ty]);
            }
        }
    }

    /// A block of one of [`TYPES`], its operands too.
    fn block(&mut self, ty: usize) {
        let (parameters, results) = TYPES[ty];
        self.values(parameters);
        let block = BlockType::FunctionType(ty as u32);
        match self.random.below(if self.labels.len() < DEEPEST { 10 } else { 1 }) {
            0 => {
                self.code().block(block);
                self.inside(results, false, parameters, results);
            }
            1 => {
                self.code().loop_(block);
                self.use_fuel();
                self.inside(parameters, false, parameters, results);
            }
            2 => {
                self.value(I32);
                self.code().if_(block);
                self.inside(results, false, parameters, results);
                self.code().else_();
                self.inside(results, false, parameters, results);
            }
            _ => {
                self.code().try_(block);
                self.inside(results, false, parameters, results);
                if self.random.one_in(4) {
                    let depth = self.random.below(self.labels.len()) as u32;
                    self.code().delegate(depth);
                    return;
                }
                self.handlers(results);
            }
        }
        self.code().end();
    }

    /// No handler, some, or all.
    fn handlers(&mut self, results: &'static [ValType]) {
        for _ in 0..self.random.below(4) {
            let tag = self.random.below(TAGS.len());
            self.code().catch(tag as u32);
            self.inside(results, true, TYPES[TAGS[tag] as usize].0, results);
        }
        if self.random.one_in(2) {
            self.code().catch_all();
            self.inside(results, true, &[], results);
        }
    }

    /// Goes elsewhere, in any case.
    fn jump(&mut self) {
        match self.random.below(8) {
            0..=2 => {
                let tag = self.random.below(TAGS.len());
                self.values(TYPES[TAGS[tag] as usize].0);
                self.code().throw(tag as u32);
            }
            3 | 4 => {
                if let Some((depth, _)) = self.label(|label| label.is_catch) {
                    self.code().rethrow(depth);
                } else {
                    self.code().unreachable();
                }
            }
            5 => {
                self.values(TYPES[self.ty as usize].1);
                self.code().return_();
            }
            6 => {
                let (depth, types) = self.label(|_| true).expect("the function's own");
                self.values(types);
                self.code().br(depth);
            }
            _ => {
                let (default, types) = self.label(|_| true).expect("the function's own");
                let (other, _) = self.label(|label| label.types == types).expect("itself");
                self.values(types);
                self.value(I32);
                self.code().br_table([other, default], default);
            }
        }
    }

    /// A label of this kind: how far out it is, and what a jump there needs.
    fn label(&mut self, is_meant: impl Fn(&Label) -> bool) -> Option<(u32, &'static [ValType])> {
        let labels = self.labels.iter().rev().enumerate().filter(|(_, label)| is_meant(label));
        let labels: Vec<_> = labels.map(|(depth, label)| (depth as u32, label.types)).collect();
        if labels.is_empty() { None } else { Some(self.random.pick(&labels)) }
    }

    fn values(&mut self, types: &[ValType]) {
        types.iter().for_each(|ty| self.value(*ty));
    }

    fn value(&mut self, ty: ValType) {
        let block = TYPES.iter().position(|(parameters, results)| {
            parameters.is_empty() && *results == [ty] && self.budget > 0
        });
        match (self.random.below(8), block, ty) {
            (0, Some(block), _) => {
                self.budget -= 1;
                self.block(block);
            }
            (1..=3, ..) => {
                let local = self.local(ty);
                self.code().local_get(local);
            }
            (4, _, I32) => {
                self.constant(I32);
                self.code().call(1);
            }
            _ => self.constant(ty),
        }
    }

    fn constant(&mut self, ty: ValType) {
        let number = self.random.below(7) as i32 - 2;
        let mut code = self.code();
        match ty {
            ValType::I32 => code.i32_const(number),
            ValType::I64 => code.i64_const(number.into()),
            ValType::F64 => code.f64_const(f64::from(number).into()),
            _ => code.ref_null(wasm_encoder::HeapType::EXTERN),
        };
    }

    /// Takes values off the stack: into locals, or away.
    fn sink(&mut self, types: &[ValType]) {
        for ty in types.iter().rev() {
            if self.random.one_in(2) {
                self.code().drop();
            } else {
                let local = self.local(*ty);
                self.code().local_set(local);
            }
        }
    }

    fn local(&self, ty: ValType) -> u32 {
        let place = LOCALS.iter().position(|local| *local == ty).expect("one of each");
        (TYPES[self.ty as usize].0.len() + place) as u32
    }
}
