//! Halves of pairs of keys: what `KeyObject`, `Sign`, `Verify` and `ECDH` have inside.

use holm_js::reflect::stack_has_room;
use holm_js::webidl::{Definition, Interface, new_object};
use holm_js::{
    Array, Call, Ctx, Error, ErrorKind, HostObject, Result, Value, host_ref, throw_coded,
};
use holm_web::crypto::curves::Curve;
use holm_web::crypto::encrypted_keys::{Decrypted, RANDOM_BYTES, decrypt, encrypt};
use holm_web::crypto::key_forms::Half;
use holm_web::crypto::work::Room;
use holm_web::crypto::{Material, import_key, material};

use super::random::random;
use super::{Native, Tools};
use crate::buffer;

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    // Of each curve: OpenSSL's name, that of JSON Web Keys, whether points have two coordinates, how
    // many bytes a private key has.
    ("curves", 0, |_, call| {
        let all = Array::new(call.ctx().clone())?;
        for (index, curve) in Curve::all().enumerate() {
            let names = Array::new(call.ctx().clone())?;
            names.set(0, curve.openssl_name())?;
            names.set(1, curve.name())?;
            names.set(2, curve.is_weierstrass())?;
            names.set(3, curve.private_bytes() as f64)?;
            all.set(index, names)?;
        }
        Ok(all.into_value())
    }),
    // `(form, bytes)`: half a pair, or `undefined`.
    ("readKey", 2, |tools, call| {
        let bytes = tools.copy(&call.value(1));
        let half = match call.get::<String>(0)?.as_str() {
            "spki" => Half::from_spki(&bytes),
            "pkcs8" => Half::from_pkcs8(&bytes),
            "certificate" => Half::from_certificate(&bytes),
            _ => Half::from_sec1(&bytes),
        };
        PairKey::or_undefined(call, half)
    }),
    // `(curve, bytes)`
    ("readPrivate", 2, |tools, call| {
        let bytes = tools.copy(&call.value(1));
        PairKey::or_undefined(call, curve(call)?.and_then(|curve| Half::private(curve, &bytes)))
    }),
    ("readPublic", 2, |tools, call| {
        let bytes = tools.copy(&call.value(1));
        PairKey::or_undefined(call, curve(call)?.and_then(|curve| Half::public(curve, &bytes)))
    }),
    // `(curve, x, y, d)`, the last two of which may be `undefined`.
    ("readCoordinates", 4, |tools, call| {
        let bytes = |index| {
            let value = call.value(index);
            (!value.is_undefined()).then(|| tools.copy(&value))
        };
        let (x, y, d) = (tools.copy(&call.value(1)), bytes(2), bytes(3));
        let half = curve(call)?.and_then(|curve| {
            let public = curve.public_at(&x, y.as_deref())?;
            let Some(d) = d else { return Half::public(curve, &public) };
            let private = Half::private(curve, &d)?;
            (curve.public_of(&private.bytes)? == public).then_some(private)
        });
        PairKey::or_undefined(call, half)
    }),
    // `(curve)`: the private half of a new pair.
    ("generatePrivate", 1, generate),
    // The bytes of a secret `CryptoKey`, or half a pair; `undefined` for other values.
    ("cryptoKeyMaterial", 1, |_, call| match material(&call.value(0)) {
        Some((Material::Secret(bytes), _)) => buffer::make(call.ctx(), &bytes),
        Some((Material::Half(half), _)) => PairKey::or_undefined(call, Some(half)),
        None => call.undefined(),
    }),
    // `(bytes, password)`: `null` for what is not known, `undefined` for another password.
    ("decryptKey", 2, |tools, call| {
        let (encrypted, password) = (tools.copy(&call.value(0)), tools.copy(&call.value(1)));
        let mut stopped = None;
        let decrypted = decrypt(&encrypted, &password, &mut || match stack_has_room(call.ctx()) {
            Ok(_) => true,
            Err(error) => {
                stopped = Some(error);
                false
            }
        });
        match (stopped, decrypted) {
            (Some(error), _) => Err(error),
            (None, Decrypted::Key(key)) => buffer::make(call.ctx(), &key),
            (None, Decrypted::Refused) => call.undefined(),
            (None, Decrypted::Unknown) => Ok(Value::new_null(call.ctx().clone())),
        }
    }),
    // `(bytes, password, cipher)`: `undefined` for a cipher that there is not.
    ("encryptKey", 3, |tools, call| {
        let (key, password) = (tools.copy(&call.value(0)), tools.copy(&call.value(1)));
        let mut random_bytes = [0; RANDOM_BYTES];
        random(call, &mut random_bytes)?;
        or_undefined(call, encrypt(&key, &password, &call.get::<String>(2)?, &random_bytes))
    }),
    ("importCryptoKey", 5, |_, call| import_key(call)),
];

fn curve(call: &Call<'_, '_>) -> Result<Option<Curve>> {
    let name: String = call.get(0)?;
    Ok(Curve::all().find(|curve| curve.openssl_name() == name))
}

fn generate<'js>(_: Tools, call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let curve = curve(call)?.ok_or(Error::Unknown)?;
    let drawn = curve.generate(|bytes| random(call, bytes))?.ok_or_else(|| {
        let text = "No key could be generated: the random numbers repeat";
        throw_coded(call.ctx(), ErrorKind::Plain, "ERR_CRYPTO_OPERATION_FAILED", text)
    })?;
    PairKey::or_undefined(call, Half::private(curve, &drawn))
}

/// Half a pair, seen by script.
struct PairKey {
    half: Half,
    _room: Room,
}

impl HostObject for PairKey {}

impl PairKey {
    fn or_undefined<'js>(call: &Call<'_, 'js>, half: Option<Half>) -> Result<Value<'js>> {
        match half {
            Some(half) => {
                let room = Room::new(call.ctx(), size_of::<Self>() + half.bytes.len())?;
                Ok(new_object(call.ctx(), Self { half, _room: room })?.into_value())
            }
            None => call.undefined(),
        }
    }
}

type Method = for<'a, 'b> fn(&Half, Tools, &Call<'a, 'b>) -> Result<Value<'b>>;

const METHODS: &[(&str, u32, Method)] = &[
    ("toPublic", 0, |half, _, call| PairKey::or_undefined(call, half.to_public())),
    // `(form, compressed)`: `undefined` where the key has not that form.
    ("export", 1, |half, _, call| {
        let bytes = match call.get::<String>(0)?.as_str() {
            "spki" => half.to_spki(call.value(1).as_bool() == Some(true)),
            "pkcs8" => half.to_pkcs8().map(|bytes| bytes.to_vec()),
            "sec1" => half.to_sec1().map(|bytes| bytes.to_vec()),
            "compressed" => half.to_public().and_then(|half| half.curve.compressed(&half.bytes)),
            _ => Some(half.bytes.to_vec()),
        };
        or_undefined(call, bytes)
    }),
    // `[x, y, d]`, as far as there are such.
    ("coordinates", 0, |half, _, call| {
        let ctx: &Ctx<'_> = call.ctx();
        let all = Array::new(ctx.clone())?;
        if let Some(public) = half.to_public() {
            let (x, y) = half.curve.coordinates(&public.bytes);
            all.set(0, buffer::make(ctx, x)?)?;
            if let Some(y) = y {
                all.set(1, buffer::make(ctx, y)?)?;
            }
        }
        if half.is_private {
            all.set(2, buffer::make(ctx, &half.bytes)?)?;
        }
        Ok(all.into_value())
    }),
    // `(other)`: whether it is the same key.
    ("equals", 1, |half, _, call| {
        call.returns(host_ref::<PairKey>(&call.value(0)).is_some_and(|other| {
            let other = &other.half;
            half.curve == other.curve
                && half.is_private == other.is_private
                && holm_web::crypto::same_bytes(&half.bytes, &other.bytes)
        }))
    }),
    // `(data or its hash, whether the signature is ASN.1)`
    ("sign", 2, |half, tools, call| {
        let is_der = call.value(1).as_bool() == Some(true);
        let signed = tools.bytes.read(&call.value(0), 0..usize::MAX, |data| {
            let signature = half.curve.sign(&half.bytes, data)?;
            if is_der { half.curve.signature_to_der(&signature) } else { Some(signature) }
        });
        or_undefined(call, signed)
    }),
    // `(data or its hash, signature, whether that is ASN.1)`
    ("verify", 3, |half, tools, call| {
        let signature = tools.copy(&call.value(1));
        let is_der = call.value(2).as_bool() == Some(true);
        let signature = match is_der {
            true => half.curve.signature_from_der(&signature),
            false => Some(signature),
        };
        let (Some(signature), Some(public)) = (signature, half.to_public()) else {
            return call.returns(false);
        };
        let is_right = tools.bytes.read(&call.value(0), 0..usize::MAX, |data| {
            public.curve.verify(&public.bytes, data, &signature)
        });
        call.returns(is_right)
    }),
    // `(other half)`: the secret, or `undefined`.
    ("agree", 1, |half, _, call| {
        let value = call.value(0);
        let other = host_ref::<PairKey>(&value).and_then(|other| other.half.to_public());
        let other = other.filter(|other| other.curve == half.curve && half.is_private);
        or_undefined(call, other.and_then(|other| half.curve.agree(&half.bytes, &other.bytes)))
    }),
];

impl Interface for PairKey {
    const NAME: &'static str = "PairKey";

    fn define(members: &mut Definition<'_, '_, Self>) -> Result<()> {
        let tools = Tools::of(members.ctx())?;
        members
            .attribute("isPrivate", |this, call| call.returns(this.half.is_private))?
            .attribute("curve", |this, call| call.returns(this.half.curve.openssl_name()))?
            .attribute("hashesItself", |this, call| call.returns(this.half.curve.hashes_itself()))?
            .attribute("signs", |this, call| call.returns(this.half.curve.signs()))?
            .attribute("agrees", |this, call| call.returns(this.half.curve.agrees()))?;
        for (name, length, method) in METHODS {
            members.operation(name, *length, move |this, call| method(&this.half, tools, call))?;
        }
        Ok(())
    }
}

fn or_undefined<'js>(call: &Call<'_, 'js>, bytes: Option<Vec<u8>>) -> Result<Value<'js>> {
    match bytes {
        Some(bytes) => buffer::make(call.ctx(), &bytes),
        None => call.undefined(),
    }
}
