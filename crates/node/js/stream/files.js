// Streams of files: `fs.createReadStream`, `fs.createWriteStream`.
//
// <https://nodejs.org/api/fs.html#fscreatereadstreampath-options>

(function ({ Buffer, builtin, nextTick, part }) {
  const { check, invalidArgument, make, outOfRange } = part('stream/errors');
  const { fail } = part('stream/destroy');
  const { finished } = part('stream/finished');
  const { Readable, Writable } = builtin('stream');
  const fs = builtin('fs');
  // As in `fs_promises.js`.
  const kUse = Symbol.for('holm.fs.useHandle');
  const READ_BYTES = 64 * 1024;
  const kCalls = Symbol('kFs'), kIsBusy = Symbol('kIsPerformingIO'), kFree = Symbol('kIoDone');

  function toOptions(given) {
    if (given !== undefined && given !== null && typeof given !== 'string' && typeof given !== 'object') {
      throw invalidArgument('options', 'one of type string or object', given);
    }
    const options = {};
    // Also what is inherited.
    if (typeof given === 'string') options.encoding = given;
    else for (const name in given) options[name] = given[name];
    const { encoding } = options;
    if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(encoding)) {
      throw make.invalidValue('encoding', encoding, 'is invalid encoding');
    }
    check.signal(options.signal, 'options.signal');
    options.autoDestroy = options.autoClose ?? true;
    return options;
  }
  function toPlace(value, name) {
    if (value === undefined) return undefined;
    if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
    if (value !== Infinity) check.integer(value, name, 0);
    return value;
  }

  // The calls by which a handle of `fs/promises` is read and written.
  function callsOfHandle(handle) {
    const release = handle[kUse]();
    const call = (promise, callback) => promise.then(
      (result) => nextTick(callback, null, result), (error) => nextTick(callback, error));
    return {
      read: (fd, buffer, offset, length, position, callback) => call(
        handle.read(buffer, offset, length, position).then(({ bytesRead }) => bytesRead), callback),
      write: (fd, buffer, offset, length, position, callback) => call(
        handle.write(buffer, offset, length, position).then(({ bytesWritten }) => bytesWritten), callback),
      writev: (fd, buffers, position, callback) => call(
        handle.writev(buffers, position).then(({ bytesWritten }) => bytesWritten), callback),
      fsync: (fd, callback) => call(handle.sync(), callback),
      close(fd, callback) {
        const closed = handle.close();
        release();
        call(closed, callback);
      },
    };
  }

  // The calls by which a file is read or written: those of `node:fs`, as they are by then, unless
  // the options say better.
  function callsOf(options, handle, names) {
    if (handle) {
      if (options.fs) throw make.notImplemented('FileHandle with fs');
      return callsOfHandle(handle);
    }
    if (!options.fs) return fs;
    for (const name of names) {
      if (name in options.fs || name !== 'writev') check.callable(options.fs[name], `options.fs.${name}`);
    }
    return options.fs;
  }

  // What both kinds have: the file, and where it is read or written.
  function setUp(stream, path, options, flags, names) {
    const handle = typeof options.fd?.[kUse] === 'function' ? options.fd : undefined;
    if (options.fd !== undefined && options.fd !== null && typeof options.fd !== 'number' && !handle) {
      throw invalidArgument('options.fd', 'of type number or an instance of FileHandle', options.fd);
    }
    stream[kCalls] = callsOf(options, handle, names);
    stream[kIsBusy] = false;
    stream.fd = handle ? handle.fd : options.fd ?? null;
    if (stream.fd === null) {
      stream.path = typeof path === 'string' || path instanceof Uint8Array ? path : toPath(path);
    } else {
      check.integer(stream.fd, 'fd', 0, 2 ** 31 - 1);
    }
    stream.flags = options.flags ?? flags;
    stream.mode = options.mode ?? 0o666;
    stream.start = toPlace(options.start, 'start');
    stream.pos = stream.start;
    // A handle that is closed by others takes its stream along.
    handle?.on('close', () => stream.destroy());
  }
  function toPath(path) {
    if (path instanceof URL) return builtin('url').fileURLToPath(path);
    throw invalidArgument('path', 'of type string or an instance of Buffer or URL', path);
  }

  function construct(callback) {
    if (typeof this.fd === 'number') {
      callback();
      return;
    }
    if (typeof this.open === 'function') {
      openAsToldBy(this, callback);
      return;
    }
    this[kCalls].open(this.path, this.flags, this.mode, (error, fd) => {
      if (error) {
        callback(error);
        return;
      }
      this.fd = fd;
      callback();
      this.emit('open', fd);
      this.emit('ready');
    });
  }
  // Packages give streams an `open` of their own, which tells of its end by 'open' or 'error'.
  function openAsToldBy(stream, callback) {
    const { emit } = stream;
    stream.emit = function (type, ...args) {
      if (type === 'open' || type === 'error') {
        stream.emit = emit;
        callback(type === 'error' ? args[0] : undefined);
        if (type === 'error') return true;
      }
      return Reflect.apply(emit, this, [type, ...args]);
    };
    stream.open();
  }
  // Not while a call is under way: the number may be another file's by then.
  function destroy(error, callback) {
    if (this[kIsBusy]) this.once(kFree, (failure) => close(this, error || failure, callback));
    else close(this, error, callback);
  }
  function close(stream, error, callback) {
    if (typeof stream.fd !== 'number') {
      callback(error);
      return;
    }
    const { [kCalls]: calls, fd } = stream;
    const end = (failure) => {
      calls.close(fd, (closing) => callback(error || failure || closing));
      stream.fd = null;
    };
    if (stream.flush && !error) calls.fsync(fd, end);
    else end();
  }
  function free(stream, error) {
    stream[kIsBusy] = false;
    // `destroy` waits for it.
    if (stream.destroyed) stream.emit(kFree, error);
    return stream.destroyed;
  }

  function inherit(Class, Parent, described) {
    Object.setPrototypeOf(Class.prototype, Parent.prototype);
    Object.setPrototypeOf(Class, Parent);
    const common = {
      _construct: construct,
      _destroy: destroy,
      get pending() { return this.fd === null; },
    };
    for (const members of [common, described]) {
      Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(members));
    }
  }

  function beginReading(stream, path, given) {
    const options = toOptions(given);
    setUp(stream, path, options, 'r', ['open', 'read', 'close']);
    stream.end = toPlace(options.end, 'end') ?? Infinity;
    if (stream.start !== undefined && stream.start > stream.end) {
      throw outOfRange('start', `<= "end" (here: ${stream.end})`, stream.start);
    }
    if (stream.pos === undefined && stream.end !== Infinity) stream.pos = 0;
    stream.bytesRead = 0;
    options.highWaterMark ??= READ_BYTES;
    Readable.call(stream, options);
  }
  const reading = {
    _read(size) {
      const count = Math.min(size, this.pos === undefined ? size : this.end - this.pos + 1);
      if (count <= 0) {
        this.push(null);
        return;
      }
      const buffer = Buffer.allocUnsafe(count);
      this[kIsBusy] = true;
      this[kCalls].read(this.fd, buffer, 0, count, this.pos ?? null, (error, bytesRead) => {
        if (free(this, error)) return;
        if (error) {
          fail(this, error);
        } else if (bytesRead === 0) {
          this.push(null);
        } else {
          if (this.pos !== undefined) this.pos += bytesRead;
          this.bytesRead += bytesRead;
          // A short chunk is copied: else it would keep all of what was asked for.
          this.push(bytesRead === count ? buffer : Buffer.from(buffer.subarray(0, bytesRead)));
        }
      });
    },
    close(callback) {
      if (callback) finished(this, callback);
      this.destroy();
    },
    get autoClose() { return this._readableState?.autoDestroy; },
    set autoClose(value) { this._readableState.autoDestroy = value; },
  };

  function beginWriting(stream, path, given) {
    const options = toOptions(given);
    options.decodeStrings = true;
    setUp(stream, path, options, 'w', ['open', 'write', 'writev', 'close']);
    if (options.flush !== undefined && options.flush !== null) check.boolean(options.flush, 'options.flush');
    stream.flush = options.flush ?? false;
    stream.bytesWritten = 0;
    Writable.call(stream, options);
    if (!stream[kCalls].writev) stream._writev = null;
    if (options.encoding) stream.setDefaultEncoding(options.encoding);
  }
  // The rest is written, where only a part was.
  function wrote(stream, chunk, error, count, callback) {
    if (!error) {
      stream.bytesWritten += count;
      if (stream.pos !== undefined) stream.pos += count;
      if (count < chunk.length && !stream.destroyed) {
        stream._write(chunk.subarray(count), 'buffer', callback);
        return;
      }
    }
    callback(free(stream, error) ? error ?? make.destroyed('write') : error);
  }
  const writing = {
    _write(chunk, encoding, callback) {
      this[kIsBusy] = true;
      this[kCalls].write(this.fd, chunk, 0, chunk.length, this.pos ?? null, (error, count) => {
        wrote(this, chunk, error, count, callback);
      });
    },
    _writev(entries, callback) {
      const chunks = entries.map(({ chunk }) => chunk), { [kCalls]: calls } = this;
      // OPTIMIZATION: one call instead of one for each.
      if (calls === fs || chunks.length === 1) {
        this._write(Buffer.concat(chunks), 'buffer', callback);
        return;
      }
      this[kIsBusy] = true;
      calls.writev(this.fd, chunks, this.pos ?? null, (error, count) => {
        wrote(this, error ? undefined : Buffer.concat(chunks), error, count, callback);
      });
    },
    close(callback) {
      if (callback) {
        if (this.closed) nextTick(callback);
        else this.on('close', callback);
      }
      // Without `autoClose` nobody else destroys it.
      if (!this.autoClose) this.on('finish', this.destroy);
      this.end();
    },
    destroySoon() { this.end(); },
    get autoClose() { return this._writableState?.autoDestroy; },
    set autoClose(value) { this._writableState.autoDestroy = value; },
  };

  return {
    beginReading,
    beginWriting,
    complete(ReadStream, WriteStream) {
      inherit(ReadStream, Readable, reading);
      inherit(WriteStream, Writable, writing);
    },
  };
})
