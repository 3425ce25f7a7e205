//! Errors of the system by their names, with the words that Node has for them.

use rustix::io::Errno;

/// An error of the system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemError {
    pub(crate) errno: Errno,
    pub(crate) name: &'static str,
    pub(crate) words: &'static str,
}

/// What is known of an error.
pub(crate) fn find(errno: Errno) -> Option<&'static SystemError> {
    KNOWN.iter().find(|known| known.errno == errno)
}

const fn known(errno: Errno, name: &'static str, words: &'static str) -> SystemError {
    SystemError { errno, name, words }
}

/// In the words of libuv, which packages match against.
pub(crate) const KNOWN: &[SystemError] = &[
    known(Errno::TOOBIG, "E2BIG", "argument list too long"),
    known(Errno::ACCESS, "EACCES", "permission denied"),
    known(Errno::ADDRINUSE, "EADDRINUSE", "address already in use"),
    known(Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL", "address not available"),
    known(Errno::AFNOSUPPORT, "EAFNOSUPPORT", "address family not supported"),
    known(Errno::AGAIN, "EAGAIN", "resource temporarily unavailable"),
    known(Errno::ALREADY, "EALREADY", "connection already in progress"),
    known(Errno::BADF, "EBADF", "bad file descriptor"),
    known(Errno::BUSY, "EBUSY", "resource busy or locked"),
    known(Errno::CANCELED, "ECANCELED", "operation canceled"),
    known(Errno::CONNABORTED, "ECONNABORTED", "software caused connection abort"),
    known(Errno::CONNREFUSED, "ECONNREFUSED", "connection refused"),
    known(Errno::CONNRESET, "ECONNRESET", "connection reset by peer"),
    known(Errno::DESTADDRREQ, "EDESTADDRREQ", "destination address required"),
    known(Errno::EXIST, "EEXIST", "file already exists"),
    known(Errno::FAULT, "EFAULT", "bad address in system call argument"),
    known(Errno::FBIG, "EFBIG", "file too large"),
    known(Errno::HOSTUNREACH, "EHOSTUNREACH", "host is unreachable"),
    known(Errno::ILSEQ, "EILSEQ", "illegal byte sequence"),
    known(Errno::INTR, "EINTR", "interrupted system call"),
    known(Errno::INVAL, "EINVAL", "invalid argument"),
    known(Errno::IO, "EIO", "i/o error"),
    known(Errno::ISCONN, "EISCONN", "socket is already connected"),
    known(Errno::ISDIR, "EISDIR", "illegal operation on a directory"),
    known(Errno::LOOP, "ELOOP", "too many symbolic links encountered"),
    known(Errno::MFILE, "EMFILE", "too many open files"),
    known(Errno::MLINK, "EMLINK", "too many links"),
    known(Errno::MSGSIZE, "EMSGSIZE", "message too long"),
    known(Errno::NAMETOOLONG, "ENAMETOOLONG", "name too long"),
    known(Errno::NETDOWN, "ENETDOWN", "network is down"),
    known(Errno::NETUNREACH, "ENETUNREACH", "network is unreachable"),
    known(Errno::NFILE, "ENFILE", "file table overflow"),
    known(Errno::NOBUFS, "ENOBUFS", "no buffer space available"),
    known(Errno::NODEV, "ENODEV", "no such device"),
    known(Errno::NOENT, "ENOENT", "no such file or directory"),
    known(Errno::NOMEM, "ENOMEM", "not enough memory"),
    known(Errno::NOPROTOOPT, "ENOPROTOOPT", "protocol not available"),
    known(Errno::NOSPC, "ENOSPC", "no space left on device"),
    known(Errno::NOSYS, "ENOSYS", "function not implemented"),
    known(Errno::NOTCONN, "ENOTCONN", "socket is not connected"),
    known(Errno::NOTDIR, "ENOTDIR", "not a directory"),
    known(Errno::NOTEMPTY, "ENOTEMPTY", "directory not empty"),
    known(Errno::NOTSOCK, "ENOTSOCK", "socket operation on non-socket"),
    known(Errno::NOTSUP, "ENOTSUP", "operation not supported on socket"),
    known(Errno::NOTTY, "ENOTTY", "inappropriate ioctl for device"),
    known(Errno::NXIO, "ENXIO", "no such device or address"),
    known(Errno::OVERFLOW, "EOVERFLOW", "value too large for defined data type"),
    known(Errno::PERM, "EPERM", "operation not permitted"),
    known(Errno::PIPE, "EPIPE", "broken pipe"),
    known(Errno::PROTO, "EPROTO", "protocol error"),
    known(Errno::PROTONOSUPPORT, "EPROTONOSUPPORT", "protocol not supported"),
    known(Errno::PROTOTYPE, "EPROTOTYPE", "protocol wrong type for socket"),
    known(Errno::RANGE, "ERANGE", "result too large"),
    known(Errno::ROFS, "EROFS", "read-only file system"),
    known(Errno::SPIPE, "ESPIPE", "invalid seek"),
    known(Errno::SRCH, "ESRCH", "no such process"),
    known(Errno::TIMEDOUT, "ETIMEDOUT", "connection timed out"),
    known(Errno::TXTBSY, "ETXTBSY", "text file is busy"),
    known(Errno::XDEV, "EXDEV", "cross-device link not permitted"),
];
