// What all streams of node:zlib are: a `Transform` around a coder of `src/zlib/`.
//
// <https://nodejs.org/api/zlib.html#class-zlibzlibbase>

(function (native) {
  const { builtin, coded, nextTick, script } = native;
  const { Buffer } = builtin('buffer');
  const { Transform, finished } = builtin('stream');
  const { setImmediate } = builtin('timers');
  const { codes, constants } = script('constants')();
  const kCoder = Symbol('kCoder'), kFlush = Symbol('kFlush'), kOptions = Symbol('kOptions'), kResume = Symbol('kResume');

  // So many pieces come out of one turn of the event loop.
  const MOST_PIECES_PER_TURN = 16;

  const trailing = () => coded(TypeError, 'ERR_TRAILING_JUNK_AFTER_STREAM_END',
    'Trailing junk found after the end of the compressed stream');
  const tooLarge = (most) => coded(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${most} bytes`);

  const DECODER = 'BROTLI_DECODER';
  function problem({ code, errno, message }) {
    const error = new Error(message);
    error.errno = errno ?? codes[code];
    // Of Brotli the number is known: `BROTLI_DECODER_ERROR_…` is `ERR__ERROR_…` in Node.
    error.code = code ?? `ERR_${Object.keys(constants)
      .find((name) => name.startsWith(`${DECODER}_ERROR`) && constants[name] === errno)?.slice(DECODER.length)}`;
    return error;
  }

  // All that comes out of some input at once, with the coder of these options.
  function codeAll(coder, options, input, flush) {
    const outputs = [], room = Math.max(options.chunkSize, 65536);
    let offset = 0, length = 0, step;
    do {
      step = native.step(coder, input, offset, flush, room);
      if (step.message) throw problem(step);
      offset += step.read;
      if (step.output) {
        outputs.push(step.output);
        length += step.output.length;
        if (length > options.maxOutputLength) throw tooLarge(options.maxOutputLength);
      }
    } while (step.isFull);
    if (options.rejectGarbageAfterEnd && offset < input.byteLength) throw trailing();
    return { bytes: outputs.length === 1 ? outputs[0] : Buffer.concat(outputs, length), read: offset };
  }

  // `options` are checked, `given` as they came.
  function ZlibBase(given, options) {
    if (given?.encoding || given?.objectMode || given?.writableObjectMode) {
      given = { ...given, encoding: null, objectMode: false, writableObjectMode: false };
    }
    Transform.call(this, { autoDestroy: true, ...given });
    this[kCoder] = native.newCoder(options.coder);
    this[kOptions] = options;
    this[kResume] = null;
    this.bytesWritten = 0;
    // Packages that reach for these close what is behind a stream.
    this._handle = { close: () => { this[kCoder] = null; } };
    this._chunkSize = options.chunkSize;
  }
  Object.setPrototypeOf(ZlibBase.prototype, Transform.prototype);
  Object.setPrototypeOf(ZlibBase, Transform);

  Object.defineProperty(ZlibBase.prototype, '_closed', {
    configurable: true,
    enumerable: true,
    get() { return !this._handle; },
  });

  ZlibBase.prototype.reset = function () {
    if (!this[kCoder]) throw coded(Error, 'ERR_INVALID_STATE', 'Invalid state: zlib binding closed');
    native.reset(this[kCoder]);
  };

  ZlibBase.prototype._flush = function (callback) { this._transform(Buffer.alloc(0), '', callback); };

  ZlibBase.prototype.flush = function (kind, callback) {
    if (typeof kind === 'function' || (kind === undefined && !callback)) {
      callback = kind;
      kind = this[kOptions].fullFlush;
    }
    if (this.writableFinished) {
      if (callback) nextTick(callback);
    } else if (this.writableEnded) {
      if (callback) this.once('end', callback);
    } else {
      const marker = Buffer.alloc(0);
      marker[kFlush] = kind;
      this.write(marker, '', callback);
    }
  };

  ZlibBase.prototype.close = function (callback) {
    if (callback) finished(this, callback);
    this.destroy();
  };

  ZlibBase.prototype._destroy = function (error, callback) {
    this._handle?.close();
    this._handle = null;
    callback(error);
  };

  // How far a way to flush goes: `Z_BLOCK` is not the furthest for being the last.
  const reach = (flush) => [0, 2, 3, 4, 5, 1][flush];

  ZlibBase.prototype._transform = function (chunk, encoding, callback) {
    const { finishFlush, flush: preset } = this[kOptions];
    let flush = chunk[kFlush] ?? preset;
    // The last chunk is finished with as well.
    const isLast = this.writableEnded && this.writableLength === chunk.byteLength;
    if (isLast && reach(finishFlush) > reach(flush)) flush = finishFlush;
    code(this, chunk, flush, callback);
  };

  ZlibBase.prototype._read = function (size) {
    const resume = this[kResume];
    if (!resume) return Transform.prototype._read.call(this, size);
    this[kResume] = null;
    resume();
  };

  // Codes a chunk, in turns of the event loop; waits for the reader when there is enough.
  function code(stream, chunk, flush, callback) {
    let offset = 0;
    const turn = () => {
      for (let pieces = 0; pieces < MOST_PIECES_PER_TURN; pieces++) {
        if (!stream[kCoder]) return callback();
        const step = native.step(stream[kCoder], chunk, offset, flush, stream[kOptions].chunkSize);
        if (step.message) {
          stream.destroy(problem(step));
          return;
        }
        offset += step.read;
        stream.bytesWritten += step.read;
        const hasRoom = !step.output || stream.push(step.output);
        if (stream.destroyed) return callback();
        if (!step.isFull) return end(step);
        if (!hasRoom) {
          stream[kResume] = () => setImmediate(turn);
          return;
        }
      }
      setImmediate(turn);
    };
    const end = ({ hasEnded }) => {
      if (hasEnded && offset < chunk.byteLength) {
        if (stream[kOptions].rejectGarbageAfterEnd) {
          stream.destroy(trailing());
          return;
        }
        // What follows belongs to something else.
        stream.push(null);
      }
      callback();
    };
    setImmediate(turn);
  }

  // At once, for packages that have no time to wait for a stream.
  ZlibBase.prototype._processChunk = function (chunk, flush, callback) {
    if (typeof callback === 'function') {
      code(this, chunk, flush, callback);
      return undefined;
    }
    if (!this[kCoder]) throw coded(Error, 'ERR_INVALID_STATE', 'Invalid state: zlib binding closed');
    try {
      const { bytes, read } = codeAll(this[kCoder], this[kOptions], chunk, flush);
      this.bytesWritten += read;
      return bytes;
    } finally {
      this._handle?.close();
      this._handle = null;
    }
  };

  // The same for a callback, with a stream of its own.
  function codeLater(stream, input, callback) {
    const { maxOutputLength } = stream[kOptions];
    const outputs = [];
    let length = 0;
    stream.on('data', (chunk) => {
      outputs.push(chunk);
      length += chunk.length;
      if (length > maxOutputLength) {
        stream.close();
        callback(tooLarge(maxOutputLength));
      }
    });
    stream.on('error', (error) => callback(error));
    stream.on('end', () => {
      const buffer = outputs.length === 1 ? outputs[0] : Buffer.concat(outputs, length);
      callback(null, stream._info ? { buffer, engine: stream } : buffer);
    });
    stream.end(input);
  }

  // A compressor's level may change on the way.
  function params(stream, level, callback) {
    stream.flush(2, () => {
      if (stream[kCoder]) native.setLevel(stream[kCoder], level);
      callback?.();
    });
  }

  return { ZlibBase, codeAll, codeLater, kOptions, params };
})
