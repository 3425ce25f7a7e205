//! Sockets: connecting, reading, writing.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use holm_host::{Access, Host, TaskId, host};
use holm_js::{
    Bytes, Call, Ctx, Error, Function, HostObject, Object, Result, Root, Value, host_ref, sealed,
    slot, view_bytes,
};
use holm_web::weight::Weight;
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::io::Io;
use super::{Failure, Native, failure, lookup};
use crate::buffer;

/// Bytes read at a time, as Node does.
const CHUNK_BYTES: usize = 64 << 10;

type Outcome<T> = std::result::Result<T, Failure>;

/// What script hides in a stream.
struct Hidden(Rc<Socket>);

impl HostObject for Hidden {}

/// One socket.
#[derive(Default)]
pub(super) struct Socket {
    /// While it is connected.
    io: RefCell<Option<Rc<Io>>>,
    connecting: Cell<Option<TaskId>>,
    reading: Cell<Option<TaskId>>,
    writing: Cell<Option<TaskId>>,
    /// Whether data is to be read: there may be no task for it while some is handed over.
    wants_data: Cell<bool>,
    /// Whether what it waits for does not keep the isolate alive.
    is_unreferenced: Cell<bool>,
}

/// Where bytes are read to before script gets them.
#[derive(Default)]
struct Scratch(RefCell<Vec<u8>>);

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("newSocket", 0, |call| handle(call.ctx(), Socket::default())),
    ("connect", 7, connect),
    ("connectPath", 3, connect_path),
    ("readStart", 2, read_start),
    ("readStop", 1, |call| {
        let socket = socket(call)?;
        socket.wants_data.set(false);
        stop(&host(call.ctx()), &socket.reading);
        call.undefined()
    }),
    ("write", 3, write),
    ("end", 1, |call| with_io(call, |io| Ok(io.end()?))),
    ("close", 2, close),
    ("setNoDelay", 2, |call| {
        let is_on = call.value(1).as_bool().unwrap_or(true);
        with_io(call, |io| Ok(io.set_no_delay(is_on)?))
    }),
    ("setKeepAlive", 3, |call| {
        let (is_on, after): (bool, f64) = (call.get(1)?, call.get(2)?);
        let after = is_on.then(|| Duration::try_from_secs_f64(after).unwrap_or_default());
        with_io(call, |io| Ok(io.set_keep_alive(after)?))
    }),
    ("keepAlive", 2, keep_alive),
    ("localAddress", 1, |call| {
        address_to_js(call.ctx(), socket(call)?.io.borrow().as_ref().and_then(|io| io.local()))
    }),
    ("peerAddress", 1, |call| {
        address_to_js(call.ctx(), socket(call)?.io.borrow().as_ref().and_then(|io| io.peer()))
    }),
];

fn handle<'js>(ctx: &Ctx<'js>, socket: Socket) -> Result<Value<'js>> {
    Ok(sealed(ctx, Hidden(Rc::new(socket)))?.into_value())
}

/// A socket that is connected already.
pub(super) fn connected<'js>(ctx: &Ctx<'js>, io: Io) -> Result<Value<'js>> {
    handle(ctx, Socket { io: RefCell::new(Some(Rc::new(io))), ..Socket::default() })
}

fn socket(call: &Call<'_, '_>) -> Result<Rc<Socket>> {
    let hidden = call.value(0);
    Ok(host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?.0.clone())
}

/// Does something with a connected socket; gives why it failed.
fn with_io<'js>(call: &Call<'_, 'js>, act: impl FnOnce(&Io) -> Outcome<()>) -> Result<Value<'js>> {
    let done = match &*socket(call)?.io.borrow() {
        Some(io) => act(io),
        None => Err(rustix::io::Errno::NOTCONN.into()),
    };
    failure::outcome(call.ctx(), done)
}

/// `{ address, family, port }`, or nothing.
pub(super) fn address_to_js<'js>(
    ctx: &Ctx<'js>,
    address: Option<SocketAddr>,
) -> Result<Value<'js>> {
    let Some(address) = address else { return Ok(Value::new_undefined(ctx.clone())) };
    let shown = Object::new(ctx.clone())?;
    shown.set("address", address.ip().to_string())?;
    shown.set("family", if address.is_ipv6() { "IPv6" } else { "IPv4" })?;
    shown.set("port", address.port())?;
    Ok(shown.into_value())
}

fn stop(host: &Host, task: &Cell<Option<TaskId>>) {
    if let Some(task) = task.take() {
        host.tasks.abort(task);
    }
}

/// A host and its port as the permissions name them.
pub(super) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// `(socket, name, ip, port, localAddress, localPort, callback)`: `name` is what the script asked
/// for, `ip` what it was found to mean.
fn connect<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (name, ip): (String, String) = (call.get(1)?, call.get(2)?);
    let port = call.get::<f64>(3)? as u16;
    let local: Option<String> = call.get(4)?;
    let local_port = call.get::<f64>(5)? as u16;
    let host = host(call.ctx());
    let Ok(ip) = ip.parse::<IpAddr>() else {
        return begin(call, 6, async { Err(rustix::io::Errno::INVAL.into()) });
    };
    // A name that Holm itself looked up is asked about; what a script says it means is not believed.
    let permitted = match lookup::is_known(call.ctx(), &name, ip) {
        true => host.permissions.check(Access::Net(&authority(&name, port))),
        false => host.permissions.check(Access::Net(&authority(&ip.to_string(), port))),
    };
    begin(call, 6, async move {
        permitted?;
        Ok(Io::Tcp(dial(SocketAddr::new(ip, port), local.as_deref(), local_port).await?))
    })
}

async fn dial(to: SocketAddr, local: Option<&str>, local_port: u16) -> Outcome<TcpStream> {
    let socket = if to.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    if local.is_some() || local_port != 0 {
        let any = if to.is_ipv6() { "::" } else { "0.0.0.0" };
        let from: IpAddr =
            local.unwrap_or(any).parse().map_err(|_| Failure::from(rustix::io::Errno::INVAL))?;
        socket.bind(SocketAddr::new(from, local_port))?;
    }
    Ok(socket.connect(to).await?)
}

/// `(socket, path, callback)`
fn connect_path<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let path = permitted_path(call)?;
    begin(call, 2, async move { Ok(Io::Unix(UnixStream::connect(path?).await?)) })
}

/// The path of a socket, which may be read and written.
pub(super) fn permitted_path(call: &Call<'_, '_>) -> Result<Outcome<PathBuf>> {
    let (host, path): (_, String) = (host(call.ctx()), call.get(1)?);
    // Names that begin so are in no folder: no permission would cover them.
    if path.is_empty() || path.contains('\0') {
        return Ok(Err(rustix::io::Errno::INVAL.into()));
    }
    let path = host.process.current_dir().join(path);
    let checked = host
        .permissions
        .check(Access::Read(&path))
        .and_then(|()| host.permissions.check(Access::Write(&path)));
    Ok(checked.map(|()| path).map_err(Failure::from))
}

/// Connects, and calls back with why it failed, or nothing.
fn begin<'js>(
    call: &Call<'_, 'js>,
    callback: usize,
    work: impl Future<Output = Outcome<Io>> + 'static,
) -> Result<Value<'js>> {
    let (socket, host) = (socket(call)?, host(call.ctx()));
    let callback: Root<Function<'static>> = Root::new(call.ctx(), call.value(callback))?;
    let waiting = socket.clone();
    let task = host.tasks.spawn(work, move |ctx, connected| {
        waiting.connecting.set(None);
        let connected = connected.map(|io| {
            waiting.io.replace(Some(Rc::new(io)));
        });
        let failure = failure::outcome(ctx, connected)?;
        callback.get::<Function<'_>>(ctx)?.call((failure,))
    });
    host.tasks.set_keeps_alive(task, !socket.is_unreferenced.get());
    socket.connecting.set(Some(task));
    call.undefined()
}

/// `(socket, callback)`: calls back with `(undefined, bytes)` for each piece, with nothing at the
/// end, with why it failed.
fn read_start<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let socket = socket(call)?;
    socket.wants_data.set(true);
    if socket.reading.get().is_none() {
        let callback = Rc::new(Root::new(call.ctx(), call.value(1))?);
        await_data(&host(call.ctx()), &socket, callback);
    }
    call.undefined()
}

fn await_data(host: &Host, socket: &Rc<Socket>, callback: Rc<Root<Function<'static>>>) {
    let Some(io) = socket.io.borrow().clone() else { return };
    let (reader, waiting) = (socket.clone(), io.clone());
    let task = host.tasks.spawn(async move { waiting.readable().await }, move |ctx, ready| {
        reader.reading.set(None);
        match ready {
            Ok(()) => take_data(ctx, &reader, &io, callback),
            Err(error) => tell(ctx, &callback, Err(error)),
        }
    });
    host.tasks.set_keeps_alive(task, !socket.is_unreferenced.get());
    socket.reading.set(Some(task));
}

fn take_data(
    ctx: &Ctx<'_>,
    socket: &Rc<Socket>,
    io: &Io,
    callback: Rc<Root<Function<'static>>>,
) -> Result<()> {
    let read = {
        let scratch = slot::<Scratch>(ctx);
        let mut scratch = scratch.0.borrow_mut();
        scratch.resize(CHUNK_BYTES, 0);
        match io.try_read(&mut scratch) {
            Ok(len) => Some(buffer::make(ctx, &scratch[..len]).map(|bytes| (len, bytes))?),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => None,
            Err(error) => {
                drop(scratch);
                return tell(ctx, &callback, Err(error));
            }
        }
    };
    let told = match read {
        Some((0, _)) => return tell(ctx, &callback, Ok(None)),
        Some((_, bytes)) => tell(ctx, &callback, Ok(Some(bytes))),
        None => Ok(()),
    };
    // Also when the listener threw: what becomes of that is not decided here.
    if socket.wants_data.get() && socket.reading.get().is_none() {
        await_data(&host(ctx), socket, callback);
    }
    told
}

fn tell<'js>(
    ctx: &Ctx<'js>,
    callback: &Root<Function<'static>>,
    read: std::io::Result<Option<Value<'js>>>,
) -> Result<()> {
    let callback: Function<'js> = callback.get(ctx)?;
    match read {
        Ok(bytes) => callback.call((Value::new_undefined(ctx.clone()), bytes)),
        Err(error) => callback.call((Failure::from(error).to_js(ctx)?,)),
    }
}

/// `(socket, bytes, callback)`: true if all is written already; else calls back with why it
/// failed, or nothing.
fn write<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (ctx, socket, bytes) = (call.ctx(), socket(call)?, call.value(1));
    let Some(io) = socket.io.borrow().clone() else {
        return failure::outcome(ctx, Err(rustix::io::Errno::PIPE.into()));
    };
    let view = Bytes::new(ctx)?;
    let len = view.len(&bytes).ok_or(Error::Unknown)?;
    let wire: &Io = &io;
    let written = view.read(&bytes, 0..len, |bytes| match bytes.is_empty() {
        true => Ok(0),
        false => wire.try_write(bytes),
    });
    let written = match written {
        Ok(written) => written,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
        Err(error) => return Failure::from(error).to_js(ctx),
    };
    if written == len {
        return call.returns(true);
    }
    let mut rest = view_bytes(bytes.as_object().ok_or(Error::Unknown)?)?;
    rest.drain(..written);
    // Script may let go of the buffer, and write to any number of sockets.
    let weight = Weight::new(ctx, rest.len())?;
    let callback: Root<Function<'static>> = Root::new(ctx, call.value(2))?;
    let writer = socket.clone();
    let work = async move { io.write_all(&rest).await };
    let task = host(ctx).tasks.spawn(work, move |ctx, written| {
        writer.writing.set(None);
        drop(weight);
        let failure = failure::outcome(ctx, written.map_err(Failure::from))?;
        callback.get::<Function<'_>>(ctx)?.call((failure,))
    });
    host(ctx).tasks.set_keeps_alive(task, !socket.is_unreferenced.get());
    socket.writing.set(Some(task));
    call.returns(false)
}

/// `(socket, isReset)`: nothing is called back any more.
fn close<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (socket, host) = (socket(call)?, host(call.ctx()));
    socket.wants_data.set(false);
    for task in [&socket.connecting, &socket.reading, &socket.writing] {
        stop(&host, task);
    }
    let done = match (socket.io.take(), call.value(1).as_bool()) {
        (Some(io), Some(true)) => io.reset_on_close().map_err(Failure::from),
        _ => Ok(()),
    };
    failure::outcome(call.ctx(), done)
}

/// `(socket, flag)`
fn keep_alive<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (socket, host) = (socket(call)?, host(call.ctx()));
    let keeps_alive = call.value(1).as_bool().unwrap_or(true);
    socket.is_unreferenced.set(!keeps_alive);
    for task in [&socket.connecting, &socket.reading, &socket.writing] {
        if let Some(task) = task.get() {
            host.tasks.set_keeps_alive(task, keeps_alive);
        }
    }
    call.undefined()
}
