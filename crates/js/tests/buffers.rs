//! Buffers over foreign memory: seen without a copy, resized by their host, never detached by script.

mod support;

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holm_js::{
    ArrayBuffer, Attributes, Backing, Ctx, ErrorKind, MAX_BUFFER_BYTES, Object, Realm, Result,
    Root, alias_buffer, alias_growable_shared_buffer, alias_resizable_buffer, alias_shared_buffer,
    define_value, detach_buffer, is_detachable, refresh_buffer, take_exception, throw, view_bytes,
};

const PAGE_BYTES: usize = 1 << 16;

/// A memory as WebAssembly has them: it grows by pages, and moves each time it does.
struct Memory {
    bytes: RefCell<Rc<[Cell<u8>]>>,
    buffer: RefCell<Option<Root<Object<'static>>>>,
}

impl Memory {
    fn new(pages: usize) -> Rc<Self> {
        Rc::new(Self { bytes: RefCell::new(cells(pages)), buffer: RefCell::default() })
    }

    fn backing(&self) -> Backing {
        let bytes = self.bytes.borrow().clone();
        let start = NonNull::new(bytes.as_ptr().cast_mut().cast::<u8>()).expect("not null");
        // SAFETY: the bytes live as long as `bytes`, and are in cells.
        unsafe { Backing::new(start, bytes.len(), bytes) }
    }

    fn fill(&self, from: usize, value: u8) {
        self.bytes.borrow()[from..].iter().for_each(|byte| byte.set(value));
    }

    /// Grows as `memory.grow` does, with something in the new pages before anyone looks.
    fn grow(&self, ctx: &Ctx<'_>, pages: usize) -> Result<()> {
        let old = self.bytes.borrow().clone();
        let new = cells(pages);
        old.iter().zip(new.iter()).for_each(|(old, new)| new.set(old.get()));
        // What still pointed at the old memory would show this.
        old.iter().for_each(|byte| byte.set(0xEE));
        self.bytes.replace(new);
        self.fill(old.len(), 7);
        match &*self.buffer.borrow() {
            Some(buffer) => refresh_buffer(&buffer.get::<Object<'_>>(ctx)?, self.backing()),
            None => Ok(()),
        }
    }

    /// HostResizeArrayBuffer of the WebAssembly JavaScript interface.
    fn resize(&self, ctx: &Ctx<'_>, len_bytes: usize) -> Result<()> {
        let old = self.bytes.borrow().len();
        if len_bytes < old || !(len_bytes - old).is_multiple_of(PAGE_BYTES) {
            return Err(throw(ctx, ErrorKind::Range, "not by whole pages"));
        }
        self.grow(ctx, len_bytes / PAGE_BYTES)
    }

    fn to_resizable<'js>(self: &Rc<Self>, ctx: &Ctx<'js>, max_pages: usize) -> Object<'js> {
        let host = self.clone();
        let max = max_pages * PAGE_BYTES;
        let made = alias_resizable_buffer(ctx, self.backing(), max, move |ctx, len_bytes| {
            host.resize(ctx, len_bytes)
        });
        let buffer = made.expect("buffer");
        self.buffer.replace(Some(Root::new(ctx, buffer.clone()).expect("root")));
        buffer
    }
}

fn cells(pages: usize) -> Rc<[Cell<u8>]> {
    vec![Cell::new(0); pages * PAGE_BYTES].into()
}

fn global<'js>(ctx: &Ctx<'js>, name: &str, buffer: &Object<'js>) {
    define_value(&ctx.globals(), name, buffer.clone(), Attributes::ALL).expect("defined");
}

#[test]
fn foreign_memory_shows_without_copy_and_cannot_be_detached() {
    let realm = support::realm();
    let mut memory: Box<[u8]> = vec![1u8; 16].into_boxed_slice();
    let start = NonNull::new(memory.as_mut_ptr()).expect("not null");
    let keeper = Arc::new(());
    realm.enter(|ctx| {
        // SAFETY: the memory outlives the realm, and is not borrowed while script runs.
        let backing = unsafe { Backing::new(start, 16, keeper.clone()) };
        let buffer = alias_buffer(ctx, backing).expect("buffer");
        define_value(&ctx.globals(), "buffer", buffer.clone(), Attributes::ALL).expect("define");
        support::check(
            ctx,
            &[
                ("const u8 = new Uint8Array(buffer); u8[3] = 9; u8.length + u8[0]", "17"),
                ("buffer.transfer()", "TypeError: ArrayBuffer.prototype.transfer: a WebAssembly memory's buffer cannot be detached"),
                ("buffer.transferToFixedLength(1).byteLength", "TypeError: ArrayBuffer.prototype.transferToFixedLength: a WebAssembly memory's buffer cannot be detached"),
                ("new ArrayBuffer(4).transfer(8).byteLength", "8"),
                ("ArrayBuffer.prototype.transfer.call(1)", "TypeError: ArrayBuffer object expected"),
            ],
        );
        detach_buffer(&buffer);
        support::check(ctx, &[("u8.length + ',' + buffer.byteLength", "0,0")]);
    });
    // SAFETY: script is not running, and the buffer is detached.
    assert_eq!(unsafe { start.as_ptr().add(3).read() }, 9);
    assert_eq!(Arc::strong_count(&keeper), 1, "the keeper went with the buffer");
}

/// A `SharedArrayBuffer` over memory that two runtimes on two threads see.
#[test]
fn shared_memory_is_seen_by_all() {
    let memory: &'static mut [u8] = Box::leak(vec![0u8; 64].into_boxed_slice());
    let start = memory.as_mut_ptr() as usize;
    let work = move |script: &'static str, expected: &'static str| {
        let realm = support::realm();
        realm.enter(|ctx| {
            let start = NonNull::new(start as *mut u8).expect("not null");
            // SAFETY: the memory lives for ever, and Rust looks at it after script only.
            let backing = unsafe { Backing::new(start, 64, ()) };
            let buffer = alias_shared_buffer(ctx, backing).expect("buffer");
            define_value(&ctx.globals(), "shared", buffer, Attributes::ALL).expect("define");
            support::check(ctx, &[(script, expected)]);
        });
    };
    const ADD: &str = "const a = new Int32Array(shared); for (let n = 0; n < 1000; n++) Atomics.add(a, 0, 1); 'done'";
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(move || work(ADD, "done"))).collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    work("String(shared) + new Int32Array(shared)[0]", "[object SharedArrayBuffer]3000");
    // SAFETY: leaked above, and no script uses it any more.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start as *mut u8, 64)) });
}

#[test]
fn resizable_memory_grows_from_script() {
    let realm = support::realm();
    let memory = Memory::new(1);
    memory.fill(0, 5);
    realm.enter(|ctx| {
        global(ctx, "b", &memory.to_resizable(ctx, 8));
        support::check(
            ctx,
            &[
                ("[b.resizable, b.byteLength, b.maxByteLength] + ''", "true,65536,524288"),
                ("const all = new Uint8Array(b), two = new Uint8Array(b, 2, 2), view = new DataView(b, 4), i32 = new Int32Array(b, 65532); b.resize(131072)", "undefined"),
                ("[b.byteLength, all.length, two.length, view.byteLength, i32.length] + ''", "131072,131072,2,131068,16385"),
                // The old bytes, what was written into the new pages before script looked, and no 0xEE.
                ("[all[0], all[65535], all[65536], all[131071], two[0], view.getUint8(0), view.getUint8(131067)] + ''", "5,5,7,7,5,5,7"),
                ("all[131071] = 9; view.getUint8(131067)", "9"),
                ("b.resize(131072); b.byteLength", "131072"),
                ("b.resize(131073)", "RangeError: not by whole pages"),
                ("b.resize(65536)", "RangeError: not by whole pages"),
                ("b.resize(-1)", "RangeError: invalid array index"),
                ("b.resize()", "RangeError: not by whole pages"),
                ("b.resize(9 * 65536)", "RangeError: 589824 bytes are more than the buffer's 524288"),
                ("b.resize(2 ** 52)", "RangeError: 4503599627370496 bytes are more than the buffer's 524288"),
                ("b.resize(1n)", "TypeError: cannot convert BigInt to number"),
                ("[all.length, all[131071], b.slice(131070).byteLength] + ''", "131072,9,2"),
                ("b.transfer()", "TypeError: ArrayBuffer.prototype.transfer: a WebAssembly memory's buffer cannot be detached"),
                ("b.transfer({ valueOf() { throw new RangeError('first') } })", "RangeError: first"),
                ("SharedArrayBuffer.prototype.grow.call(b, 1)", "TypeError: SharedArrayBuffer object expected"),
                ("[b.resize.name, b.resize.length, 'prototype' in b.resize] + ''", "resize,1,false"),
                ("const g = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, 'maxByteLength'); [g.get.name, g.get.length, g.set, g.enumerable, g.configurable] + ''", "get maxByteLength,0,,false,true"),
            ],
        );
        assert_eq!(memory.bytes.borrow()[131_071].get(), 9, "no copy");
    });
}

#[test]
fn resizable_memory_grows_under_script() {
    let realm = support::realm();
    let memory = Memory::new(0);
    realm.enter(|ctx| {
        let buffer = memory.to_resizable(ctx, 200);
        global(ctx, "b", &buffer);
        support::check(ctx, &[("const all = new Uint8Array(b); all.length", "0")]);
        // More than one step of the engine's, and no whole number of them for a view.
        memory.grow(ctx, 131).expect("grown");
        support::check(
            ctx,
            &[("[all.length === 131 * 65536, all.every(byte => byte === 7)] + ''", "true,true")],
        );
        memory.grow(ctx, 131).expect("moved");
        support::check(ctx, &[("all.every(byte => byte === 7)", "true")]);
        detach_buffer(&buffer);
        memory.grow(ctx, 132).expect("a detached buffer has nothing to show");
        support::check(
            ctx,
            &[
                ("[b.byteLength, b.maxByteLength, b.detached, all.length] + ''", "0,0,true,0"),
                ("b.resize(0)", "TypeError: ArrayBuffer is detached"),
                ("b.transfer()", "TypeError: ArrayBuffer is detached"),
            ],
        );
    });
}

#[test]
fn maxima_may_be_nothing_or_more_than_the_engine_can() {
    let realm = support::realm();
    realm.enter(|ctx| {
        let (none, huge) = (Memory::new(0), Memory::new(1));
        global(ctx, "none", &none.to_resizable(ctx, 0));
        global(ctx, "huge", &huge.to_resizable(ctx, 65_536));
        support::check(
            ctx,
            &[
                ("[none.resizable, none.maxByteLength, none.byteLength] + ''", "true,0,0"),
                ("none.resize(0); none.byteLength", "0"),
                ("none.resize(1)", "RangeError: 1 bytes are more than the buffer's 0"),
                ("[huge.resizable, huge.maxByteLength] + ''", "true,4294967296"),
                ("huge.resize(2 ** 31)", "RangeError: a buffer of 2147483648 bytes is more than this engine's 2147483647"),
                ("huge.resize(2 ** 32 + 1)", "RangeError: 4294967297 bytes are more than the buffer's 4294967296"),
                ("huge.resize(2 * 65536); new Uint8Array(huge)[65536]", "7"),
            ],
        );
        let short = alias_resizable_buffer(ctx, huge.backing(), 1, |_, _| Ok(()));
        let thrown = take_exception(ctx, short.expect_err("longer than its maximum"));
        assert!(thrown.is_error());
    });
}

#[test]
fn memory_that_outgrows_the_engine_is_let_go() {
    let realm = support::realm();
    realm.enter(|ctx| {
        let buffer = Memory::new(1).to_resizable(ctx, 65_536);
        global(ctx, "b", &buffer);
        // SAFETY: nobody looks: the buffer is refused.
        let backing = unsafe { Backing::new(NonNull::dangling(), MAX_BUFFER_BYTES + 1, ()) };
        let error = refresh_buffer(&buffer, backing).expect_err("too long");
        take_exception(ctx, error);
        support::check(ctx, &[("[b.detached, b.byteLength] + ''", "true,0")]);
    });
}

/// Where no stack is left for the engine's resize, nothing shows the memory that is gone.
#[test]
fn a_refresh_without_stack_detaches() {
    let realm = support::realm();
    realm.enter(|ctx| {
        let memory = Memory::new(1);
        global(ctx, "b", &memory.to_resizable(ctx, 100));
        let grower = memory.clone();
        let grow = holm_js::function(ctx, "grow", 0, move |call| {
            let pages = grower.bytes.borrow().len() / PAGE_BYTES + 1;
            grower.grow(call.ctx(), pages.min(100))?;
            call.undefined()
        });
        define_value(&ctx.globals(), "grow", grow.expect("function"), Attributes::ALL)
            .expect("set");
        let deep = "const view = new Uint8Array(b); view[0] = 3; let times = 0;
            (function down() { try { down() } catch {} try { if (times++ < 20) grow() } catch {} })();
            b.detached ? view.length === 0 : view[0] === 3 && view.length === b.byteLength";
        support::check(ctx, &[(deep, "true")]);
    });
}

#[test]
fn growable_shared_memory_grows_on_any_thread() {
    let realm = support::realm();
    let memory: Rc<[Cell<u8>]> = cells(8);
    let start = NonNull::new(memory.as_ptr().cast_mut().cast::<u8>()).expect("not null");
    let len = Arc::new(AtomicUsize::new(PAGE_BYTES));
    realm.enter(|ctx| {
        // SAFETY: as long as `memory`, in cells.
        let backing = || unsafe { Backing::new(start, len.load(Ordering::SeqCst), memory.clone()) };
        let (grower, reader) = (len.clone(), len.clone());
        let buffer = alias_growable_shared_buffer(
            ctx,
            backing(),
            8 * PAGE_BYTES,
            move |ctx, wanted| {
                let old = grower.fetch_max(wanted, Ordering::SeqCst);
                if wanted < old { Err(throw(ctx, ErrorKind::Range, "shorter")) } else { Ok(()) }
            },
            move || reader.load(Ordering::SeqCst),
        )
        .expect("buffer");
        global(ctx, "b", &buffer);
        memory[3 * PAGE_BYTES].set(6);
        support::check(
            ctx,
            &[
                ("[b.growable, b.byteLength, b.maxByteLength, b instanceof SharedArrayBuffer] + ''", "true,65536,524288,true"),
                ("const all = new Uint8Array(b); b.grow(131072); [b.byteLength, all.length] + ''", "131072,131072"),
                ("b.grow(1)", "RangeError: shorter"),
                ("b.grow(2 ** 20)", "RangeError: 1048576 bytes are more than the buffer's 524288"),
            ],
        );
        len.store(4 * PAGE_BYTES, Ordering::SeqCst);
        support::check(
            ctx,
            &[("[b.byteLength, all.length, all[3 * 65536]] + ''", "262144,262144,6")],
        );
        len.store(5 * PAGE_BYTES, Ordering::SeqCst);
        refresh_buffer(&buffer, backing()).expect("longer");
        support::check(ctx, &[("[all.length, b.byteLength] + ''", "327680,327680")]);
    });
}

/// Which of them is collected the engine does not say.
#[test]
fn of_two_shared_buffers_of_one_memory_the_right_one_goes() {
    let realm = support::realm();
    let memory: Rc<[Cell<u8>]> = cells(1);
    let start = NonNull::new(memory.as_ptr().cast_mut().cast::<u8>()).expect("not null");
    realm.enter(|ctx| {
        // SAFETY: as long as `memory`, in cells.
        let backing = |len_bytes| unsafe { Backing::new(start, len_bytes, memory.clone()) };
        let first = alias_shared_buffer(ctx, backing(8)).expect("a buffer");
        let second = alias_shared_buffer(ctx, backing(16)).expect("a buffer");
        let third = alias_shared_buffer(ctx, backing(24)).expect("a buffer");
        drop(second);
        assert!(!is_detachable(&first) && !is_detachable(&third));
        drop(first);
        assert!(!is_detachable(&third));
        // What takes the place of one that is gone is not taken for it.
        for _ in 0..100 {
            let fresh = ArrayBuffer::new_copy(ctx.clone(), [1_u8]).expect("a buffer").into_value();
            assert!(is_detachable(fresh.as_object().expect("an object")));
        }
        drop(third);
    });
    assert_eq!(Rc::strong_count(&memory), 1);
}

/// Each buffer is protected for itself, though two may begin at the same place.
#[test]
fn protection_goes_by_buffer_not_by_address() {
    let realm = support::realm();
    realm.enter(|ctx| {
        let refused = "TypeError: ArrayBuffer.prototype.transfer: a WebAssembly memory's buffer cannot be detached";
        let bytes = cells(1);
        let start = NonNull::new(bytes.as_ptr().cast_mut().cast::<u8>()).expect("not null");
        // SAFETY: as long as `bytes`, in cells.
        let backing = |len| unsafe { Backing::new(start, len, bytes.clone()) };
        let first = alias_buffer(ctx, backing(0)).expect("buffer");
        global(ctx, "first", &first);
        global(ctx, "second", &alias_buffer(ctx, backing(0)).expect("buffer"));
        global(ctx, "third", &alias_buffer(ctx, backing(8)).expect("buffer"));
        for name in ["first", "second", "third"] {
            support::check(ctx, &[(&format!("{name}.transfer()"), refused)]);
        }
        assert!(!is_detachable(&first));
        detach_buffer(&first);
        support::check(ctx, &[("first.detached", "true"), ("second.transfer()", refused)]);
        drop(first);
        support::check(ctx, &[("first = null; second.transfer()", refused)]);
        support::check(ctx, &[("second = null; third.transfer()", refused)]);
        support::check(ctx, &[("third = null; new ArrayBuffer(3).transfer().byteLength", "3")]);
        assert_eq!(Rc::strong_count(&bytes), 1 + 3, "in the graveyard until the realm is left");
    });
}

/// What a script or another realm kept from before the first such buffer does not help it.
#[test]
fn methods_kept_from_before_are_guarded() {
    let realm = support::realm();
    let other = Realm::new(realm.runtime()).expect("realm");
    let kept = realm.enter(|ctx| {
        support::run(
            ctx,
            "globalThis.kept = [ArrayBuffer.prototype.transfer, ArrayBuffer.prototype.resize]",
        );
        Root::<Object<'static>>::new(ctx, ctx.globals().get::<_, Object<'_>>("kept").expect("kept"))
    });
    let kept = kept.expect("root");
    let memory = Memory::new(1);
    other.enter(|ctx| {
        global(ctx, "b", &memory.to_resizable(ctx, 2));
        global(ctx, "kept", &kept.get(ctx).expect("kept"));
        support::check(
            ctx,
            &[
                ("kept[0].call(b)", "TypeError: ArrayBuffer.prototype.transfer: a WebAssembly memory's buffer cannot be detached"),
                ("kept[1].call(b, 131072); new Uint8Array(b)[131071]", "7"),
                ("b.resize(131073)", "RangeError: 131073 bytes are more than the buffer's 131072"),
                ("const own = new ArrayBuffer(1, { maxByteLength: 4 }); kept[1].call(own, 3); own.resize(4); [own.byteLength, own.maxByteLength] + ''", "4,4"),
            ],
        );
    });
}

#[test]
fn bytes_are_those_that_a_view_shows_now() {
    support::realm().enter(|ctx| {
        let check = |source: &str, expected: &[u8]| {
            let view: Object<'_> = ctx.eval(source).expect(source);
            assert_eq!(view_bytes(&view).expect(source), expected, "{source}");
        };
        check("new Uint16Array([1, 2])", &[1, 0, 2, 0]);
        check("new Uint8Array([1, 2, 3, 4]).subarray(1, 3)", &[2, 3]);
        check("new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1)", &[2]);
        check("new Uint8Array([1, 2, 3]).buffer", &[1, 2, 3]);
        check("new Uint8Array(new SharedArrayBuffer(2))", &[0, 0]);
        check("new SharedArrayBuffer(3)", &[0, 0, 0]);
        check(
            "var b = new ArrayBuffer(2, { maxByteLength: 8 }), u = new Uint8Array(b, 1), w = new Uint16Array(b);
             b.resize(5); u.fill(1); u",
            &[1, 1, 1, 1],
        );
        check("w", &[0, 1, 1, 1]);
        check("b.resize(1); u", &[]);
        check("Object.defineProperty(DataView.prototype, 'byteLength', { value: 99 }); new DataView(b)", &[0]);
        assert!(view_bytes(&Object::new(ctx.clone()).expect("object")).is_err());
        ctx.catch();
    });
}
