//! Signals and registers, on Linux.

use std::mem::MaybeUninit;
use std::sync::OnceLock;

use libc::{c_int, c_void, pid_t, sigaction, siginfo_t, ucontext_t};

use super::{Registers, redirect};

/// Which of the real-time signals, counted from the last: programs that use some begin with the
/// first.
const FROM_LAST: c_int = 5;

/// What `unreachable` is compiled to.
#[cfg(target_arch = "x86_64")]
pub(super) const TRAP: &[u8] = &[0x0f, 0x0b];
#[cfg(target_arch = "aarch64")]
pub(super) const TRAP: &[u8] = &0xc11f_u32.to_le_bytes();

/// A thread of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadId(pid_t);

impl ThreadId {
    pub(crate) fn current() -> Self {
        // SAFETY: it has no conditions.
        Self(unsafe { libc::gettid() })
    }

    /// Sends the signal. A thread that has ended gets none; another one that has its number
    /// meanwhile finds nothing to do.
    pub(crate) fn interrupt(self) {
        // SAFETY: the handler is there: `prepare_thread` came first.
        unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.0, signal()) };
    }
}

/// Lets this thread be interrupted.
pub(crate) fn prepare_thread() {
    install_handler();
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is made before it is used; no thread of ours wants the signal blocked.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal());
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}

fn signal() -> c_int {
    libc::SIGRTMAX() - FROM_LAST
}

/// What handled the signal before, if anything did.
static BEFORE: OnceLock<Option<sigaction>> = OnceLock::new();

fn install_handler() {
    BEFORE.get_or_init(|| {
        let mut before = MaybeUninit::<sigaction>::zeroed();
        // SAFETY: all of the structure is valid when zero. The handler is of the kind that the
        // flags say, does what handlers may, and runs on the stack that Rust and Wasmtime have
        // made for them.
        unsafe {
            let mut action = MaybeUninit::<sigaction>::zeroed().assume_init();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            libc::sigemptyset(&raw mut action.sa_mask);
            let done = libc::sigaction(signal(), &raw const action, before.as_mut_ptr());
            (done == 0).then(|| before.assume_init())
        }
    });
}

extern "C" fn handle(number: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes the context of what it interrupted, which this thread goes on
    // with.
    unsafe {
        let context = &mut *context.cast::<ucontext_t>();
        let mut registers = read(context);
        redirect(&mut registers);
        write(context, &registers);
    }
    // A thread of ours or not, whoever handled this before may want it too.
    let Some(Some(before)) = BEFORE.get() else { return };
    if matches!(before.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN) {
        return;
    }
    // SAFETY: the program gave this function for this signal, of the kind that its flags say.
    unsafe {
        if before.sa_flags & libc::SA_SIGINFO != 0 {
            type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);
            std::mem::transmute::<usize, Handler>(before.sa_sigaction)(number, info, context);
        } else {
            type Handler = extern "C" fn(c_int);
            std::mem::transmute::<usize, Handler>(before.sa_sigaction)(number);
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn read(context: &ucontext_t) -> Registers {
    let registers = &context.uc_mcontext.gregs;
    let register = |index: c_int| registers[index as usize] as usize;
    Registers {
        pc: register(libc::REG_RIP),
        sp: register(libc::REG_RSP),
        fp: register(libc::REG_RBP),
    }
}

#[cfg(target_arch = "x86_64")]
fn write(context: &mut ucontext_t, registers: &Registers) {
    context.uc_mcontext.gregs[libc::REG_RIP as usize] = registers.pc as i64;
    context.uc_mcontext.gregs[libc::REG_RBP as usize] = registers.fp as i64;
}

#[cfg(target_arch = "aarch64")]
const FRAME_POINTER: usize = 29;

#[cfg(target_arch = "aarch64")]
fn read(context: &ucontext_t) -> Registers {
    let registers = &context.uc_mcontext;
    Registers {
        pc: registers.pc as usize,
        sp: registers.sp as usize,
        fp: registers.regs[FRAME_POINTER] as usize,
    }
}

#[cfg(target_arch = "aarch64")]
fn write(context: &mut ucontext_t, registers: &Registers) {
    context.uc_mcontext.pc = registers.pc as u64;
    context.uc_mcontext.regs[FRAME_POINTER] = registers.fp as u64;
}
