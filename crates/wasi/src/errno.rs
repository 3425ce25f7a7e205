//! What went wrong, in the numbers that modules know:
//! <https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#errno>

use std::io;

/// An error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
#[expect(missing_docs, reason = "POSIX's names")]
pub enum Errno {
    TooBig = 1,
    Acces,
    AddrInUse,
    AddrNotAvail,
    AfNoSupport,
    Again,
    Already,
    BadF,
    BadMsg,
    Busy,
    Canceled,
    Child,
    ConnAborted,
    ConnRefused,
    ConnReset,
    DeadLk,
    DestAddrReq,
    Dom,
    DQuot,
    Exist,
    Fault,
    FBig,
    HostUnreach,
    IdRm,
    IlSeq,
    InProgress,
    Intr,
    Inval,
    Io,
    IsConn,
    IsDir,
    Loop,
    MFile,
    MLink,
    MsgSize,
    MultiHop,
    NameTooLong,
    NetDown,
    NetReset,
    NetUnreach,
    NFile,
    NoBufs,
    NoDev,
    NoEnt,
    NoExec,
    NoLck,
    NoLink,
    NoMem,
    NoMsg,
    NoProtoOpt,
    NoSpc,
    NoSys,
    NotConn,
    NotDir,
    NotEmpty,
    NotRecoverable,
    NotSock,
    NotSup,
    NotTy,
    NxIo,
    Overflow,
    OwnerDead,
    Perm,
    Pipe,
    Proto,
    ProtoNoSupport,
    Prototype,
    Range,
    RoFs,
    SPipe,
    Srch,
    Stale,
    TimedOut,
    TxtBsy,
    XDev,
    NotCapable,
}

/// Those of the system.
type Host = rustix::io::Errno;

impl From<Host> for Errno {
    fn from(error: Host) -> Self {
        match error {
            Host::TOOBIG => Self::TooBig,
            Host::ACCESS => Self::Acces,
            Host::ADDRINUSE => Self::AddrInUse,
            Host::ADDRNOTAVAIL => Self::AddrNotAvail,
            Host::AFNOSUPPORT => Self::AfNoSupport,
            Host::AGAIN => Self::Again,
            Host::ALREADY => Self::Already,
            Host::BADF => Self::BadF,
            Host::BUSY => Self::Busy,
            Host::CANCELED => Self::Canceled,
            Host::CONNABORTED => Self::ConnAborted,
            Host::CONNREFUSED => Self::ConnRefused,
            Host::CONNRESET => Self::ConnReset,
            Host::DEADLK => Self::DeadLk,
            Host::DESTADDRREQ => Self::DestAddrReq,
            Host::DQUOT => Self::DQuot,
            Host::EXIST => Self::Exist,
            Host::FAULT => Self::Fault,
            Host::FBIG => Self::FBig,
            Host::HOSTUNREACH => Self::HostUnreach,
            Host::ILSEQ => Self::IlSeq,
            Host::INPROGRESS => Self::InProgress,
            Host::INTR => Self::Intr,
            Host::INVAL => Self::Inval,
            Host::ISCONN => Self::IsConn,
            Host::ISDIR => Self::IsDir,
            Host::LOOP => Self::Loop,
            Host::MFILE => Self::MFile,
            Host::MLINK => Self::MLink,
            Host::MSGSIZE => Self::MsgSize,
            Host::NAMETOOLONG => Self::NameTooLong,
            Host::NETDOWN => Self::NetDown,
            Host::NETRESET => Self::NetReset,
            Host::NETUNREACH => Self::NetUnreach,
            Host::NFILE => Self::NFile,
            Host::NOBUFS => Self::NoBufs,
            Host::NODEV => Self::NoDev,
            Host::NOENT => Self::NoEnt,
            Host::NOEXEC => Self::NoExec,
            Host::NOLCK => Self::NoLck,
            Host::NOMEM => Self::NoMem,
            Host::NOPROTOOPT => Self::NoProtoOpt,
            Host::NOSPC => Self::NoSpc,
            Host::NOSYS => Self::NoSys,
            Host::NOTCONN => Self::NotConn,
            Host::NOTDIR => Self::NotDir,
            Host::NOTEMPTY => Self::NotEmpty,
            Host::NOTSOCK => Self::NotSock,
            Host::NOTSUP => Self::NotSup,
            Host::NOTTY => Self::NotTy,
            Host::NXIO => Self::NxIo,
            Host::OVERFLOW => Self::Overflow,
            Host::PERM => Self::Perm,
            Host::PIPE => Self::Pipe,
            Host::PROTO => Self::Proto,
            Host::RANGE => Self::Range,
            Host::ROFS => Self::RoFs,
            Host::SPIPE => Self::SPipe,
            Host::SRCH => Self::Srch,
            Host::STALE => Self::Stale,
            Host::TIMEDOUT => Self::TimedOut,
            Host::TXTBSY => Self::TxtBsy,
            Host::XDEV => Self::XDev,
            _ => Self::Io,
        }
    }
}

impl From<io::Error> for Errno {
    fn from(error: io::Error) -> Self {
        if let Some(code) = Host::from_io_error(&error) {
            return code.into();
        }
        match error.kind() {
            // What `cap-std` says of a path that leads out of its folder.
            io::ErrorKind::PermissionDenied => Self::NotCapable,
            // A path with a NUL in it.
            io::ErrorKind::InvalidInput => Self::Inval,
            io::ErrorKind::NotADirectory => Self::NotDir,
            _ => Self::Io,
        }
    }
}

impl From<getrandom::Error> for Errno {
    fn from(_: getrandom::Error) -> Self {
        Self::Io
    }
}
