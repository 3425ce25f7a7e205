//! Writes a function anew.
//!
//! A `try` that catches
//!
//! ```wat
//! try (type P -> R)  BODY  catch $a  A  catch_all  B  end
//! ```
//!
//! becomes
//!
//! ```wat
//! block $after (type P -> R)
//!   block $b (type P -> exnref)
//!     block $a (type P -> parameters of $a)
//!       try_table (type P -> R) (catch $a $a) (catch_all_ref $b)  BODY  end
//!       br $after
//!     end
//!     A
//!     br $after
//!   end
//!   local.set $exception
//!   B
//! end
//! ```
//!
//! where `exnref` and its local are there only if the clause throws the exception once more,
//! by `local.get $exception  throw_ref`. If another `try` in `BODY` delegates to this one, past
//! others, `BODY` becomes
//!
//! ```wat
//! block $delegated (type P -> exnref)  BODY  br 1  end  throw_ref
//! ```
//!
//! and the one that delegates `try_table (catch_all_ref $delegated) … end`. The same is put
//! around a whole function for what is delegated to its caller.

use std::ops::Range;

use wasm_encoder::{BlockType, Catch, Encode, Instruction, ValType};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use super::Invalid;
use super::shape::{Form, Shape, Try};
use super::types::{Caught, Exception, Types};
use crate::offsets::Output;

/// As many as a function may have, and as many bytes:
/// <https://webassembly.github.io/spec/js-api/#limits>.
const MAX_LOCALS: u32 = 50_000;
const MAX_FUNCTION_BYTES: usize = 7_654_321;

/// The label that a delegate to the caller branches to.
const CALLER: Label = 1;

/// A block of the translated function: how many are open with it.
type Label = u32;

/// Writes a function that has been read.
pub(super) fn write(
    wasm: &[u8],
    body: &FunctionBody<'_>,
    shape: &Shape,
    locals: u32,
    types: &mut Types,
) -> Result<Output, Invalid> {
    let mut operators = body.get_operators_reader()?;
    let start = operators.original_position();
    let mut writer = Writer {
        shape,
        types,
        locals,
        out: Output::default(),
        frames: Vec::new(),
        height: 0,
        delegation_labels: Vec::with_capacity(shape.tries.len()),
        live_exceptions: 0,
        added_locals: 0,
    };
    writer.begin();
    while !operators.eof() {
        let offset = operators.original_position();
        let operator = operators.read()?;
        let range = offset..operators.original_position();
        let bytes = wasm.get(range).ok_or_else(|| Invalid::bug(offset))?;
        writer.out.mark(offset);
        writer.operator(&operator, Place { bytes, offset })?;
    }
    let declarations = body.range().start..start;
    let function = writer.with_locals(wasm, declarations)?;
    if function.len_bytes() > MAX_FUNCTION_BYTES {
        return Err(Invalid::new("function too large once translated", start));
    }
    Ok(function)
}

struct Writer<'a> {
    shape: &'a Shape,
    types: &'a mut Types,
    /// How many the function has of itself.
    locals: u32,
    out: Output,
    frames: Vec<Frame>,
    height: Label,
    /// Where a delegate to a `try` branches, for those that have been opened.
    delegation_labels: Vec<Label>,
    /// How many of the clauses we are in have a local for their exception.
    live_exceptions: u32,
    /// The most that were ever live.
    added_locals: u32,
}

/// A block of the original function.
#[derive(Clone, Copy)]
struct Frame {
    /// Where to branch for it.
    label: Label,
    part: Part,
}

#[derive(Clone, Copy)]
enum Part {
    Other,
    /// The body of a `try`, by its index, that catches.
    Body(usize),
    /// A clause: of which `try`, which one, and the local that has its exception.
    Clause(usize, usize, Option<u32>),
}

/// An instruction in the original.
#[derive(Clone, Copy)]
struct Place<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl Writer<'_> {
    fn begin(&mut self) {
        self.frames.push(Frame { label: self.height, part: Part::Other });
        if self.shape.delegates_to_caller {
            self.open(Instruction::Block(BlockType::Result(ValType::EXNREF)));
        }
    }

    fn operator(&mut self, operator: &Operator<'_>, place: Place<'_>) -> Result<(), Invalid> {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                self.copy(place);
                self.height += 1;
                self.frames.push(Frame { label: self.height, part: Part::Other });
            }
            Operator::Try { blockty } => self.open_try(*blockty, place.offset)?,
            Operator::Catch { .. } | Operator::CatchAll => self.next_clause(place.offset)?,
            Operator::Rethrow { relative_depth } => {
                let Part::Clause(_, _, Some(local)) = self.frame_at(*relative_depth, place)?.part
                else {
                    return Err(Invalid::bug(place.offset));
                };
                self.add(Instruction::LocalGet(local));
                self.add(Instruction::ThrowRef);
            }
            Operator::Delegate { .. } => {
                self.frames.pop();
                self.close();
            }
            Operator::End => self.end(place)?,
            Operator::BrTable { targets } => {
                let mut bytes = vec![place.bytes.first().copied().unwrap_or_default()];
                targets.len().encode(&mut bytes);
                for depth in targets.targets() {
                    self.depth(depth?, place)?.encode(&mut bytes);
                }
                self.depth(targets.default(), place)?.encode(&mut bytes);
                self.replace(&bytes, place);
            }
            _ => match branch_depth(operator) {
                Some(depth) => self.branch(depth, place)?,
                None => self.copy(place),
            },
        }
        Ok(())
    }

    fn open_try(&mut self, ty: wasmparser::BlockType, offset: usize) -> Result<(), Invalid> {
        let index = self.delegation_labels.len();
        let shape = self.shape;
        let current = shape.tries.get(index).ok_or_else(|| Invalid::bug(offset))?;
        let block_type = BlockType::try_from(ty).map_err(|_| Invalid::bug(offset))?;
        let mut part = Part::Other;
        let label = self.height + 1;
        match &current.form {
            Form::Block => self.open(Instruction::Block(block_type)),
            Form::Delegates(to) => {
                let target = match to {
                    Some(target) => *self
                        .delegation_labels
                        .get(*target as usize)
                        .ok_or_else(|| Invalid::bug(offset))?,
                    None => CALLER,
                };
                let catch = Catch::AllRef { label: self.height - target };
                self.open(Instruction::TryTable(block_type, vec![catch].into()));
            }
            Form::Catches(clauses) => {
                part = Part::Body(index);
                self.open(Instruction::Block(block_type));
                for caught in clauses.iter().rev() {
                    let clause_type = self.types.block(ty, *caught, offset)?;
                    self.open(Instruction::Block(clause_type));
                }
                let catches = (0..).zip(clauses).map(|(label, caught)| catch(*caught, label));
                self.open(Instruction::TryTable(block_type, catches.collect()));
                if current.delegated_to {
                    let delegated = Caught { tag: None, exception: Exception::Thrown };
                    let delegated_type = self.types.block(ty, delegated, offset)?;
                    self.open(Instruction::Block(delegated_type));
                }
            }
        }
        self.delegation_labels.push(self.height);
        self.frames.push(Frame { label, part });
        Ok(())
    }

    /// Ends the body or the clause before, and begins a clause.
    fn next_clause(&mut self, offset: usize) -> Result<(), Invalid> {
        let Some(Frame { label, part }) = self.frames.pop() else {
            return Err(Invalid::bug(offset));
        };
        let (index, clause) = match part {
            Part::Body(index) => (index, 0),
            Part::Clause(index, clause, _) => (index, clause + 1),
            Part::Other => return Err(Invalid::bug(offset)),
        };
        let shape = self.shape;
        let Some(Try { form: Form::Catches(clauses), delegated_to, .. }) = shape.tries.get(index)
        else {
            return Err(Invalid::bug(offset));
        };
        match part {
            Part::Body(_) => {
                if *delegated_to {
                    self.add(Instruction::Br(1));
                    self.close();
                    self.add(Instruction::ThrowRef);
                }
                self.close();
            }
            part => self.forget_exception(part),
        }
        self.add(Instruction::Br(self.height - label));
        self.close();
        let caught = clauses.get(clause).ok_or_else(|| Invalid::bug(offset))?;
        let local = match caught.exception {
            Exception::Thrown => Some(self.keep_exception()),
            Exception::Unused => None,
        };
        self.frames.push(Frame { label, part: Part::Clause(index, clause, local) });
        Ok(())
    }

    fn end(&mut self, place: Place<'_>) -> Result<(), Invalid> {
        let Some(frame) = self.frames.pop() else { return Err(Invalid::bug(place.offset)) };
        self.forget_exception(frame.part);
        if self.frames.is_empty() && self.shape.delegates_to_caller {
            self.add(Instruction::Return);
            self.close();
            self.add(Instruction::ThrowRef);
        }
        self.copy(place);
        self.height = self.height.saturating_sub(1);
        Ok(())
    }

    /// Moves the exception that has arrived to a local that no clause around us uses.
    fn keep_exception(&mut self) -> u32 {
        let local = self.locals + self.live_exceptions;
        self.live_exceptions += 1;
        self.added_locals = self.added_locals.max(self.live_exceptions);
        self.add(Instruction::LocalSet(local));
        local
    }

    fn forget_exception(&mut self, part: Part) {
        if let Part::Clause(_, _, Some(_)) = part {
            self.live_exceptions -= 1;
        }
    }

    /// Copies a branch, with the depth that its label has now.
    fn branch(&mut self, old: u32, place: Place<'_>) -> Result<(), Invalid> {
        let depth = self.depth(old, place)?;
        if depth == old {
            self.copy(place);
            return Ok(());
        }
        let label = label_range(place)?;
        let (before, after) = (place.bytes.get(..label.start), place.bytes.get(label.end..));
        let mut bytes = before.unwrap_or_default().to_vec();
        depth.encode(&mut bytes);
        bytes.extend_from_slice(after.unwrap_or_default());
        self.replace(&bytes, place);
        Ok(())
    }

    fn frame_at(&self, depth: u32, place: Place<'_>) -> Result<Frame, Invalid> {
        let index = self.frames.len().checked_sub(depth as usize + 1);
        let frame = index.and_then(|index| self.frames.get(index));
        frame.copied().ok_or_else(|| Invalid::bug(place.offset))
    }

    /// How deep the label is now that was so deep in the original.
    fn depth(&self, depth: u32, place: Place<'_>) -> Result<u32, Invalid> {
        Ok(self.height - self.frame_at(depth, place)?.label)
    }

    fn open(&mut self, block: Instruction<'_>) {
        self.add(block);
        self.height += 1;
    }

    fn close(&mut self) {
        self.add(Instruction::End);
        self.height -= 1;
    }

    fn add(&mut self, instruction: Instruction<'_>) {
        instruction.encode(self.out.added());
    }

    fn copy(&mut self, place: Place<'_>) {
        self.out.copy(place.bytes, place.offset);
    }

    fn replace(&mut self, bytes: &[u8], place: Place<'_>) {
        if bytes.len() == place.bytes.len() {
            // Every place within it is where it was.
            self.out.copy(bytes, place.offset);
        } else {
            self.out.added().extend_from_slice(bytes);
        }
    }

    /// Puts the locals in front: those the function has, and those for exceptions.
    fn with_locals(self, wasm: &[u8], declarations: Range<usize>) -> Result<Output, Invalid> {
        let offset = declarations.start;
        let bytes = wasm.get(declarations).ok_or_else(|| Invalid::bug(offset))?;
        let mut function = Output::default();
        if self.added_locals == 0 {
            function.copy(bytes, offset);
        } else {
            if self.added_locals > MAX_LOCALS.saturating_sub(self.locals) {
                return Err(Invalid::new("too many locals once translated", offset));
            }
            let mut reader = BinaryReader::new(bytes, offset);
            let count = reader.read_var_u32()?;
            (count + 1).encode(function.added());
            let entries = reader.original_position();
            let entries_bytes = bytes.get(entries - offset..).unwrap_or_default();
            function.copy(entries_bytes, entries);
            self.added_locals.encode(function.added());
            ValType::EXNREF.encode(function.added());
        }
        function.append(&self.out);
        Ok(function)
    }
}

fn catch(caught: Caught, label: u32) -> Catch {
    match (caught.tag, caught.exception) {
        (Some(tag), Exception::Unused) => Catch::One { tag, label },
        (Some(tag), Exception::Thrown) => Catch::OneRef { tag, label },
        (None, Exception::Unused) => Catch::All { label },
        (None, Exception::Thrown) => Catch::AllRef { label },
    }
}

/// The depth of the one label that a branch has.
fn branch_depth(operator: &Operator<'_>) -> Option<u32> {
    match *operator {
        Operator::Br { relative_depth }
        | Operator::BrIf { relative_depth }
        | Operator::BrOnNull { relative_depth }
        | Operator::BrOnNonNull { relative_depth }
        | Operator::BrOnCast { relative_depth, .. }
        | Operator::BrOnCastFail { relative_depth, .. } => Some(relative_depth),
        _ => None,
    }
}

/// Where in a branch its label is.
/// <https://webassembly.github.io/spec/core/binary/instructions.html#control-instructions>
fn label_range(branch: Place<'_>) -> Result<Range<usize>, Invalid> {
    const PREFIX_GC: u8 = 0xfb;
    let mut reader = BinaryReader::new(branch.bytes, branch.offset);
    if reader.read_u8()? == PREFIX_GC {
        // `br_on_cast`: the rest of the opcode, and which of the types are nullable.
        reader.read_var_u32()?;
        reader.read_u8()?;
    }
    let start = reader.original_position() - branch.offset;
    reader.read_var_u32()?;
    Ok(start..reader.original_position() - branch.offset)
}
