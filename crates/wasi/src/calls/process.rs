//! Arguments, environment, clocks, chance, and the end.

use super::{Answer, Arguments, Stop};
use crate::context::{Clock, Strings};
use crate::{Context, Errno, GuestMemory};

/// So much is made between two looks at whether the module is to stop.
const RANDOM_CHUNK_BYTES: usize = 1 << 20;

fn get(strings: &Strings, memory: &mut GuestMemory<'_>, arguments: Arguments<'_>) -> Answer {
    let (list, buffer) = (arguments.u32(0), arguments.u32(1));
    memory.write(buffer, &strings.bytes)?;
    let mut pointers = Vec::with_capacity(strings.starts.len() * 4);
    for start in &strings.starts {
        let pointer = buffer.checked_add(*start).ok_or(Errno::Fault)?;
        pointers.extend_from_slice(&pointer.to_le_bytes());
    }
    Ok(memory.write(list, &pointers)?)
}

fn sizes_get(strings: &Strings, memory: &mut GuestMemory<'_>, arguments: Arguments<'_>) -> Answer {
    memory.write_u32(arguments.u32(0), strings.starts.len() as u32)?;
    Ok(memory.write_u32(arguments.u32(1), strings.bytes.len() as u32)?)
}

pub(super) fn args_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    get(&context.arguments, memory, arguments)
}

pub(super) fn args_sizes_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    sizes_get(&context.arguments, memory, arguments)
}

pub(super) fn environ_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    get(&context.environment, memory, arguments)
}

pub(super) fn environ_sizes_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    sizes_get(&context.environment, memory, arguments)
}

pub(super) fn clock_res_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let clock = Clock::from_number(arguments.u32(0))?;
    Ok(memory.write_u64(arguments.u32(1), context.surroundings.resolution(clock))?)
}

pub(super) fn clock_time_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let clock = Clock::from_number(arguments.u32(0))?;
    // How precise it has to be (1) does not matter: it is as precise as it can be.
    Ok(memory.write_u64(arguments.u32(2), context.surroundings.now(clock))?)
}

pub(super) fn random_get(
    context: &Context,
    memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    let surroundings = &context.surroundings;
    memory.fill(arguments.u32(0), arguments.u32(1), |bytes| {
        for chunk in bytes.chunks_mut(RANDOM_CHUNK_BYTES) {
            if surroundings.must_stop() {
                return Err(Errno::Intr);
            }
            surroundings.fill_random(chunk)?;
        }
        Ok(())
    })?;
    Ok(())
}

pub(super) fn proc_exit(
    _context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    Err(Stop::Exit(arguments.u32(0)))
}

/// A signal reaches the module only, which has no handlers: it ends, as a shell would tell it, or
/// nothing happens.
pub(super) fn proc_raise(
    _context: &Context,
    _memory: &mut GuestMemory<'_>,
    arguments: Arguments<'_>,
) -> Answer {
    const CHLD: u32 = 16;
    const CONT: u32 = 17;
    const URG: u32 = 22;
    const WINCH: u32 = 27;
    /// Of a program that a signal ended.
    const SIGNALLED: u32 = 128;
    match arguments.u32(0) {
        0 | CHLD | CONT | URG | WINCH => Ok(()),
        signal @ 1..=30 => Err(Stop::Exit(SIGNALLED + signal)),
        _ => Err(Errno::Inval.into()),
    }
}

pub(super) fn sched_yield(
    _context: &Context,
    _memory: &mut GuestMemory<'_>,
    _arguments: Arguments<'_>,
) -> Answer {
    std::thread::yield_now();
    Ok(())
}
