//! Keys out of passwords and other secrets: PBKDF2, scrypt, HKDF.

use holm_js::reflect::stack_has_room;
use holm_js::{Call, Ctx, Error, Function, Result, Root, Value};
use holm_web::crypto::hash::{Hash, Hkdf, Pbkdf2, Wanted};
use holm_web::crypto::work::{Room, compute};
use scrypt::Params;

use super::Native;
use super::hashing::named;
use crate::buffer;

/// The most blocks of 128 bytes that scrypt mixes (N × r × p): some seconds, in which nothing stops
/// it.
const MAX_SCRYPT_BLOCKS: u64 = 1 << 24;

const SCRYPT_BLOCK_BYTES: u64 = 128;

/// Each takes a callback last: with one the work is done on another thread, without at once.
pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("hasHmac", 1, |_, call| call.returns(named(call)?.is_some_and(Hash::has_hmac))),
    // `(digest, password, salt, iterations, length, callback)`
    ("pbkdf2", 6, |tools, call| {
        let hash = named(call)?.ok_or(Error::Unknown)?;
        let (password, salt) = (tools.copy(&call.value(1)), tools.copy(&call.value(2)));
        let iterations = call.get::<f64>(3)? as u32;
        let job = Job { len_bytes: size(call, 4)?, extra_bytes: password.len() + salt.len() };
        job.run(call, 5, move |out, wanted| {
            let given = Pbkdf2 { password: &password, salt: &salt, iterations };
            hash.pbkdf2(&given, out, wanted)
        })
    }),
    // `(digest, key, salt, info, length, callback)`
    ("hkdf", 6, |tools, call| {
        let hash = named(call)?.ok_or(Error::Unknown)?;
        let (key, salt) = (tools.copy(&call.value(1)), tools.copy(&call.value(2)));
        let info = tools.copy(&call.value(3));
        let extra_bytes = key.len() + salt.len() + info.len();
        let job = Job { len_bytes: size(call, 4)?, extra_bytes };
        job.run(call, 5, move |out, _| {
            hash.hkdf(&Hkdf { secret: &key, salt: &salt, info: &info }, out)
        })
    }),
    // `(N, r, p)`: whether scrypt takes them here.
    ("isScryptWork", 3, |_, call| {
        let (n, r, p) = scrypt_numbers(call, 0)?;
        call.returns(scrypt_params(n, r, p).is_some())
    }),
    // `(password, salt, N, r, p, length, callback)`
    ("scrypt", 7, |tools, call| {
        let (password, salt) = (tools.copy(&call.value(0)), tools.copy(&call.value(1)));
        let (n, r, p) = scrypt_numbers(call, 2)?;
        let params = scrypt_params(n, r, p).ok_or(Error::Unknown)?;
        let mixed_bytes = usize::try_from(SCRYPT_BLOCK_BYTES * r * (n + p)).unwrap_or(usize::MAX);
        let extra_bytes = mixed_bytes.saturating_add(password.len() + salt.len());
        let job = Job { len_bytes: size(call, 5)?, extra_bytes };
        job.run(call, 6, move |out, _| scrypt::scrypt(&password, &salt, &params, out).ok())
    }),
];

/// A number that the script has found to be a length.
fn size(call: &Call<'_, '_>, index: usize) -> Result<usize> {
    Ok(call.get::<f64>(index)? as usize)
}

fn scrypt_numbers(call: &Call<'_, '_>, first: usize) -> Result<(u64, u64, u64)> {
    let number = |index: usize| -> Result<u64> { Ok(call.get::<f64>(index)? as u64) };
    Ok((number(first)?, number(first + 1)?, number(first + 2)?))
}

fn scrypt_params(n: u64, r: u64, p: u64) -> Option<Params> {
    let blocks = n.checked_mul(r)?.checked_mul(p)?;
    if !n.is_power_of_two() || blocks > MAX_SCRYPT_BLOCKS {
        return None;
    }
    let log_n = u8::try_from(n.ilog2()).ok()?;
    Params::new(log_n, u32::try_from(r).ok()?, u32::try_from(p).ok()?).ok()
}

struct Job {
    len_bytes: usize,
    /// What it needs beside its result.
    extra_bytes: usize,
}

impl Job {
    /// Fills so many bytes: they are the result, or what the callback gets after `null`. What
    /// cannot be filled is `undefined`.
    fn run<'js>(
        self,
        call: &Call<'_, 'js>,
        callback: usize,
        work: impl FnOnce(&mut [u8], Wanted<'_>) -> Option<()> + Send + 'static,
    ) -> Result<Value<'js>> {
        let (ctx, len_bytes) = (call.ctx(), self.len_bytes);
        let all_bytes = len_bytes.saturating_add(self.extra_bytes);
        let fill = move |wanted: Wanted<'_>| {
            let mut out = vec![0; len_bytes];
            work(&mut out, wanted).map(|()| out)
        };
        if call.value(callback).is_undefined() {
            let _room = Room::new(ctx, all_bytes)?;
            let mut stopped = None;
            let filled = fill(&mut || match stack_has_room(ctx) {
                Ok(_) => true,
                Err(error) => {
                    stopped = Some(error);
                    false
                }
            });
            return stopped.map_or_else(|| made(ctx, filled), Err);
        }
        let callback: Root<Function<'static>> = Root::new(ctx, call.value(callback))?;
        compute(ctx, all_bytes, fill, move |ctx, filled| {
            let callback: Function<'_> = callback.get(ctx)?;
            callback.call((Value::new_null(ctx.clone()), made(ctx, filled.flatten())?))
        })?;
        call.undefined()
    }
}

fn made<'js>(ctx: &Ctx<'js>, filled: Option<Vec<u8>>) -> Result<Value<'js>> {
    match filled {
        Some(bytes) => buffer::make(ctx, &bytes),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}
