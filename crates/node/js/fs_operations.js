// The operations of `node:fs`, once each: a generator that yields calls of the host and gets
// what they come to. `fs.js` runs it at once or with a callback, `fs_promises.js` as a promise.

(function (native) {
  const { Buffer, coded, constants, inspect, invalidArgument, outOfRange } = native;
  const { BigIntStats, Dir, Dirent, Stats } = native.classes;
  const MAX_FD = 2 ** 31 - 1;
  const READ_BYTES = 16384;

  const invalidValue = (name, why, value) => coded(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${why}. Received ${inspect(value)}`);

  // Arguments.
  function toPath(value, name = 'path') {
    const path = typeof value !== 'string' && value instanceof URL
      ? native.builtin('url').fileURLToPath(value) : value;
    if (typeof path !== 'string' && !(path instanceof Uint8Array)) {
      throw invalidArgument(name, 'of type string or an instance of Buffer or URL', value);
    }
    if (typeof path === 'string' ? path.includes('\0') : path.includes(0)) {
      throw invalidValue(name, 'must be a string, Uint8Array, or URL without null bytes', path);
    }
    return path;
  }
  function toInteger(value, name, low, high) {
    if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
    if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
    if (value < low || value > high) throw outOfRange(name, `>= ${low} && <= ${high}`, value);
    return value;
  }
  const isFd = (value) => Number.isInteger(value) && value >= 0 && value <= MAX_FD;
  const toFd = (value) => toInteger(value, 'fd', 0, MAX_FD);
  function toMode(value, name = 'mode', otherwise) {
    if (value === undefined || value === null) {
      if (otherwise !== undefined) return otherwise;
    } else if (typeof value === 'string') {
      if (/^[0-7]+$/.test(value)) return parseInt(value, 8);
      throw invalidValue(name, 'must be a 32-bit unsigned integer or an octal string', value);
    }
    return toInteger(value, name, 0, 2 ** 32 - 1);
  }
  const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;
  const basicFlags = {
    __proto__: null,
    r: O_RDONLY,
    w: O_TRUNC | O_CREAT | O_WRONLY,
    a: O_APPEND | O_CREAT | O_WRONLY,
  };
  function toFlags(value, otherwise) {
    if (value === undefined || value === null) return toFlags(otherwise);
    if (typeof value === 'number') return toInteger(value, 'flags', -(2 ** 31), 2 ** 31 - 1);
    const parts = /^(?:([rwa])(s|x)?|(s|x)([rwa]))(\+)?$/.exec(value);
    const letter = parts?.[1] ?? parts?.[4], more = parts?.[2] ?? parts?.[3];
    const isKnown = { r: 's', w: 'x', a: 'sx' }[letter]?.includes(more ?? '');
    if (!isKnown) throw invalidValue('flags', 'is invalid', value);
    let flags = basicFlags[letter];
    if (parts[5]) flags = (flags & ~O_WRONLY) | O_RDWR;
    if (more === 's') flags |= O_SYNC;
    if (more === 'x') flags |= O_EXCL;
    return flags;
  }
  // Options that may be an encoding alone.
  function toOptions(value, defaults) {
    if (value === undefined || value === null || typeof value === 'function') return defaults;
    if (typeof value !== 'string' && typeof value !== 'object') {
      throw invalidArgument('options', 'one of type string or object', value);
    }
    const options = { ...defaults, ...(typeof value === 'string' ? { encoding: value } : value) };
    const { encoding } = options;
    if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) {
      throw invalidValue('encoding', 'is invalid encoding', encoding);
    }
    options.signal?.throwIfAborted();
    return options;
  }
  function toBytes(data, encoding, name = 'data') {
    if (ArrayBuffer.isView(data)) return data;
    if (typeof data !== 'string') {
      throw invalidArgument(name, 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    }
    return /^utf-?8$/i.test(encoding ?? 'utf8') ? data : Buffer.from(data, encoding);
  }
  const toPosition = (position) => (typeof position === 'bigint' || typeof position === 'number' ? Number(position) : -1);

  // Results.
  const decoded = (bytes, encoding) => (
    !encoding || encoding === 'buffer' ? bytes : bytes.toString(encoding));
  const statsOf = (fields, options) => (options?.bigint ? new BigIntStats(fields) : new Stats(fields));
  const timeOf = (value, name) => {
    const seconds = value instanceof Date ? value.getTime() / 1000 : Number(value);
    if (!Number.isFinite(seconds)) throw invalidArgument(name, 'of type number or string or an instance of Date', value);
    return seconds;
  };
  const join = (folder, name) => (folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`);

  function* writeAll(fd, data) {
    let bytes = typeof data === 'string' ? Buffer.from(data)
      : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    while (bytes.length > 0) bytes = bytes.subarray(yield ['write', fd, bytes, -1]);
  }

  function* writeTo(path, data, given, flag) {
    const options = toOptions(given, { encoding: 'utf8', mode: 0o666, flag });
    const bytes = toBytes(data, options.encoding);
    if (isFd(path)) return yield* writeAll(path, bytes);
    const flags = toFlags(options.flag, flag), mode = toMode(options.mode, 'mode', 0o666);
    if (!options.flush) {
      yield ['writeFile', toPath(path), bytes, flags, mode];
      return undefined;
    }
    const fd = yield ['open', toPath(path), flags, mode];
    try {
      yield* writeAll(fd, bytes);
      yield ['fsync', fd];
    } finally {
      yield ['close', fd];
    }
  }

  // What `read` and `write` take: (fd, buffer, offset, length, position) or with an object.
  function part(buffer, offset, length, position) {
    if (!ArrayBuffer.isView(buffer)) {
      throw invalidArgument('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer);
    }
    if (offset !== null && typeof offset === 'object') ({ offset, length, position } = offset);
    offset = toInteger(offset ?? 0, 'offset', 0, Number.MAX_SAFE_INTEGER);
    if (offset > buffer.byteLength) throw outOfRange('offset', `<= ${buffer.byteLength}`, offset);
    const rest = buffer.byteLength - offset;
    length = toInteger(typeof length === 'number' ? length : rest, 'length', 0, Number.MAX_SAFE_INTEGER);
    if (length > rest) throw outOfRange('length', `<= ${rest}`, length);
    return { bytes: new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length), position: toPosition(position) };
  }

  function* vectored(name, fd, buffers, position) {
    if (!Array.isArray(buffers)) throw invalidArgument('buffers', 'an instance of ArrayBufferView[]', buffers);
    let total = 0;
    let at = toPosition(position);
    for (const buffer of buffers) {
      const count = yield* operations[name](fd, buffer, 0, buffer.byteLength, at);
      total += count;
      if (at >= 0) at += count;
      if (count < buffer.byteLength) break;
    }
    return total;
  }

  const operations = {
    *access(path, mode = constants.F_OK) { yield ['access', toPath(path), toInteger(mode, 'mode', 0, 7)]; },
    *appendFile(path, data, options) { yield* writeTo(path, data, options, 'a'); },
    *chmod(path, mode) { yield ['chmod', toPath(path), toMode(mode)]; },
    *close(fd) { yield ['close', toFd(fd)]; },
    *cp(src, dest, options) { yield* native.copying().copy(operations, toPath(src, 'src'), toPath(dest, 'dest'), options); },
    *copyFile(src, dest, mode = 0) {
      yield ['copyFile', toPath(src, 'src'), toPath(dest, 'dest'), toInteger(mode, 'mode', 0, 7)];
    },
    *fchmod(fd, mode) { yield ['fchmod', toFd(fd), toMode(mode)]; },
    *fdatasync(fd) { yield ['fdatasync', toFd(fd)]; },
    *fstat(fd, options) { return statsOf(yield ['fstat', toFd(fd)], options); },
    *fsync(fd) { yield ['fsync', toFd(fd)]; },
    *ftruncate(fd, len = 0) {
      yield ['ftruncate', toFd(fd), Math.max(0, toInteger(len ?? 0, 'len', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))];
    },
    *futimes(fd, atime, mtime) { yield ['futimes', toFd(fd), timeOf(atime, 'atime'), timeOf(mtime, 'mtime')]; },
    *link(existing, path) { yield ['link', toPath(existing, 'existingPath'), toPath(path, 'newPath')]; },
    *lstat(path, options) { return statsOf(yield ['lstat', toPath(path)], options); },
    *lutimes(path, atime, mtime) { yield ['lutimes', toPath(path), timeOf(atime, 'atime'), timeOf(mtime, 'mtime')]; },
    *mkdir(path, options) {
      const isObject = options !== null && typeof options === 'object';
      const mode = toMode(isObject ? options.mode : options, 'mode', 0o777);
      const recursive = isObject ? options.recursive ?? false : false;
      if (typeof recursive !== 'boolean') throw invalidArgument('options.recursive', 'of type boolean', recursive);
      const first = yield ['mkdir', toPath(path), mode, recursive];
      return first && first.toString();
    },
    *mkdtemp(prefix, options) {
      const { encoding } = toOptions(options, { encoding: 'utf8' });
      return decoded(yield ['mkdtemp', toPath(prefix, 'prefix')], encoding);
    },
    *open(path, flags, mode) {
      return yield ['open', toPath(path), toFlags(flags, 'r'), toMode(mode, 'mode', 0o666)];
    },
    *read(fd, buffer, ...where) {
      toFd(fd);
      if (buffer !== null && typeof buffer === 'object' && !ArrayBuffer.isView(buffer)) {
        where = [buffer];
        ({ buffer } = buffer);
        buffer ??= Buffer.alloc(READ_BYTES);
      }
      const { bytes, position } = part(buffer, ...where);
      if (bytes.length === 0) return 0;
      const found = yield ['read', fd, bytes.length, position];
      bytes.set(found);
      return found.length;
    },
    *readFile(path, options) {
      const { encoding, flag } = toOptions(options, { flag: 'r' });
      const bytes = isFd(path)
        ? yield ['readFileOf', path]
        : yield ['readFile', toPath(path), toFlags(flag, 'r')];
      return decoded(bytes, encoding);
    },
    *readdir(path, options) {
      const { encoding, recursive, withFileTypes } = toOptions(options, { encoding: 'utf8' });
      const base = toPath(path), found = [];
      const shown = typeof base === 'string' ? base : Buffer.from(base).toString();
      const folders = [''];
      while (folders.length > 0) {
        const below = folders.shift();
        const folder = below ? join(shown, below) : shown;
        const entries = yield ['readdir', below ? folder : base];
        for (let index = 0; index < entries.length; index += 2) {
          const name = decoded(entries[index], encoding), kind = entries[index + 1];
          const relative = below ? `${below}/${name}` : name;
          found.push(withFileTypes ? new Dirent(name, folder, kind) : relative);
          if (recursive && kind === constants.UV_DIRENT_DIR) folders.push(`${relative}`);
        }
      }
      return found;
    },
    *readlink(path, options) {
      const { encoding } = toOptions(options, { encoding: 'utf8' });
      return decoded(yield ['readlink', toPath(path)], encoding);
    },
    readv(fd, buffers, position) { return vectored('read', fd, buffers, position); },
    *realpath(path, options) {
      const { encoding } = toOptions(options, { encoding: 'utf8' });
      return decoded(yield ['realpath', toPath(path)], encoding);
    },
    *rename(oldPath, newPath) { yield ['rename', toPath(oldPath, 'oldPath'), toPath(newPath, 'newPath')]; },
    *rm(path, options = {}) {
      const { force = false, recursive = false } = options ?? {};
      const place = toPath(path);
      try {
        const stats = statsOf(yield ['lstat', place]);
        if (stats.isDirectory() && !recursive) {
          throw Object.assign(coded(Error, 'ERR_FS_EISDIR',
            `Path is a directory: rm returned EISDIR (is a directory) ${place}`), {
            name: 'SystemError', errno: 21, syscall: 'rm', path: place,
          });
        }
        yield ['rm', place];
      } catch (error) {
        if (!force || error.code !== 'ENOENT') throw error;
      }
    },
    *opendir(path, options) {
      const { encoding, recursive = false } = toOptions(options, { encoding: 'utf8' });
      try {
        return new Dir(path, yield* operations.readdir(path, { encoding, recursive, withFileTypes: true }));
      } catch (error) {
        if (error.syscall === 'scandir') {
          error.message = error.message.replace('scandir', 'opendir');
          error.syscall = 'opendir';
        }
        throw error;
      }
    },
    *rmdir(path) { yield ['rmdir', toPath(path)]; },
    *stat(path, options) {
      try {
        return statsOf(yield ['stat', toPath(path)], options);
      } catch (error) {
        if (options?.throwIfNoEntry !== false || error.code !== 'ENOENT') throw error;
        return undefined;
      }
    },
    *symlink(target, path) { yield ['symlink', toPath(target, 'target'), toPath(path)]; },
    *truncate(path, len = 0) {
      const fd = yield ['open', toPath(path), O_RDWR, 0];
      try {
        yield* operations.ftruncate(fd, len);
      } finally {
        yield ['close', fd];
      }
    },
    *unlink(path) { yield ['unlink', toPath(path)]; },
    *utimes(path, atime, mtime) { yield ['utimes', toPath(path), timeOf(atime, 'atime'), timeOf(mtime, 'mtime')]; },
    // (fd, buffer, offset, length, position) or (fd, text, position, encoding)
    *write(fd, data, ...where) {
      toFd(fd);
      if (typeof data === 'string') {
        const [position, encoding] = where;
        return yield ['write', fd, toBytes(data, encoding), toPosition(position)];
      }
      const { bytes, position } = part(data, ...where);
      return yield ['write', fd, bytes, position];
    },
    *writeFile(path, data, options) { yield* writeTo(path, data, options, 'w'); },
    writev(fd, buffers, position) { return vectored('write', fd, buffers, position); },
  };
  return { READ_BYTES, operations };
})
