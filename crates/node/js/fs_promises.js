// node:fs/promises, <https://nodejs.org/api/fs.html#promises-api>

(function (native) {
  const { Buffer, EventEmitter, READ_BYTES, asPromise, constants, invalidArgument, missing, operations } = native;

  // Gives what is called when a stream no longer needs the file.
  const kUse = Symbol.for('holm.fs.useHandle');

  class FileHandle extends EventEmitter {
    #fd;
    #closing;
    #release;
    #users = 0;

    constructor(fd) {
      super();
      this.#fd = fd;
    }

    get fd() { return this.#fd; }

    #run(name, ...args) {
      if (this.#fd === -1) {
        const error = new Error('file closed');
        return Promise.reject(Object.assign(error, { code: 'EBADF', syscall: name }));
      }
      return asPromise(operations[name](this.#fd, ...args));
    }

    async read(buffer, ...where) {
      let into = buffer;
      if (buffer === undefined || buffer === null || !ArrayBuffer.isView(buffer)) {
        if (buffer !== undefined && buffer !== null && typeof buffer !== 'object') {
          throw invalidArgument('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer);
        }
        into = buffer?.buffer ?? Buffer.alloc(READ_BYTES);
        where = [buffer?.offset, buffer?.length, buffer?.position];
      }
      return { __proto__: null, bytesRead: await this.#run('read', into, ...where), buffer: into };
    }

    async write(buffer, ...where) {
      return { __proto__: null, bytesWritten: await this.#run('write', buffer, ...where), buffer };
    }

    async readv(buffers, position) {
      return { __proto__: null, bytesRead: await this.#run('readv', buffers, position), buffers };
    }

    async writev(buffers, position) {
      return { __proto__: null, bytesWritten: await this.#run('writev', buffers, position), buffers };
    }

    appendFile(data, options) { return this.writeFile(data, options); }
    chmod(mode) { return this.#run('fchmod', mode); }
    datasync() { return this.#run('fdatasync'); }
    readFile(options) { return this.#run('readFile', options); }
    stat(options) { return this.#run('fstat', options); }
    sync() { return this.#run('fsync'); }
    truncate(len) { return this.#run('ftruncate', len); }
    utimes(atime, mtime) { return this.#run('futimes', atime, mtime); }

    async writeFile(data, options) {
      if (!isIterable(data)) return this.#run('writeFile', data, options);
      const encoding = typeof options === 'string' ? options : options?.encoding;
      for await (const piece of data) await this.#run('writeFile', piece, encoding);
    }

    // Streams that use it hear of the end, and are waited for.
    close() {
      if (this.#closing === undefined) {
        const closing = Promise.withResolvers();
        this.#closing = closing.promise;
        this.#release = () => {
          const fd = this.#fd;
          this.#fd = -1;
          this.#release = undefined;
          asPromise(operations.close(fd)).then(closing.resolve, closing.reject);
        };
        this.emit('close');
        if (this.#users === 0) this.#release?.();
      }
      return this.#closing;
    }
    [kUse]() {
      this.#users++;
      return () => {
        this.#users--;
        if (this.#users === 0) this.#release?.();
      };
    }

    createReadStream(options) {
      return new (native.builtin('fs').ReadStream)(undefined, { ...options, fd: this });
    }
    createWriteStream(options) {
      return new (native.builtin('fs').WriteStream)(undefined, { ...options, fd: this });
    }

    async [Symbol.asyncDispose]() { await this.close(); }

    static {
      for (const name of ['readLines', 'readableWebStream', 'chown']) {
        this.prototype[name] = missing('fs', `FileHandle.${name}`);
      }
    }
  }

  const isIterable = (data) => data !== null && typeof data === 'object' && !ArrayBuffer.isView(data) &&
    (Symbol.asyncIterator in data || Symbol.iterator in data);

  const promises = { constants };
  const named = [
    'access', 'appendFile', 'chmod', 'copyFile', 'cp', 'link', 'lstat', 'lutimes', 'mkdir', 'mkdtemp', 'opendir', 'readFile',
    'readdir', 'readlink', 'realpath', 'rename', 'rm', 'rmdir', 'stat', 'symlink', 'truncate', 'unlink',
    'utimes', 'writeFile',
  ];
  for (const name of named) {
    promises[name] = { async [name](...args) { return asPromise(operations[name](...args)); } }[name];
  }
  // What takes a file that is open.
  for (const name of ['appendFile', 'readFile', 'writeFile']) {
    const ofPath = promises[name];
    promises[name] = {
      async [name](path, ...args) {
        return path instanceof FileHandle ? path[name](...args) : ofPath(path, ...args);
      },
    }[name];
  }
  const writeAtOnce = promises.writeFile;
  promises.writeFile = async function writeFile(path, data, options) {
    if (path instanceof FileHandle || !isIterable(data)) return writeAtOnce(path, data, options);
    const file = await promises.open(path, options?.flag ?? 'w', options?.mode);
    try {
      await file.writeFile(data, options);
    } finally {
      await file.close();
    }
  };
  promises.open = async function open(path, flags, mode) {
    return new FileHandle(await asPromise(operations.open(path, flags, mode)));
  };
  for (const name of ['chown', 'glob', 'lchown', 'statfs', 'watch']) {
    promises[name] = missing('fs/promises', name);
  }
  return promises;
})
