// `fs.cp`: copies files, links and whole folders. <https://nodejs.org/api/fs.html#fscpsyncsrc-dest-options>

(function ({ builtin, coded, invalidArgument, missing }) {
  const { constants } = builtin('fs');
  const { dirname, isAbsolute, join, relative, resolve } = builtin('path');
  const MODES = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE | constants.COPYFILE_FICLONE_FORCE;

  const asText = (path) => (typeof path === 'string' ? path : new TextDecoder().decode(path));
  const refused = (code, why, path) => Object.assign(coded(Error, code, `${why}: ${path}`), { path, syscall: 'cp' });

  function checked(options = {}) {
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    const {
      dereference = false, errorOnExist = false, force = true, preserveTimestamps = false, recursive = false,
      verbatimSymlinks = false, filter, mode = 0,
    } = options;
    for (const [name, value] of Object.entries({ dereference, errorOnExist, force, preserveTimestamps, recursive, verbatimSymlinks })) {
      if (typeof value !== 'boolean') throw invalidArgument(`options.${name}`, 'of type boolean', value);
    }
    if (filter !== undefined && typeof filter !== 'function') throw invalidArgument('options.filter', 'of type function', filter);
    if (!Number.isInteger(mode) || (mode & ~MODES) !== 0) throw invalidArgument('options.mode', 'a mode of copying', mode);
    return { dereference, errorOnExist, force, preserveTimestamps, recursive, verbatimSymlinks, filter, mode };
  }

  // Nothing where there is nothing.
  function* found(look, path) {
    try {
      return yield* look(path);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    }
  }

  class Copy {
    constructor(operations, options) {
      this.operations = operations;
      this.options = options;
      this.look = options.dereference ? operations.stat : operations.lstat;
    }

    wanted(src, dest) {
      const answer = this.options.filter?.(src, dest) ?? true;
      if (typeof answer?.then === 'function') missing('fs', 'cp with a filter that gives promises')();
      return Boolean(answer);
    }

    *begin(src, dest) {
      if (!this.wanted(src, dest)) return;
      const from = yield* this.look(src);
      const to = yield* found(this.look, dest);
      if (to !== undefined && from.dev === to.dev && from.ino === to.ino) {
        throw refused('ERR_FS_CP_EINVAL', 'src and dest cannot be the same', dest);
      }
      if (from.isDirectory() && to !== undefined && !to.isDirectory()) {
        throw refused('ERR_FS_CP_DIR_TO_NON_DIR', 'cannot overwrite non-directory with directory', dest);
      }
      if (!from.isDirectory() && to?.isDirectory()) {
        throw refused('ERR_FS_CP_NON_DIR_TO_DIR', 'cannot overwrite directory with non-directory', dest);
      }
      if (from.isDirectory()) {
        const below = relative(resolve(src), resolve(dest));
        if (below === '' || (!below.startsWith('..') && !isAbsolute(below))) {
          throw refused('ERR_FS_CP_EINVAL', `cannot copy ${src} to a subdirectory of self`, dest);
        }
      }
      yield* this.operations.mkdir(dirname(resolve(dest)), { recursive: true });
      yield* this.entry(src, dest, from, to);
    }

    *entry(src, dest, from, to) {
      if (from.isDirectory()) yield* this.folder(src, dest, from, to);
      else if (from.isSymbolicLink()) yield* this.link(src, dest, to);
      else if (from.isFile() || from.isCharacterDevice() || from.isBlockDevice()) yield* this.file(src, dest, from, to);
      else if (from.isSocket()) throw refused('ERR_FS_CP_SOCKET', 'cannot copy a socket file', dest);
      else if (from.isFIFO()) throw refused('ERR_FS_CP_FIFO_PIPE', 'cannot copy a FIFO pipe', dest);
      else throw refused('ERR_FS_CP_UNKNOWN', 'cannot copy an unknown file type', dest);
    }

    *folder(src, dest, from, to) {
      if (!this.options.recursive) throw refused('ERR_FS_EISDIR', 'Recursive option not enabled, cannot copy a directory', src);
      if (to === undefined) yield* this.operations.mkdir(dest);
      for (const name of yield* this.operations.readdir(src)) {
        const source = join(src, name);
        const target = join(dest, name);
        if (!this.wanted(source, target)) continue;
        const stats = yield* this.look(source);
        const there = yield* found(this.look, target);
        yield* this.entry(source, target, stats, there);
      }
      if (to === undefined) yield* this.operations.chmod(dest, from.mode & 0o7777);
    }

    *file(src, dest, from, to) {
      const { errorOnExist, force, mode, preserveTimestamps } = this.options;
      if (to !== undefined) {
        if (!force) {
          if (errorOnExist) throw refused('ERR_FS_CP_EEXIST', 'target already exists', dest);
          return;
        }
        yield* this.operations.unlink(dest);
      }
      yield* this.operations.copyFile(src, dest, mode);
      if (preserveTimestamps) yield* this.operations.utimes(dest, from.atimeMs / 1000, from.mtimeMs / 1000);
    }

    *link(src, dest, to) {
      let target = yield* this.operations.readlink(src);
      if (!this.options.verbatimSymlinks && !isAbsolute(target)) target = resolve(dirname(src), target);
      if (to !== undefined) yield* this.operations.unlink(dest);
      yield* this.operations.symlink(target, dest);
    }
  }

  function* copy(operations, src, dest, options) {
    yield* new Copy(operations, checked(options)).begin(asText(src), asText(dest));
  }

  return { copy };
})
