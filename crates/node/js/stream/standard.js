// `process.stdin`, `process.stdout` and `process.stderr`, whose classes node:tty gives.
//
// <https://nodejs.org/api/process.html#process-io>, <https://nodejs.org/api/tty.html>. Output is written at once, whatever it goes to.

(function ({ Buffer, builtin, hasColors, missing, part, terminal, write }) {
  const { Readable, Writable } = builtin('stream');

  const { coded, check } = part('stream/errors');
  const STANDARD_FDS = [0, 1, 2];

  class Output extends Writable {
    constructor(fd) {
      super({ decodeStrings: false });
      this.fd = fd;
      this._isStdio = true;
    }
    _write(chunk, encoding, callback) {
      const isUtf8 = typeof chunk !== 'string' || /^utf-?8$/i.test(encoding);
      callback(write(this.fd, isUtf8 ? chunk : Buffer.from(chunk, encoding)));
    }
    // The streams of the process are never closed: after a failure there may be another try.
    _destroy(error, callback) {
      callback(error);
      this._undestroy();
    }
    destroySoon() { this.destroy(); }
  }

  // <https://nodejs.org/api/tty.html#class-ttywritestream>
  class WriteStream extends Output {
    constructor(fd) {
      checkTerminal(fd);
      super(fd);
      this.isTTY = true;
      [this.columns, this.rows] = this.getWindowSize();
    }
    getWindowSize() {
      const { columns, rows } = terminal(this.fd);
      return [columns, rows];
    }
    getColorDepth() { return terminal(this.fd)?.colorDepth ?? 1; }
    hasColors(count = 16) {
      return hasColors(this.fd) && (typeof count !== 'number' || count <= 2 ** this.getColorDepth());
    }
    cursorTo(x, y, callback) {
      if (typeof y === 'function') [y, callback] = [undefined, y];
      return this.write(y === undefined ? `\x1b[${x + 1}G` : `\x1b[${y + 1};${x + 1}H`, callback);
    }
    moveCursor(x, y, callback) {
      const move = (count, [less, more]) => (count === 0 ? '' : `\x1b[${Math.abs(count)}${count < 0 ? less : more}`);
      return this.write(move(x, 'DC') + move(y, 'AB'), callback);
    }
    clearLine(direction, callback) {
      return this.write(`\x1b[${direction < 0 ? 1 : direction > 0 ? 0 : 2}K`, callback);
    }
    clearScreenDown(callback) { return this.write('\x1b[0J', callback); }
  }

  const isTerminal = (fd) => STANDARD_FDS.includes(fd) && terminal(fd) !== undefined;
  function checkTerminal(fd) {
    check.integer(fd, 'fd', 0);
    if (!isTerminal(fd)) throw coded(Error, 'ERR_TTY_INIT_FAILED', `TTY initialization failed: ${fd} is no terminal`);
  }

  // `source.read(callback)` gives an error, bytes, or nothing at the end; while it is under way
  // `source.keepAlive(flag)` says whether the program waits for it.
  class Input extends Readable {
    #source;
    #isReading = false;
    #isReferenced = true;
    constructor(source) {
      super();
      this.#source = source;
      this.fd = 0;
      if (isTerminal(0)) {
        this.isTTY = true;
        this.isRaw = false;
        this.setRawMode = missing('tty', 'setRawMode');
      }
    }
    #update() {
      const { paused, readableListening } = this._readableState;
      const isWanted = paused !== true || readableListening;
      this.#source.keepAlive(this.#isReferenced && isWanted && !this.destroyed);
    }

    _read() {
      if (!this.#isReading) {
        this.#isReading = true;
        this.#source.read((error, bytes) => {
          this.#isReading = false;
          if (error) this.destroy(error);
          else this.push(bytes === undefined ? null : Buffer.from(bytes.buffer));
        });
      }
      this.#update();
    }
    pause() {
      super.pause();
      this.#update();
      return this;
    }
    resume() {
      super.resume();
      this.#update();
      return this;
    }
    ref() {
      this.#isReferenced = true;
      this.#update();
      return this;
    }
    unref() {
      this.#isReferenced = false;
      this.#update();
      return this;
    }
    _destroy(error, callback) {
      this.#source.keepAlive(false);
      callback(error);
    }
  }

  return {
    input: (source) => new Input(source),
    output: (fd) => new (isTerminal(fd) ? WriteStream : Output)(fd),
    ReadStream: Input,
    WriteStream,
  };
})
