//! What the `try`s of one function catch, and where its `delegate`s lead.

use wasmparser::{FuncValidator, FunctionBody, Operator, OperatorsReader, ValidatorResources};

use super::types::{Caught, Exception};
use super::{Invalid, MIXED};

/// As many as a `try_table` may have, according to most engines.
const MAX_CLAUSES: usize = 10_000;

/// A `try` of the function, counted in the order in which they are opened.
pub(super) type TryIndex = u32;

/// Who gets an exception: the handlers of that `try`, or else the caller.
pub(super) type Handler = Option<TryIndex>;

/// All that must be known of a function before it can be written.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) tries: Vec<Try>,
    /// Whether a `delegate` leads past some `try` to the caller.
    pub(super) delegates_to_caller: bool,
}

#[derive(Debug)]
pub(super) struct Try {
    pub(super) form: Form,
    /// Whether a `delegate` leads past some inner `try` to this one.
    pub(super) delegated_to: bool,
    /// The innermost `try` that this one lies in the body of, not in a clause.
    outer: Handler,
    /// Who gets, after all, what is thrown in the body and caught by nothing inside of it.
    handler: Handler,
}

#[derive(Debug)]
pub(super) enum Form {
    /// Catches nothing, or delegates to where exceptions go anyway.
    Block,
    Catches(Vec<Caught>),
    Delegates(Handler),
}

/// A block that is open while the function is read.
struct Frame {
    part: Part,
    /// The innermost `try` whose body we are in, this block included.
    handler: Handler,
}

enum Part {
    Body(TryIndex),
    Clause(TryIndex),
    Other,
}

impl Shape {
    /// Reads a function, and validates it on the way.
    pub(super) fn read(
        body: &FunctionBody<'_>,
        validator: &mut FuncValidator<ValidatorResources>,
    ) -> Result<Self, Invalid> {
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        let mut operators = OperatorsReader::new(reader);
        let mut shape = Self::default();
        let mut frames = vec![Frame { part: Part::Other, handler: None }];
        while !operators.eof() {
            let offset = operators.original_position();
            let operator = operators.read()?;
            validator.op(offset, &operator)?;
            shape.operator(&operator, &mut frames, offset)?;
        }
        operators.finish()?;
        shape.resolve();
        Ok(shape)
    }

    fn operator(
        &mut self,
        operator: &Operator<'_>,
        frames: &mut Vec<Frame>,
        offset: usize,
    ) -> Result<(), Invalid> {
        match *operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                let handler = frames.last().and_then(|frame| frame.handler);
                frames.push(Frame { part: Part::Other, handler });
            }
            Operator::Try { .. } => {
                let index =
                    TryIndex::try_from(self.tries.len()).map_err(|_| Invalid::bug(offset))?;
                let outer = frames.last().and_then(|frame| frame.handler);
                let (form, delegated_to) = (Form::Block, false);
                self.tries.push(Try { form, delegated_to, outer, handler: outer });
                frames.push(Frame { part: Part::Body(index), handler: Some(index) });
            }
            Operator::Catch { tag_index } => self.clause(Some(tag_index), frames, offset)?,
            Operator::CatchAll => self.clause(None, frames, offset)?,
            Operator::Rethrow { relative_depth } => {
                let Part::Clause(index) = frame_at(frames, relative_depth, offset)?.part else {
                    return Err(Invalid::bug(offset));
                };
                // The clause we are in is the last one there is yet.
                if let Form::Catches(clauses) = &mut self.at(index, offset)?.form
                    && let Some(clause) = clauses.last_mut()
                {
                    clause.exception = Exception::Thrown;
                }
            }
            Operator::Delegate { relative_depth } => {
                let Some(Frame { part: Part::Body(index), .. }) = frames.pop() else {
                    return Err(Invalid::bug(offset));
                };
                // What is no `try`, or whose body is over, handles nothing: like a `throw` at
                // that place, the exception goes further out.
                let target = frame_at(frames, relative_depth, offset)?.handler;
                self.at(index, offset)?.form = Form::Delegates(target);
            }
            Operator::End => {
                frames.pop();
            }
            Operator::TryTable { .. } | Operator::ThrowRef => {
                return Err(Invalid::new(MIXED, offset));
            }
            _ => {}
        }
        Ok(())
    }

    /// A clause begins, in place of the body or of the clause before.
    fn clause(
        &mut self,
        tag: Option<u32>,
        frames: &mut [Frame],
        offset: usize,
    ) -> Result<(), Invalid> {
        let Some(frame) = frames.last_mut() else { return Err(Invalid::bug(offset)) };
        let (Part::Body(index) | Part::Clause(index)) = frame.part else {
            return Err(Invalid::bug(offset));
        };
        let current = self.at(index, offset)?;
        *frame = Frame { part: Part::Clause(index), handler: current.outer };
        let clause = Caught { tag, exception: Exception::Unused };
        match &mut current.form {
            Form::Catches(clauses) if clauses.len() == MAX_CLAUSES => {
                Err(Invalid::new("too many catch clauses", offset))
            }
            Form::Catches(clauses) => {
                clauses.push(clause);
                Ok(())
            }
            form => {
                *form = Form::Catches(vec![clause]);
                Ok(())
            }
        }
    }

    fn at(&mut self, index: TryIndex, offset: usize) -> Result<&mut Try, Invalid> {
        self.tries.get_mut(index as usize).ok_or_else(|| Invalid::bug(offset))
    }

    /// Finds for each `delegate` who gets its exceptions after all, and who must be ready to.
    fn resolve(&mut self) {
        for index in 0..self.tries.len() {
            // Who is further out has been opened, and so is resolved, before.
            let known = |handler: Handler| self.tries.get(handler? as usize)?.handler;
            let current = &self.tries[index];
            let without = known(current.outer);
            let (handler, form) = match current.form {
                Form::Catches(_) => (TryIndex::try_from(index).ok(), None),
                Form::Block => (without, None),
                Form::Delegates(target) => match known(target) {
                    to if to == without => (without, Some(Form::Block)),
                    to => (to, Some(Form::Delegates(to))),
                },
            };
            if let Some(Form::Delegates(to)) = form {
                match to.and_then(|target| self.tries.get_mut(target as usize)) {
                    Some(target) => target.delegated_to = true,
                    None => self.delegates_to_caller = true,
                }
            }
            let current = &mut self.tries[index];
            current.handler = handler;
            if let Some(form) = form {
                current.form = form;
            }
        }
    }
}

fn frame_at(frames: &[Frame], depth: u32, offset: usize) -> Result<&Frame, Invalid> {
    let index = frames.len().checked_sub(1).and_then(|last| last.checked_sub(depth as usize));
    index.and_then(|index| frames.get(index)).ok_or_else(|| Invalid::bug(offset))
}
