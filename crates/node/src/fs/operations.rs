//! The operations, one function each: its arguments, and the work.

use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use holm_js::Result;
use rustix::fs::{
    Access as Mask, AtFlags, Mode, OFlags, Stat, Timespec, Timestamps, accessat, chmodat, fchmod,
    fdatasync, fstat, fsync, ftruncate, futimens, linkat, readlinkat, renameat, statat, symlinkat,
    unlinkat, utimensat,
};
use rustix::io::Errno;

use super::arguments::{Arguments, Given};
use super::failure::{Failure, Outcome, Subject, during};
use super::place::{Links, Place, Wish, check};
use super::{Answer, Prepare, Prepared, folders, reading, standard, trees};

/// All of them, by the names that `js/fs.js` uses.
pub(super) const OPERATIONS: &[(&str, Prepare)] = &[
    ("access", access),
    ("chmod", chmod),
    ("close", close),
    ("copyFile", copy_file),
    ("fchmod", |given| on_file(given, "fchmod", |file, mode| Ok(fchmod(file, mode_of(mode))?))),
    ("fdatasync", |given| on_file(given, "fdatasync", |file, _| Ok(fdatasync(file)?))),
    ("fstat", fstat_operation),
    ("fsync", |given| on_file(given, "fsync", |file, _| Ok(fsync(file)?))),
    ("ftruncate", |given| {
        on_file(given, "ftruncate", |file, len| {
            Ok(ftruncate(file, u64::try_from(len).unwrap_or(0))?)
        })
    }),
    ("futimes", futimes),
    ("link", link),
    ("lstat", |given| stat(given, "lstat", Links::Keep)),
    ("lutimes", |given| utimes(given, "lutime", Links::Keep)),
    ("mkdir", mkdir),
    ("mkdtemp", mkdtemp),
    ("open", open),
    ("read", read),
    ("readFile", read_file),
    ("readFileOf", read_file_of),
    ("readdir", readdir),
    ("readlink", readlink),
    ("realpath", realpath),
    ("rename", rename),
    ("rm", rm),
    ("rmdir", |given| unlink(given, "rmdir", AtFlags::REMOVEDIR)),
    ("stat", |given| stat(given, "stat", Links::Follow)),
    ("symlink", symlink),
    ("unlink", |given| unlink(given, "unlink", AtFlags::empty())),
    ("utimes", |given| utimes(given, "utime", Links::Follow)),
    ("write", write),
    ("writeFile", write_file),
];

fn mode_of(mode: i64) -> Mode {
    Mode::from_raw_mode(mode as u32 & 0o7777)
}

/// `(path, mode)`
fn access(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let mask = Mask::from_bits_truncate(given.integer(1) as _);
    Ok(given.path(0)?.prepared("access", move |path| {
        let place = path.find(Wish::Read, Links::Follow)?;
        accessat(place.folder(), place.name(), mask, AtFlags::empty())?;
        Ok(Answer::Nothing)
    }))
}

/// `(path, mode)`
fn chmod(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let mode = given.mode(1);
    Ok(given.path(0)?.prepared("chmod", move |path| {
        let place = path.find(Wish::Write, Links::Follow)?;
        // By name the system would follow a link that was put there just now.
        match place.resolved() {
            Some(_) => fchmod(place.open(OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty())?, mode)?,
            None => chmodat(place.folder(), place.name(), mode, AtFlags::empty())?,
        }
        Ok(Answer::Nothing)
    }))
}

/// `(from, to, flags)`
fn copy_file(given: &Arguments<'_, '_>) -> Result<Prepared> {
    const EXCLUSIVE: i64 = 1;
    let (to, flags) = (given.path(1)?, given.integer(2));
    Ok(two_paths(given.path(0)?, to, "copyfile", move |from, to| {
        let source = from.find(Wish::Read, Links::Follow)?;
        let source = File::from(source.open(OFlags::RDONLY, Mode::empty())?);
        let metadata = fstat(&source)?;
        let is_exclusive = flags & EXCLUSIVE != 0;
        let exclusive = if is_exclusive { OFlags::EXCL } else { OFlags::empty() };
        let target = to.find(Wish::Write, Links::Follow)?;
        let mode = Mode::from_raw_mode(metadata.st_mode);
        let target = target.open(OFlags::WRONLY | OFlags::CREATE | exclusive, mode)?;
        let target = File::from(target);
        let there = fstat(&target)?;
        if (there.st_dev, there.st_ino) != (metadata.st_dev, metadata.st_ino) {
            reading::copy_all(&source, &target)?;
            fchmod(&target, mode)?;
        }
        Ok(Answer::Nothing)
    }))
}

/// An operation on two paths, both of which its errors name.
fn two_paths(
    from: Given,
    to: Given,
    syscall: &'static str,
    work: impl FnOnce(Given, Given) -> Outcome<Answer> + Send + 'static,
) -> Prepared {
    let subject = Subject { dest: Some(to.shown.clone()), ..from.subject(syscall) };
    Prepared { subject, work: Box::new(move || work(from, to)) }
}

/// `(path, flags, mode)`
fn open(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let (flags, mode) = (OFlags::from_bits_retain(given.integer(1) as u32), given.mode(2));
    Ok(given
        .path(0)?
        .prepared("open", move |path| open_file(&path, flags, mode).map(Answer::Opened)))
}

fn open_file(path: &Given, flags: OFlags, mode: Mode) -> Outcome<File> {
    let changes = OFlags::CREATE | OFlags::TRUNC | OFlags::APPEND;
    let wish = match flags & OFlags::RWMODE {
        OFlags::RDWR => Wish::Both,
        OFlags::WRONLY => Wish::Write,
        _ if flags.intersects(changes) => Wish::Both,
        _ => Wish::Read,
    };
    let may_be_link =
        flags.contains(OFlags::CREATE | OFlags::EXCL) || flags.contains(OFlags::NOFOLLOW);
    let links = if may_be_link { Links::Keep } else { Links::Follow };
    Ok(path.find(wish, links)?.open(flags, mode)?.into())
}

/// `(number)`
fn close(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let removed = given.files.open.remove(given.file_number(0));
    Ok(plain("close", move || {
        removed?;
        Ok(Answer::Nothing)
    }))
}

fn plain(
    syscall: &'static str,
    work: impl FnOnce() -> Outcome<Answer> + Send + 'static,
) -> Prepared {
    let subject = Subject { syscall, ..Subject::default() };
    Prepared { subject, work: Box::new(work) }
}

/// `(number, value)`
fn on_file(
    given: &Arguments<'_, '_>,
    syscall: &'static str,
    work: fn(&File, i64) -> Outcome<()>,
) -> Result<Prepared> {
    let (file, value) = (given.files.open.find(given.file_number(0)), given.integer(1));
    Ok(plain(syscall, move || {
        work(&*file?, value)?;
        Ok(Answer::Nothing)
    }))
}

/// `(number)`
fn fstat_operation(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let number = given.file_number(0);
    if let Some(found) = standard::stat(&given.host, number) {
        return Ok(plain("fstat", move || Ok(stat_answer(&found?))));
    }
    let file = given.files.open.find(number);
    Ok(plain("fstat", move || Ok(stat_answer(&fstat(&*file?)?))))
}

/// `(path)`
fn stat(given: &Arguments<'_, '_>, syscall: &'static str, links: Links) -> Result<Prepared> {
    Ok(given.path(0)?.prepared(syscall, move |path| {
        let place = path.find(Wish::Read, links)?;
        Ok(stat_answer(&statat(place.folder(), place.name(), place.at_flags())?))
    }))
}

/// In the order of `js/fs.js`. The time of birth is not among what every system tells: where
/// it is not, it is the last change, as in Node.
#[allow(clippy::unnecessary_cast, reason = "the types differ from system to system")]
fn stat_answer(stat: &Stat) -> Answer {
    Answer::Stat(vec![
        stat.st_dev as i64,
        i64::from(stat.st_mode),
        stat.st_nlink as i64,
        i64::from(stat.st_uid),
        i64::from(stat.st_gid),
        stat.st_rdev as i64,
        stat.st_blksize as i64,
        stat.st_ino as i64,
        stat.st_size,
        stat.st_blocks,
        nanoseconds(stat.st_atime as i64, stat.st_atime_nsec as i64),
        nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    ])
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// `(number, seconds of access, seconds of change)`
fn futimes(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let file = given.files.open.find(given.file_number(0));
    let times = timestamps(given, 1);
    Ok(plain("futime", move || {
        futimens(&*file?, &times)?;
        Ok(Answer::Nothing)
    }))
}

/// `(path, seconds of access, seconds of change)`
fn utimes(given: &Arguments<'_, '_>, syscall: &'static str, links: Links) -> Result<Prepared> {
    let times = timestamps(given, 1);
    Ok(given.path(0)?.prepared(syscall, move |path| {
        let place = path.find(Wish::Write, links)?;
        utimensat(place.folder(), place.name(), &times, place.at_flags())?;
        Ok(Answer::Nothing)
    }))
}

fn timestamps(given: &Arguments<'_, '_>, first: usize) -> Timestamps {
    let time = |index: usize| {
        let seconds = given.number(index);
        let whole = seconds.floor();
        Timespec { tv_sec: whole as i64, tv_nsec: ((seconds - whole) * 1e9) as _ }
    };
    Timestamps { last_access: time(first), last_modification: time(first + 1) }
}

/// `(existing, new)`
fn link(given: &Arguments<'_, '_>) -> Result<Prepared> {
    Ok(two_paths(given.path(0)?, given.path(1)?, "link", |from, to| {
        // By its new name the file can be reached as it could by its old one.
        let (from, to) = (from.find(Wish::Both, Links::Keep)?, to.find(Wish::Both, Links::Keep)?);
        linkat(from.folder(), from.name(), to.folder(), to.name(), AtFlags::empty())?;
        Ok(Answer::Nothing)
    }))
}

/// `(target, path)`
fn symlink(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let target = given.path(0)?;
    Ok(two_paths(target, given.path(1)?, "symlink", |target, path| {
        let place = path.find(Wish::Write, Links::Keep)?;
        // Another program, or a later run of this one, may follow it.
        let base = place.path().parent().unwrap_or(place.path());
        let text = super::place::path_of(target.shown.clone().into_bytes());
        target.with_path(base.join(&text)).check(Wish::Both)?;
        symlinkat(&text, place.folder(), place.name())?;
        Ok(Answer::Nothing)
    }))
}

impl Given {
    fn check(&self, wish: Wish) -> Outcome<()> {
        check(self.permissions(), self.path(), wish)
    }
}

/// `(path)`
fn readlink(given: &Arguments<'_, '_>) -> Result<Prepared> {
    Ok(given.path(0)?.prepared("readlink", |path| {
        let place = path.find(Wish::Read, Links::Keep)?;
        let target = readlinkat(place.folder(), place.name(), Vec::new())?;
        Ok(Answer::Bytes(target.into_bytes()))
    }))
}

/// `(path, mode, recursive)`
fn mkdir(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let (mode, is_recursive) = (given.mode(1), given.flag(2));
    Ok(given.path(0)?.prepared("mkdir", move |path| {
        if is_recursive {
            return Ok(folders::make_all(&path, mode)?.map_or(Answer::Nothing, Answer::Bytes));
        }
        folders::make(&path, mode)?;
        Ok(Answer::Nothing)
    }))
}

/// `(prefix)`
fn mkdtemp(given: &Arguments<'_, '_>) -> Result<Prepared> {
    const ATTEMPTS: usize = 16;
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789Aa";
    let mut random = [0; 6 * ATTEMPTS];
    let filled = given.host.random.fill(&mut random);
    let mut path = given.path(0)?;
    let prefix = given.text_or_bytes(0)?;
    path.shown.push_str("XXXXXX");
    Ok(path.prepared("mkdtemp", move |path| {
        filled?;
        for letters in random.chunks(6) {
            let end: Vec<u8> = letters.iter().map(|byte| LETTERS[usize::from(byte & 63)]).collect();
            let mut whole = path.path().as_os_str().to_owned().into_vec();
            whole.extend(&end);
            match folders::make(&path.with_path(super::place::path_of(whole)), Mode::RWXU) {
                Err(Failure::System(Errno::EXIST)) => {}
                Err(failure) => return Err(failure),
                Ok(()) => return Ok(Answer::Bytes([prefix, end].concat())),
            }
        }
        Err(Errno::EXIST.into())
    }))
}

/// `(number, length, position)`: a position of −1 is where the file stands.
fn read(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let (number, position) = (given.file_number(0), given.integer(2));
    let len = usize::try_from(given.integer(1)).unwrap_or(0).min(given.max_bytes());
    if number == standard::INPUT {
        let has_input = given.host.process.has_stdin;
        return Ok(plain("read", move || {
            Ok(Answer::Bytes(if has_input { standard::read_some(len)? } else { Vec::new() }))
        }));
    }
    let file = given.files.open.find(number);
    Ok(plain("read", move || Ok(Answer::Bytes(reading::read_some(&*file?, len, position)?))))
}

/// `(path, flags)`
fn read_file(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let flags = OFlags::from_bits_retain(given.integer(1) as u32);
    let max_bytes = given.max_bytes();
    Ok(given.path(0)?.prepared("open", move |path| {
        let file = open_file(&path, flags, mode_of(0o666))?;
        during("read", reading::read_rest(&file, max_bytes)).map(Answer::Bytes)
    }))
}

/// `(number)`
fn read_file_of(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let (number, max_bytes) = (given.file_number(0), given.max_bytes());
    if number == standard::INPUT {
        let has_input = given.host.process.has_stdin;
        return Ok(plain("read", move || {
            Ok(Answer::Bytes(if has_input { standard::read_rest(max_bytes)? } else { Vec::new() }))
        }));
    }
    let file = given.files.open.find(number);
    Ok(plain("read", move || reading::read_rest(&*file?, max_bytes).map(Answer::Bytes)))
}

/// `(path)`
fn readdir(given: &Arguments<'_, '_>) -> Result<Prepared> {
    Ok(given.path(0)?.prepared("scandir", |path| {
        let folder = folders::open_folder(&path.find(Wish::Read, Links::Follow)?)?;
        let entries = folders::entries(&folder)?.into_iter();
        Ok(Answer::Entries(
            entries.map(|(name, kind)| (name, folders::kind_number(kind))).collect(),
        ))
    }))
}

/// `(path)`
fn realpath(given: &Arguments<'_, '_>) -> Result<Prepared> {
    Ok(given.path(0)?.prepared("realpath", |path| {
        let place = path.find(Wish::Read, Links::Follow)?;
        let found = match place.resolved() {
            Some(resolved) => {
                statat(place.folder(), place.name(), place.at_flags())?;
                without_dot(resolved).to_owned()
            }
            None => place.path().canonicalize()?,
        };
        Ok(Answer::Bytes(found.as_os_str().as_bytes().to_vec()))
    }))
}

/// The root is the name `.` in itself.
fn without_dot(path: &std::path::Path) -> &std::path::Path {
    if path.components().count() == 1 { std::path::Path::new("/") } else { path }
}

/// `(from, to)`
fn rename(given: &Arguments<'_, '_>) -> Result<Prepared> {
    Ok(two_paths(given.path(0)?, given.path(1)?, "rename", |from, to| {
        // Moved into where reading is allowed it could be read.
        let (from, to) = (from.find(Wish::Both, Links::Keep)?, to.find(Wish::Write, Links::Keep)?);
        renameat(from.folder(), from.name(), to.folder(), to.name())?;
        Ok(Answer::Nothing)
    }))
}

/// `(path)`, with all below it.
fn rm(given: &Arguments<'_, '_>) -> Result<Prepared> {
    Ok(given.path(0)?.prepared("rm", |path| {
        trees::remove(&path.find(Wish::Write, Links::Keep)?)?;
        Ok(Answer::Nothing)
    }))
}

/// `(path)`
fn unlink(given: &Arguments<'_, '_>, syscall: &'static str, flags: AtFlags) -> Result<Prepared> {
    Ok(given.path(0)?.prepared(syscall, move |path| {
        let place: Place = path.find(Wish::Write, Links::Keep)?;
        unlinkat(place.folder(), place.name(), flags)?;
        Ok(Answer::Nothing)
    }))
}

/// `(number, bytes or text, position)`
fn write(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let (number, bytes, position) =
        (given.file_number(0), given.text_or_bytes(1)?, given.integer(2));
    if let Some(stream) = standard::output(number) {
        let written = standard::write(&given.host, stream, &bytes);
        return Ok(plain("write", move || Ok(Answer::Number(written? as f64))));
    }
    let file = given.files.open.find(number);
    Ok(plain("write", move || {
        Ok(Answer::Number(reading::write_some(&*file?, &bytes, position)? as f64))
    }))
}

/// `(path, bytes or text, flags, mode)`
fn write_file(given: &Arguments<'_, '_>) -> Result<Prepared> {
    let bytes = given.text_or_bytes(1)?;
    let (flags, mode) = (OFlags::from_bits_retain(given.integer(2) as u32), given.mode(3));
    Ok(given.path(0)?.prepared("open", move |path| {
        let mut file = open_file(&path, flags, mode)?;
        during("write", file.write_all(&bytes).map_err(Failure::from))?;
        Ok(Answer::Nothing)
    }))
}
