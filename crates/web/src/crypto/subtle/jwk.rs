//! `JsonWebKey`, <https://w3c.github.io/webcrypto/#JsonWebKey-dictionary>.

use holm_js::webidl::convert;
use holm_js::{Ctx, ErrorKind, IntoJs, Object, Result, Value, throw};
use p256::elliptic_curve::zeroize::Zeroizing;

use super::data::data_error;
use super::key::{Key, Usages};

/// The members that any of the algorithms looks at.
#[derive(Debug, Default)]
pub(super) struct JsonWebKey {
    alg: Option<String>,
    pub(super) crv: Option<String>,
    pub(super) d: Option<Zeroizing<String>>,
    ext: Option<bool>,
    pub(super) k: Option<Zeroizing<String>>,
    key_ops: Option<Vec<String>>,
    pub(super) kty: Option<String>,
    use_: Option<String>,
    pub(super) x: Option<String>,
    pub(super) y: Option<String>,
}

/// What a JSON Web Key has to say.
pub(super) struct Expected<'a> {
    pub(super) kty: &'a str,
    /// What `use` is, where it is there.
    pub(super) use_: &'a str,
    pub(super) is_extractable: bool,
    pub(super) usages: Usages,
}

impl JsonWebKey {
    /// Members are read in the order of their names.
    pub(super) fn from_js<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Self> {
        if value.is_undefined() || value.is_null() {
            return Ok(Self::default());
        }
        let Some(object) = value.as_object() else {
            return Err(throw(ctx, ErrorKind::Type, "keyData is not a JSON Web Key"));
        };
        let text = |key: &str| -> Result<Option<String>> {
            convert::member(object, key)?.map(|value| convert::string(ctx, &value)).transpose()
        };
        let secret = |key: &str| Ok::<_, holm_js::Error>(text(key)?.map(Zeroizing::new));
        Ok(Self {
            alg: text("alg")?,
            crv: text("crv")?,
            d: secret("d")?,
            ext: convert::member(object, "ext")?.map(|ext| convert::boolean(&ext)),
            k: secret("k")?,
            key_ops: convert::member(object, "key_ops")?
                .map(|value| strings(ctx, &value))
                .transpose()?,
            kty: text("kty")?,
            use_: text("use")?,
            x: text("x")?,
            y: text("y")?,
        })
    }

    /// A `DataError` unless everything fits.
    pub(super) fn check(&self, ctx: &Ctx<'_>, expected: &Expected<'_>) -> Result<()> {
        // If the kty field of jwk is not …, then throw a DataError.
        if self.kty.as_deref() != Some(expected.kty) {
            return Err(unfit(ctx, "kty"));
        }
        // If usages is non-empty and the use field of jwk is present and is not …, then throw a
        // DataError.
        let is_other_use = self.use_.as_ref().is_some_and(|given| given != expected.use_);
        if !expected.usages.is_empty() && is_other_use {
            return Err(unfit(ctx, "use"));
        }
        // If the key_ops field of jwk is present, and is invalid according to the requirements of
        // JSON Web Key or does not contain all of the specified usages values, then throw a
        // DataError.
        if let Some(given) = &self.key_ops {
            let is_double = (1..given.len()).any(|end| given[..end].contains(&given[end]));
            let has = |usage: &str| given.iter().any(|given| given == usage);
            if is_double || !expected.usages.names().all(has) {
                return Err(unfit(ctx, "key_ops"));
            }
        }
        // If the ext field of jwk is present and has the value false and extractable is true, then
        // throw a DataError.
        if self.ext == Some(false) && expected.is_extractable {
            return Err(unfit(ctx, "ext"));
        }
        Ok(())
    }

    /// A `DataError` if `alg` is there and none of these.
    pub(super) fn check_alg(&self, ctx: &Ctx<'_>, fit: &[&str]) -> Result<()> {
        match &self.alg {
            Some(alg) if !fit.contains(&alg.as_str()) => Err(unfit(ctx, "alg")),
            _ => Ok(()),
        }
    }
}

/// The bytes of a member that is base64url; a `DataError` if it is missing or something else.
pub(super) fn decoded(ctx: &Ctx<'_>, key: &str, text: Option<&str>) -> Result<Zeroizing<Vec<u8>>> {
    let refused =
        || data_error(ctx, &format!("The JSON Web Key's member '{key}' is not base64url"));
    let text = text.ok_or_else(refused)?;
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !text.bytes().all(is_digit) {
        return Err(refused());
    }
    let standard = Zeroizing::new(text.replace('-', "+").replace('_', "/"));
    let bytes = data_url::forgiving_base64::decode_to_vec(standard.as_bytes());
    bytes.map(Zeroizing::new).map_err(|_| refused())
}

/// A new JSON Web Key: these members and those that every key has, in the order of their names.
pub(super) fn make<'js>(
    ctx: &Ctx<'js>,
    key: &Key,
    members: &[(&'static str, &str)],
) -> Result<Value<'js>> {
    let mut all = vec![
        ("ext", key.is_extractable.into_js(ctx)?),
        ("key_ops", key.usages.to_array(ctx)?.into_value()),
    ];
    for (name, value) in members {
        all.push((name, value.into_js(ctx)?));
    }
    all.sort_by_key(|(name, _)| *name);
    let jwk = Object::new(ctx.clone())?;
    for (name, value) in all {
        jwk.set(name, value)?;
    }
    Ok(jwk.into_value())
}

pub(super) fn unfit(ctx: &Ctx<'_>, member: &str) -> holm_js::Error {
    data_error(ctx, &format!("The JSON Web Key's member '{member}' does not fit"))
}

fn strings<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<Vec<String>> {
    let elements = convert::sequence(ctx, value, "key_ops")?;
    elements.iter().map(|element| convert::string(ctx, element)).collect()
}
