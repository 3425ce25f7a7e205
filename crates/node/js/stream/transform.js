// `stream.Transform` and `stream.PassThrough`.
//
// <https://nodejs.org/api/stream.html#class-streamtransform>

(function ({ part }) {
  const { make } = part('stream/errors');
  const { highWaterMark } = part('stream/options');
  const { Duplex } = part('stream/duplex');
  const kCallback = Symbol('kCallback');

  function Transform(options) {
    if (!(this instanceof Transform)) return new Transform(options);
    // Whoever wants nothing buffered on one side hardly wants it on the other.
    if (options && highWaterMark(options, false, 'readableHighWaterMark') === 0) {
      options = {
        ...options,
        highWaterMark: null,
        readableHighWaterMark: 0,
        writableHighWaterMark: options.writableHighWaterMark || 0,
      };
    }
    Duplex.call(this, options);
    // `_read` pushes nothing itself.
    this._readableState.sync = false;
    // What waits for the reader.
    this[kCallback] = null;
    if (typeof options?.transform === 'function') this._transform = options.transform;
    if (typeof options?.flush === 'function') this._flush = options.flush;
    this.on('prefinish', prefinish);
  }
  Object.setPrototypeOf(Transform.prototype, Duplex.prototype);
  Object.setPrototypeOf(Transform, Duplex);

  function final(callback) {
    if (typeof this._flush !== 'function' || this.destroyed) {
      this.push(null);
      callback?.();
      return;
    }
    this._flush((error, chunk) => {
      if (error) {
        if (callback) callback(error);
        else this.destroy(error);
        return;
      }
      if (chunk != null) this.push(chunk);
      this.push(null);
      callback?.();
    });
  }
  // A stream with a `_final` of its own is flushed after it.
  function prefinish() {
    if (this._final !== final) final.call(this);
  }
  Transform.prototype._final = final;

  Transform.prototype._transform = function () { throw make.notImplemented('_transform()'); };

  Transform.prototype._write = function (chunk, encoding, callback) {
    const readable = this._readableState, before = readable.length;
    this._transform(chunk, encoding, (error, result) => {
      if (error) {
        callback(error);
        return;
      }
      if (result != null) this.push(result);
      const isRoom = this._writableState.ended || readable.length === before ||
        readable.length < readable.highWaterMark;
      if (isRoom) callback();
      else this[kCallback] = callback;
    });
  };
  Transform.prototype._read = function () {
    const callback = this[kCallback];
    if (!callback) return;
    this[kCallback] = null;
    callback();
  };

  function PassThrough(options) {
    if (!(this instanceof PassThrough)) return new PassThrough(options);
    Transform.call(this, options);
  }
  Object.setPrototypeOf(PassThrough.prototype, Transform.prototype);
  Object.setPrototypeOf(PassThrough, Transform);
  PassThrough.prototype._transform = function (chunk, encoding, callback) { callback(null, chunk); };

  return { PassThrough, Transform };
})
