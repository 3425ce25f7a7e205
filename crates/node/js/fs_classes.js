// What `node:fs` gives objects of: `Stats`, `BigIntStats`, `Dirent`.

(function ({ coded, constants, invalidArgument }) {
  const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK } = constants;
  const kinds = [
    ['isDirectory', S_IFDIR, 2], ['isFile', S_IFREG, 1], ['isBlockDevice', S_IFBLK, 7],
    ['isCharacterDevice', S_IFCHR, 6], ['isSymbolicLink', S_IFLNK, 3], ['isFIFO', S_IFIFO, 4],
    ['isSocket', S_IFSOCK, 5],
  ];
  const fieldNames = [
    'dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks',
  ];
  // The time of birth is not asked for: it is that of the last change, as where the system
  // does not know it.
  const times = [['atime', 10], ['mtime', 11], ['ctime', 12], ['birthtime', 12]];
  const NANOSECONDS_PER_MS = 1_000_000n;

  const hidden = (object, name, value) => Object.defineProperty(object, name, {
    value, writable: true, configurable: true, enumerable: false,
  });

  class StatsBase {
    static {
      for (const [name, kind] of kinds) {
        hidden(this.prototype, name, { [name]() { return (Number(this.mode) & S_IFMT) === kind; } }[name]);
      }
      for (const [name] of times) {
        Object.defineProperty(this.prototype, name, {
          configurable: true,
          enumerable: true,
          get() {
            const value = new Date(Math.round(Number(this[`${name}Ms`])));
            Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
            return value;
          },
          set(value) {
            Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
          },
        });
      }
    }
  }

  class Stats extends StatsBase {
    constructor(fields) {
      super();
      fieldNames.forEach((name, index) => { this[name] = Number(fields[index]); });
      for (const [name, index] of times) {
        const whole = fields[index] / NANOSECONDS_PER_MS, rest = fields[index] % NANOSECONDS_PER_MS;
        this[`${name}Ms`] = Number(whole) + Number(rest) / 1e6;
      }
    }
  }

  class BigIntStats extends StatsBase {
    constructor(fields) {
      super();
      fieldNames.forEach((name, index) => { this[name] = fields[index]; });
      for (const [name, index] of times) this[`${name}Ms`] = fields[index] / NANOSECONDS_PER_MS;
      for (const [name, index] of times) this[`${name}Ns`] = fields[index];
    }
  }

  class Dirent {
    #kind;
    constructor(name, parentPath, kind) {
      this.name = name;
      this.parentPath = parentPath;
      this.#kind = kind;
      hidden(this, 'path', parentPath);
    }

    static {
      for (const [name, , kind] of kinds) {
        hidden(this.prototype, name, { [name]() { return this.#kind === kind; } }[name]);
      }
    }
  }

  const closed = () => coded(Error, 'ERR_DIR_CLOSED', 'Directory handle was closed');

  // An open folder. What is in it was read when it was opened.
  class Dir {
    #path;
    #entries;
    #isClosed = false;

    constructor(path, entries) {
      this.#path = path;
      this.#entries = entries.values();
    }

    get path() { return this.#path; }

    readSync() {
      if (this.#isClosed) throw closed();
      return this.#entries.next().value ?? null;
    }
    closeSync() {
      if (this.#isClosed) throw closed();
      this.#isClosed = true;
    }

    #told(act, callback) {
      if (callback === undefined) return new Promise((resolve) => { resolve(act()); });
      if (typeof callback !== 'function') throw invalidArgument('callback', 'of type function', callback);
      let result;
      let failure = null;
      try {
        result = act();
      } catch (error) {
        failure = error;
      }
      process.nextTick(callback, failure, result);
      return undefined;
    }
    read(callback) { return this.#told(() => this.readSync(), callback); }
    close(callback) { return this.#told(() => this.closeSync(), callback); }

    async *entries() {
      try {
        for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry;
      } finally {
        if (!this.#isClosed) this.closeSync();
      }
    }
    [Symbol.asyncIterator]() { return this.entries(); }
    [Symbol.dispose]() { if (!this.#isClosed) this.closeSync(); }
    async [Symbol.asyncDispose]() { this[Symbol.dispose](); }
  }

  return { BigIntStats, Dir, Dirent, Stats };
})
