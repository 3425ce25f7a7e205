//! `node:tls`: the native parts of `js/tls/`.
//!
//! A session turns bytes into others; script moves them, since what is under a `TLSSocket` may be
//! any stream.

use std::cell::RefCell;

use holm_host::host;
use holm_host::network::{
    CertificateDetails, ClientProof, Failure, Identity, ServerSettings, TlsClient, TlsFailure,
    TlsServer, TlsSession, TlsSettings, Trust, Versions,
};
use holm_js::{
    Array, Bytes, Call, Ctx, Error, ErrorKind, HostObject, Object, Result, Value, coded_error,
    function, host_ref, sealed, throw_value,
};
use holm_web::weight::Weight;

use crate::buffer;

/// What a session takes, about: its keys and buffers.
const SESSION_BYTES: usize = 40 << 10;

/// What `createSecureContext` makes.
enum Context {
    Client(Box<TlsClient>),
    Server(TlsServer),
}

impl HostObject for Context {}

/// A session, hidden in an object that no script sees.
struct Hidden {
    session: RefCell<TlsSession>,
    /// A script may make any number.
    _weight: Weight,
}

impl HostObject for Hidden {}

type Native = for<'a, 'b> fn(&Call<'a, 'b>) -> Result<Value<'b>>;

const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("newContext", 1, new_context),
    ("newSession", 2, new_session),
    ("receive", 2, receive),
    ("send", 2, |call| {
        let (hidden, bytes) = (call.value(0), call.value(1));
        let session = &mut *session(&hidden)?.borrow_mut();
        let sent = Bytes::new(call.ctx())?.read(&bytes, 0..usize::MAX, |bytes| session.send(bytes));
        sent.map_err(|_| Error::Unknown)?;
        call.undefined()
    }),
    ("end", 1, |call| {
        session(&call.value(0))?.borrow_mut().end();
        call.undefined()
    }),
    ("output", 1, |call| {
        let output = session(&call.value(0))?.borrow_mut().output();
        if output.is_empty() { call.undefined() } else { buffer::make(call.ctx(), &output) }
    }),
    ("isHandshaking", 1, |call| call.returns(session(&call.value(0))?.borrow().is_handshaking())),
    ("facts", 1, facts),
    ("certificates", 1, |call| {
        let hidden = call.value(0);
        let all = Array::new(call.ctx().clone())?;
        for (index, der) in session(&hidden)?.borrow().certificates().iter().enumerate() {
            all.set(index, buffer::make(call.ctx(), der)?)?;
        }
        call.returns(all)
    }),
    ("certificateDetails", 1, certificate_details),
];

/// What the scripts are given.
pub(crate) fn natives<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    for (name, length, body) in FUNCTIONS {
        natives.set(*name, function(ctx, name, *length, *body)?)?;
    }
    Ok(natives)
}

fn session<'a>(hidden: &'a Value<'_>) -> Result<&'a RefCell<TlsSession>> {
    Ok(&host_ref::<Hidden>(hidden).ok_or(Error::Unknown)?.session)
}

fn to_error<'js>(ctx: &Ctx<'js>, failure: &TlsFailure) -> Result<Value<'js>> {
    Ok(coded_error(ctx, ErrorKind::Plain, &failure.code, &failure.message)?.into_value())
}

/// `({ isServer, ca, cert, key, protocols, clientProof, versions })`
fn new_context<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, options): (_, Object<'js>) = (call.ctx(), call.get(0)?);
    let text = |name: &str| -> Result<Option<Vec<u8>>> {
        Ok(options.get::<_, Option<String>>(name)?.map(String::into_bytes))
    };
    let identity = match (text("cert")?, text("key")?) {
        (Some(certificates_pem), Some(key_pem)) => Some(Identity { certificates_pem, key_pem }),
        _ => None,
    };
    let protocols: Vec<String> = options.get("protocols")?;
    let protocols = protocols.into_iter().map(String::into_bytes).collect();
    let versions = match options.get::<_, String>("versions")?.as_str() {
        "TLSv1.2" => Versions::Only12,
        "TLSv1.3" => Versions::Only13,
        _ => Versions::All,
    };
    let trust = host(ctx).cluster.part::<Trust>();
    let authorities_pem = text("ca")?;
    let made = if options.get("isServer")? {
        let client_proof = match options.get::<_, String>("clientProof")?.as_str() {
            "required" => ClientProof::Required,
            "wanted" => ClientProof::Wanted,
            _ => ClientProof::None,
        };
        let settings =
            ServerSettings { identity, protocols, authorities_pem, client_proof, versions };
        TlsServer::new(&trust, &settings).map(Context::Server)
    } else {
        let settings = TlsSettings {
            protocols,
            authorities_pem,
            identity,
            versions,
            ..TlsSettings::default()
        };
        TlsClient::new(&trust, &settings).map(|client| Context::Client(Box::new(client)))
    };
    match made {
        Ok(context) => Ok(sealed(ctx, context)?.into_value()),
        Err(Failure::Tls(failure)) => Err(throw_value(ctx, to_error(ctx, &failure)?)),
        Err(_) => Err(Error::Unknown),
    }
}

/// `(context, servername)`: of either side; a client without a name asks for none.
fn new_session<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, context) = (call.ctx(), call.value(0));
    let name: Option<String> = call.get(1)?;
    let weight = Weight::new(ctx, SESSION_BYTES)?;
    let made = match host_ref::<Context>(&context).ok_or(Error::Unknown)? {
        Context::Client(client) => TlsSession::client(client, name.as_deref()),
        Context::Server(server) => TlsSession::server(server),
    };
    match made {
        Ok(session) => {
            Ok(sealed(ctx, Hidden { session: RefCell::new(session), _weight: weight })?
                .into_value())
        }
        Err(failure) => Err(throw_value(ctx, to_error(ctx, &failure)?)),
    }
}

/// `(session, bytes)`: `[bytes, isEnd]`, or the error.
fn receive<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, hidden, bytes) = (call.ctx(), call.value(0), call.value(1));
    let session = &mut *session(&hidden)?.borrow_mut();
    let received = Bytes::new(ctx)?.read(&bytes, 0..usize::MAX, |bytes| session.receive(bytes));
    match received {
        Ok(received) => {
            let answer = Array::new(ctx.clone())?;
            if !received.bytes.is_empty() {
                answer.set(0, buffer::make(ctx, &received.bytes)?)?;
            }
            answer.set(1, received.is_end)?;
            Ok(answer.into_value())
        }
        Err(failure) => to_error(ctx, &failure),
    }
}

/// `(session)`: `{ protocol, cipher, innerProtocol, askedName, complaint }`, once keys are agreed on.
fn facts<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, hidden) = (call.ctx(), call.value(0));
    let session = session(&hidden)?.borrow();
    let facts = Object::new(ctx.clone())?;
    facts.set("protocol", session.protocol())?;
    facts.set("cipher", session.cipher())?;
    let inner = session.inner_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    facts.set("innerProtocol", inner)?;
    facts.set("askedName", session.asked_name())?;
    if let Some(failure) = session.complaint() {
        facts.set("complaint", to_error(ctx, &failure)?)?;
    }
    call.returns(facts)
}

/// `(der)`: what it says, or nothing.
fn certificate_details<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let ctx = call.ctx();
    let parsed = Bytes::new(ctx)?.read(&call.value(0), 0..usize::MAX, CertificateDetails::parse);
    let Some(details) = parsed else { return call.undefined() };
    let shown = Object::new(ctx.clone())?;
    for (name, list) in [("subject", &details.subject), ("issuer", &details.issuer)] {
        let pairs = Array::new(ctx.clone())?;
        for (index, (kind, text)) in list.iter().enumerate() {
            pairs.set(index, vec![(*kind).to_owned(), text.clone()])?;
        }
        shown.set(name, pairs)?;
    }
    shown.set("altNames", details.alt_names)?;
    shown.set("notBefore", details.not_before as f64)?;
    shown.set("notAfter", details.not_after as f64)?;
    shown.set("serialNumber", details.serial_number)?;
    call.returns(shown)
}
