//! `WebAssembly.Memory`: <https://webassembly.github.io/spec/js-api/#memories>

use std::cell::RefCell;

use holm_js::webidl::{self, Definition, Interface, convert};
use holm_js::{
    Call, Ctx, Graveyard, Held, HostObject, Object, Result, Tracer, Value, Weak, alias_buffer,
    alias_resizable_buffer, alias_shared_buffer, budget, bury, detach_buffer, freeze, host_ref,
    refresh_buffer, take_exception,
};
use holm_wasm::{BEYOND_MEMORY_LIMIT, Memory, MemoryTypeBuilder};

use crate::backing::{backing, shared_backing};
use crate::convert::{address_to_u64, u64_to_address};
use crate::errors::{throw_range, throw_type};
use crate::state::State;

/// The most pages that a memory's type may have:
/// <https://webassembly.github.io/spec/js-api/#limits>
pub(crate) const MAX_PAGES_32: u64 = 65_536;
const MAX_PAGES_64: u64 = (1 << 37) - 1;

/// The inside of a Memory object.
pub(crate) struct MemoryObject {
    /// \[\[Memory\]\]
    memory: Memory,
    /// \[\[BufferObject\]\], made when it is first asked for.
    buffer: RefCell<Option<Held>>,
}

/// Whether a buffer is resizable.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shape {
    #[default]
    FixedLength,
    Resizable,
}

impl MemoryObject {
    fn new(memory: Memory) -> Self {
        Self { memory, buffer: RefCell::default() }
    }

    /// \[\[Memory\]\]
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }
}

impl HostObject for MemoryObject {
    fn trace(&self, tracer: &Tracer<'_>) {
        if let Some(buffer) = &*self.buffer.borrow() {
            tracer.mark(buffer);
        }
    }

    fn finalize(self, graveyard: &Graveyard) {
        graveyard.push(self.memory);
    }
}

impl Interface for MemoryObject {
    const NAME: &'static str = "Memory";
    const CLASS_STRING: &'static str = "WebAssembly.Memory";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        members
            .constructor(1, construct)
            .operation("grow", 1, |this, call| {
                let ctx = call.ctx();
                // 3. Let addrtype be the address type in mem_type(store, memaddr).
                let is_64 = this.memory.ty().is_64();
                // 4. Let delta64 be ? AddressValueToU64(delta, addrtype).
                let what = "WebAssembly.Memory.grow(): the delta";
                let delta = address_to_u64(ctx, &call.value(0), is_64, what)?;
                // 5. Let ret be the result of growing the memory buffer.
                let before = grow(ctx, &this.memory, delta)?;
                // 6. Return U64ToAddressValue(ret, addrtype).
                u64_to_address(ctx, before, is_64)
            })?
            .operation("toFixedLengthBuffer", 0, |this, call| {
                this.reshape(call.ctx(), Shape::FixedLength)
            })?
            .operation("toResizableBuffer", 0, |this, call| {
                let ctx = call.ctx();
                // 4. If memtype does not have a max, throw a TypeError exception.
                if this.memory.ty().maximum().is_none() {
                    let text = "WebAssembly.Memory.toResizableBuffer(): the memory has no maximum";
                    return Err(throw_type(ctx, text));
                }
                this.reshape(ctx, Shape::Resizable)
            })?
            .attribute("buffer", |this, call| this.buffer(call.ctx()))?;
        Ok(())
    }
}

/// <https://webassembly.github.io/spec/js-api/#dom-memory-memory>
fn construct<'js>(call: &Call<'_, 'js>) -> Result<Object<'js>> {
    let ctx = call.ctx();
    let what = "WebAssembly.Memory(): the descriptor";
    let Some(descriptor) = convert::dictionary(ctx, &call.value(0), what)? else {
        return Err(throw_type(ctx, &format!("{what} is not an object")));
    };
    // Each member is converted when it is read, as the official tests and browsers have it: the
    // text converts the addresses, which are `any` to Web IDL, after all of them were read.
    let address = convert::member(&descriptor, "address")?;
    let is_64 = address_type(ctx, address.as_ref(), what)?;
    let initial = convert::member(&descriptor, "initial")?;
    let Some(initial) = initial else {
        return Err(throw_type(ctx, &format!("{what} has no 'initial'")));
    };
    // 2. Let initial be ? AddressValueToU64(descriptor["initial"], addrtype).
    let initial = address_to_u64(ctx, &initial, is_64, "WebAssembly.Memory(): 'initial'")?;
    // 3. If descriptor["maximum"] exists, let maximum be ? AddressValueToU64(…).
    let maximum = convert::member(&descriptor, "maximum")?
        .map(|maximum| address_to_u64(ctx, &maximum, is_64, "WebAssembly.Memory(): 'maximum'"));
    let maximum = maximum.transpose()?;
    let shared = convert::member(&descriptor, "shared")?;
    let is_shared = shared.is_some_and(|shared| convert::boolean(&shared));
    if is_shared && maximum.is_none() {
        return Err(throw_type(ctx, "WebAssembly.Memory(): a shared memory needs a 'maximum'"));
    }
    // 5. If memtype is not valid, throw a RangeError.
    let most = if is_64 { MAX_PAGES_64 } else { MAX_PAGES_32 };
    check_limits(ctx, "WebAssembly.Memory()", "pages", initial, maximum, most)?;
    let mut ty = MemoryTypeBuilder::default();
    ty.memory64(is_64).shared(is_shared).min(initial).max(maximum);
    let ty = ty.build().map_err(|error| throw_range(ctx, &error.to_string()))?;
    // 7. Let (store, memaddr) be mem_alloc(store, memtype). If allocation fails, throw a
    //    RangeError.
    let state = State::of(ctx);
    let space = state.space(ctx)?;
    state.note_memory(ctx, usize::try_from(initial.saturating_mul(PAGE_BYTES)).unwrap_or(0));
    let memory = Memory::new(&space, ty).map_err(|error| {
        throw_range(ctx, &format!("WebAssembly.Memory(): could not allocate memory: {error}"))
    })?;
    // 9. Initialize this from memaddr.
    let object = webidl::construct(call, MemoryObject::new(memory.clone()))?;
    remember(&memory, object.as_value());
    Ok(object)
}

pub(crate) const PAGE_BYTES: u64 = 65_536;

/// An `AddressType`, i32 where nothing is said. Whether it is i64.
pub(crate) fn address_type(ctx: &Ctx<'_>, value: Option<&Value<'_>>, what: &str) -> Result<bool> {
    let Some(value) = value else { return Ok(false) };
    match convert::string(ctx, value)?.as_str() {
        "i32" => Ok(false),
        "i64" => Ok(true),
        other => {
            let text = format!("{what}: 'address' is {other:?}, neither \"i32\" nor \"i64\"");
            Err(throw_type(ctx, &text))
        }
    }
}

/// Whether limits are valid.
pub(crate) fn check_limits(
    ctx: &Ctx<'_>,
    what: &str,
    unit: &str,
    initial: u64,
    maximum: Option<u64>,
    most: u64,
) -> Result<()> {
    if initial > most || maximum.is_some_and(|maximum| maximum > most) {
        let given = initial.max(maximum.unwrap_or(0));
        let text = format!("{what}: {given} {unit} are more than the {most} there may be");
        return Err(throw_range(ctx, &text));
    }
    match maximum {
        Some(maximum) if maximum < initial => {
            let text = format!("{what}: 'maximum' {maximum} is below 'initial' {initial}");
            Err(throw_range(ctx, &text))
        }
        _ => Ok(()),
    }
}

/// <https://webassembly.github.io/spec/js-api/#create-a-memory-object>
pub(crate) fn wrapper<'js>(ctx: &Ctx<'js>, memory: &Memory) -> Result<Value<'js>> {
    if let Some(known) = Shown::of(memory).wrapper.and_then(|weak| weak.upgrade(ctx)) {
        return Ok(known);
    }
    let made: Object<'js> = webidl::new_object(ctx, MemoryObject::new(memory.clone()))?;
    remember(memory, made.as_value());
    Ok(made.into_value())
}

/// What script was shown of a memory. Either may outlive the other.
#[derive(Clone, Default)]
struct Shown {
    wrapper: Option<Weak>,
    buffer: Option<Weak>,
    buffer_len: usize,
    shape: Shape,
}

impl Shown {
    fn of(memory: &Memory) -> Self {
        memory.attachment().get().unwrap_or_default()
    }
}

fn remember(memory: &Memory, object: &Value<'_>) {
    memory.attachment().set(Shown { wrapper: Weak::new(object), ..Shown::of(memory) });
}

/// <https://webassembly.github.io/spec/js-api/#grow-the-memory-buffer>
pub(crate) fn grow(ctx: &Ctx<'_>, memory: &Memory, delta: u64) -> Result<u64> {
    // 3. Let store be mem_grow(store, memaddr, delta). 4. If store is error, throw a RangeError.
    // 6. Refresh the memory buffer of memaddr: see `refresh`, which growth calls.
    let state = State::of(ctx);
    let bytes = usize::try_from(delta.saturating_mul(PAGE_BYTES)).unwrap_or(usize::MAX);
    state.make_room(ctx, bytes);
    state.lend(ctx, || memory.grow(delta)).map_err(|_| {
        let (now, most) = (memory.pages(), memory.ty().maximum());
        if most.is_none_or(|most| now.saturating_add(delta) <= most) && !budget(ctx).has_room(bytes)
        {
            let text =
                format!("WebAssembly.Memory.grow(): {bytes} bytes are {BEYOND_MEMORY_LIMIT}");
            return throw_range(ctx, &text);
        }
        let most = most.map(|most| format!(", and its maximum is {most}")).unwrap_or_default();
        let text = format!(
            "WebAssembly.Memory.grow(): it cannot grow by {delta} pages: it has {now}{most}"
        );
        throw_range(ctx, &text)
    })
}

/// <https://webassembly.github.io/spec/js-api/#refresh-the-memory-buffer>
pub(crate) fn refresh(ctx: &Ctx<'_>, memory: &Memory) {
    let shown = Shown::of(memory);
    let buffer = shown.buffer.as_ref().and_then(|buffer| buffer.upgrade(ctx));
    let buffer = buffer.and_then(Value::into_object);
    if let (Some(buffer), None) = (buffer, memory.shared()) {
        if shown.shape == Shape::Resizable {
            // 6. Otherwise, set its data and its length. Where the engine cannot (it is too long),
            //    it is detached, and the next one throws.
            let Err(error) = refresh_buffer(&buffer, backing(memory)) else {
                let buffer_len = memory.bytes().len();
                memory.attachment().set(Shown { buffer_len, ..shown });
                return;
            };
            drop(take_exception(ctx, error));
        } else {
            // 5.1 Perform ! DetachArrayBuffer(buffer, "WebAssembly.Memory"). 5.2 The new buffer
            // is made when it is first asked for.
            detach_buffer(&buffer);
        }
    }
    let object = shown.wrapper.and_then(|weak| weak.upgrade(ctx));
    if let Some(inside) = object.as_ref().and_then(host_ref::<MemoryObject>) {
        drop(inside.buffer.take());
    }
}

impl MemoryObject {
    /// \[\[BufferObject\]\]
    fn buffer<'js>(&self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let is_shared = self.memory.shared().is_some();
        let buffer_len = self.memory.bytes().len();
        let shown = Shown::of(&self.memory);
        // Another thread may have grown a shared memory: its buffer is then another one.
        if shown.buffer_len == buffer_len
            && let Some(buffer) = shown.buffer.as_ref().and_then(|weak| weak.upgrade(ctx))
        {
            drop(self.buffer.replace(Some(Held::new(&buffer))));
            return Ok(buffer);
        }
        // What was collected since: a loop leaves no scope.
        bury(ctx);
        let made = if is_shared {
            let made =
                alias_shared_buffer(ctx, shared_backing(&self.memory, self.memory.bytes().len()))?;
            // <https://webassembly.github.io/threads/js-api/>: it is frozen.
            freeze(&made)?;
            made
        } else if shown.shape == Shape::Resizable {
            self.resizable_buffer(ctx)?
        } else {
            alias_buffer(ctx, backing(&self.memory))?
        };
        let buffer = Weak::of_buffer(&made);
        self.memory.attachment().set(Shown { buffer, buffer_len, ..shown });
        let made = made.into_value();
        drop(self.buffer.replace(Some(Held::new(&made))));
        Ok(made)
    }
}

impl MemoryObject {
    /// <https://webassembly.github.io/spec/js-api/#dom-memory-tofixedlengthbuffer> and
    /// <https://webassembly.github.io/spec/js-api/#dom-memory-toresizablebuffer>
    fn reshape<'js>(&self, ctx: &Ctx<'js>, shape: Shape) -> Result<Value<'js>> {
        if self.memory.shared().is_some() {
            let text = "WebAssembly.Memory: the buffer of a shared memory keeps its kind";
            return Err(throw_type(ctx, text));
        }
        // If the buffer is of that kind already, return it.
        let old = self.buffer(ctx)?;
        let shown = Shown::of(&self.memory);
        if shown.shape == shape {
            return Ok(old);
        }
        self.memory.attachment().set(Shown { shape, buffer: None, ..shown.clone() });
        match self.buffer(ctx) {
            Ok(made) => {
                // Perform ! DetachArrayBuffer(buffer, "WebAssembly.Memory").
                if let Some(old) = old.as_object() {
                    detach_buffer(old);
                }
                Ok(made)
            }
            Err(error) => {
                self.memory.attachment().set(shown);
                Err(error)
            }
        }
    }

    /// <https://webassembly.github.io/spec/js-api/#create-a-resizable-memory-buffer>
    fn resizable_buffer<'js>(&self, ctx: &Ctx<'js>) -> Result<Object<'js>> {
        // Let maxsize be the max value in memtype * 65536.
        let pages = self.memory.ty().maximum().unwrap_or(MAX_PAGES_32);
        let max_bytes = usize::try_from(pages.saturating_mul(PAGE_BYTES)).unwrap_or(usize::MAX);
        let memory = self.memory.clone();
        alias_resizable_buffer(ctx, backing(&self.memory), max_bytes, move |ctx, len| {
            resize(ctx, &memory, len)
        })
    }
}

/// <https://webassembly.github.io/spec/js-api/#HostResizeArrayBuffer>
fn resize(ctx: &Ctx<'_>, memory: &Memory, len_bytes: usize) -> Result<()> {
    // 2. Let lengthDelta be newLength - buffer.[[ArrayBufferByteLength]].
    let now = memory.bytes().len();
    let delta = len_bytes.checked_sub(now).map(|delta| delta as u64);
    // 3. If lengthDelta < 0 or lengthDelta modulo 65536 is not 0, throw a RangeError.
    let Some(delta) = delta.filter(|delta| delta % PAGE_BYTES == 0) else {
        let text = format!(
            "ArrayBuffer.resize: a WebAssembly memory grows by whole pages of {PAGE_BYTES} bytes: \
             {len_bytes} cannot follow {now}"
        );
        return Err(throw_range(ctx, &text));
    };
    // 5. Grow the memory buffer associated with memaddr by delta.
    grow(ctx, memory, delta / PAGE_BYTES).map(drop)
}

/// An import that has to be a Memory.
pub(crate) fn of(value: &Value<'_>) -> Option<Memory> {
    host_ref::<MemoryObject>(value).map(|object| object.memory().clone())
}
