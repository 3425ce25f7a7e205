//! What has to be known of a module before it can be rewritten.

use std::collections::HashSet;
use std::ops::Range;

use wasmparser::{
    BinaryReaderError, ExternalKind, FunctionBody, MemArg, Operator, Parser, Payload, TypeRef,
};

use super::Operation;

/// A module that waits or notifies on a shared memory, or has it grow.
pub(super) struct Survey {
    pub(super) types: u32,
    pub(super) tables: u32,
    pub(super) memories: Vec<Memory>,
    pub(super) start: Option<u32>,
    export_names: HashSet<Box<str>>,
    pub(super) sections: Vec<Section>,
    pub(super) functions: Vec<Range<usize>>,
}

/// A memory, by what matters of it.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    pub(super) is_shared: bool,
    pub(super) is_64: bool,
}

/// Where a section is.
pub(super) struct Section {
    pub(super) id: u8,
    /// With what stands before its content.
    pub(super) whole: Range<usize>,
    pub(super) content: Range<usize>,
}

/// One of the instructions, on a shared memory.
pub(super) struct Instruction {
    pub(super) operation: Operation,
    pub(super) is_64: bool,
    pub(super) memory: u32,
    /// What stands in it, if anything.
    pub(super) offset: Option<u64>,
    pub(super) bytes: Range<usize>,
}

impl Survey {
    /// Reads the module, as far as there may be anything to do. It is valid.
    pub(super) fn of(wasm: &[u8]) -> Result<Option<Self>, BinaryReaderError> {
        let mut survey = Self {
            types: 0,
            tables: 0,
            memories: Vec::new(),
            start: None,
            export_names: HashSet::new(),
            sections: Vec::new(),
            functions: Vec::new(),
        };
        let mut is_needed = false;
        let mut section_start = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if let Some((id, content)) = payload.as_section() {
                let whole = section_start..content.end;
                section_start = content.end;
                survey.sections.push(Section { id, whole, content });
            }
            match payload {
                Payload::Version { range, .. } => section_start = range.end,
                // Code comes after all memories are known.
                Payload::CodeSectionStart { .. } if !survey.has_shared_memory() => return Ok(None),
                Payload::CodeSectionEntry(body) => {
                    is_needed = is_needed || survey.instructions(&body)?.next().is_some();
                    survey.functions.push(body.range());
                }
                other => survey.read(other)?,
            }
        }
        Ok(is_needed.then_some(survey))
    }

    fn read(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    self.types += group?.types().len() as u32;
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    match import?.ty {
                        TypeRef::Table(_) => self.tables += 1,
                        TypeRef::Memory(ty) => self.add_memory(&ty),
                        _ => {}
                    }
                }
            }
            Payload::TableSection(tables) => self.tables += tables.count(),
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.add_memory(&memory?);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    self.export_names.insert(export?.name.into());
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            _ => {}
        }
        Ok(())
    }

    fn add_memory(&mut self, ty: &wasmparser::MemoryType) {
        self.memories.push(Memory { is_shared: ty.shared, is_64: ty.memory64 });
    }

    fn has_shared_memory(&self) -> bool {
        self.memories.iter().any(|memory| memory.is_shared)
    }

    /// The instructions of a function that have to be rewritten.
    pub(super) fn instructions(
        &self,
        body: &FunctionBody<'_>,
    ) -> Result<impl Iterator<Item = Instruction>, BinaryReaderError> {
        let mut reader = body.get_operators_reader()?;
        Ok(std::iter::from_fn(move || {
            while !reader.eof() {
                let start = reader.original_position();
                // It is valid: this does not fail.
                let operator = reader.read().ok()?;
                let at = |place: MemArg| (place.memory, Some(place.offset));
                let (operation, (memory, offset)) = match operator {
                    Operator::MemoryAtomicWait32 { memarg } => (Operation::Wait32, at(memarg)),
                    Operator::MemoryAtomicWait64 { memarg } => (Operation::Wait64, at(memarg)),
                    Operator::MemoryAtomicNotify { memarg } => (Operation::Notify, at(memarg)),
                    Operator::MemoryGrow { mem } => (Operation::Grow, (mem, None)),
                    _ => continue,
                };
                let Memory { is_shared, is_64 } = *self.memories.get(memory as usize)?;
                if is_shared {
                    let bytes = start..reader.original_position();
                    return Some(Instruction { operation, is_64, memory, offset, bytes });
                }
            }
            None
        }))
    }

    /// What is exported for the hooks, in this order.
    pub(super) fn hidden_exports(&self) -> Vec<(String, ExternalKind, u32)> {
        let shared = self.memories.iter().zip(0..).filter(|(memory, _)| memory.is_shared);
        let memories = shared.map(|(_, index)| (ExternalKind::Memory, index));
        let start = self.start.map(|index| (ExternalKind::Func, index));
        let items = std::iter::once((ExternalKind::Table, self.tables)).chain(memories);
        let names = (0u32..).map(|number| format!("holm:{number}"));
        let free = names.filter(|name| !self.export_names.contains(name.as_str()));
        let named = free.zip(items.chain(start));
        named.map(|(name, (kind, index))| (name, kind, index)).collect()
    }

    /// Which of the shared memories this one is.
    pub(super) fn shared_index(&self, memory: u32) -> u32 {
        let before = &self.memories[..memory as usize];
        before.iter().filter(|memory| memory.is_shared).count() as u32
    }
}
