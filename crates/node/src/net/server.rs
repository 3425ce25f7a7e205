//! Listening for connections.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdUnixListener;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use holm_host::{Access, Host, TaskId, host};
use holm_js::{Call, Ctx, Error, Function, HostObject, Result, Root, Value, host_ref, sealed};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, UnixListener};

use super::io::Io;
use super::lookup::is_known;
use super::socket::{address_to_js, authority, connected, permitted_path};
use super::{Failure, Native, failure};

/// How long a listener without a descriptor for the next connection waits: the system says at
/// once that there is none, again and again.
const RETRY: Duration = Duration::from_millis(100);

/// How the permissions name all addresses of the machine.
const EVERYWHERE: &str = "0.0.0.0";

type Outcome<T> = std::result::Result<T, Failure>;

struct Hidden(Rc<Server>);

impl HostObject for Hidden {}

struct Server {
    listener: RefCell<Option<Rc<Listener>>>,
    accepting: Cell<Option<TaskId>>,
    is_unreferenced: Cell<bool>,
    /// The socket's file, which goes when nobody listens any more.
    path: Option<PathBuf>,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    async fn accept(&self) -> std::io::Result<Io> {
        Ok(match self {
            Self::Tcp(listener) => Io::Tcp(listener.accept().await?.0),
            Self::Unix(listener) => Io::Unix(listener.accept().await?.0),
        })
    }
}

pub(super) const FUNCTIONS: &[(&str, u32, Native)] = &[
    ("listen", 5, listen),
    ("listenPath", 3, listen_path),
    ("acceptStart", 2, |call| {
        let callback = Rc::new(Root::new(call.ctx(), call.value(1))?);
        accept(&host(call.ctx()), &server(call)?, callback);
        call.undefined()
    }),
    ("serverAddress", 1, |call| {
        let server = server(call)?;
        let address = match server.listener.borrow().as_deref() {
            Some(Listener::Tcp(listener)) => listener.local_addr().ok(),
            _ => None,
        };
        address_to_js(call.ctx(), address)
    }),
    ("serverKeepAlive", 2, |call| {
        let server = server(call)?;
        let keeps_alive = call.value(1).as_bool().unwrap_or(true);
        server.is_unreferenced.set(!keeps_alive);
        if let Some(task) = server.accepting.get() {
            host(call.ctx()).tasks.set_keeps_alive(task, keeps_alive);
        }
        call.undefined()
    }),
    ("serverClose", 1, |call| {
        let server = server(call)?;
        if let Some(task) = server.accepting.take() {
            host(call.ctx()).tasks.abort(task);
        }
        if server.listener.take().is_some()
            && let Some(path) = &server.path
        {
            // It may be gone already, which is what is wanted.
            drop(std::fs::remove_file(path));
        }
        call.undefined()
    }),
];

fn server(call: &Call<'_, '_>) -> Result<Rc<Server>> {
    let hidden = call.value(0);
    Ok(host_ref::<Hidden>(&hidden).ok_or(Error::Unknown)?.0.clone())
}

/// `(name, ip, port, backlog, isIpv6Only)`: a listener, or why there is none.
fn listen<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let (name, ip): (String, String) = (call.get(0)?, call.get(1)?);
    let port = call.get::<f64>(2)? as u16;
    let backlog = call.get::<f64>(3)? as i32;
    let is_ipv6_only = call.value(4).as_bool().unwrap_or(false);
    let host = host(call.ctx());
    let Ok(ip) = ip.parse::<IpAddr>() else { return Failure::from(Errno::INVAL).to_js(call.ctx()) };
    // All addresses are those of IPv6 too, where there are any.
    let is_meant = (name == EVERYWHERE && ip.is_unspecified()) || is_known(call.ctx(), &name, ip);
    let name = if is_meant { name } else { ip.to_string() };
    let bound = host
        .permissions
        .check(Access::Net(&authority(&name, port)))
        .map_err(Failure::from)
        .and_then(|()| bind(&host, SocketAddr::new(ip, port), backlog, is_ipv6_only));
    give(call.ctx(), bound.map(Listener::Tcp), None)
}

fn bind(host: &Host, at: SocketAddr, backlog: i32, is_ipv6_only: bool) -> Outcome<TcpListener> {
    let domain = Domain::for_address(at);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // Else a port is taken for minutes after the last program that had it.
    socket.set_reuse_address(true)?;
    if at.is_ipv6() {
        socket.set_only_v6(is_ipv6_only)?;
    }
    socket.bind(&at.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    let _entered = host.tasks.reactor()?.enter();
    Ok(TcpListener::from_std(socket.into())?)
}

/// `(_, path, mode)`: a listener, or why there is none; the mode is added to that of the file.
fn listen_path<'js>(call: &Call<'_, 'js>) -> Result<Value<'js>> {
    let host = host(call.ctx());
    let path = permitted_path(call)?;
    let mode = call.get::<f64>(2)? as u32;
    let bound = path.clone().and_then(|path| {
        let listener = StdUnixListener::bind(&path)?;
        if mode != 0 {
            let mut permissions = std::fs::metadata(&path)?.permissions();
            permissions.set_mode(permissions.mode() | mode);
            std::fs::set_permissions(&path, permissions)?;
        }
        listener.set_nonblocking(true)?;
        let _entered = host.tasks.reactor()?.enter();
        Ok(UnixListener::from_std(listener)?)
    });
    give(call.ctx(), bound.map(Listener::Unix), path.ok())
}

fn give<'js>(
    ctx: &Ctx<'js>,
    bound: Outcome<Listener>,
    path: Option<PathBuf>,
) -> Result<Value<'js>> {
    let listener = match bound {
        Ok(listener) => listener,
        Err(failure) => return failure.to_js(ctx),
    };
    let server = Server {
        listener: RefCell::new(Some(Rc::new(listener))),
        accepting: Cell::default(),
        is_unreferenced: Cell::default(),
        path,
    };
    Ok(sealed(ctx, Hidden(Rc::new(server)))?.into_value())
}

/// Calls back with `(undefined, socket)` for each connection, or with why there was none.
fn accept(host: &Host, server: &Rc<Server>, callback: Rc<Root<Function<'static>>>) {
    let Some(listener) = server.listener.borrow().clone() else { return };
    let acceptor = server.clone();
    let work = async move {
        let accepted = listener.accept().await;
        if accepted.is_err() {
            tokio::time::sleep(RETRY).await;
        }
        accepted
    };
    let task = host.tasks.spawn(work, move |ctx, accepted| {
        acceptor.accepting.set(None);
        accept(&self::host(ctx), &acceptor, callback.clone());
        let callback: Function<'_> = callback.get(ctx)?;
        match accepted {
            Ok(io) => callback.call((Value::new_undefined(ctx.clone()), connected(ctx, io)?)),
            Err(error) => callback.call((failure::outcome(ctx, Err(error.into()))?,)),
        }
    });
    host.tasks.set_keeps_alive(task, !server.is_unreferenced.get());
    server.accepting.set(Some(task));
}
