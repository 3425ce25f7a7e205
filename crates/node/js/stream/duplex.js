// `stream.Duplex`: a readable and a writable half, each with its own buffer.
//
// <https://nodejs.org/api/stream.html#class-streamduplex>

(function ({ nextTick, part }) {
  const { Stream } = part('stream/legacy');
  const { check } = part('stream/errors');
  const { construct } = part('stream/destroy');
  const { accessors, takeMethods } = part('stream/options');
  const readable = part('stream/readable'), writable = part('stream/writable');
  const { Readable, ReadableState } = readable, { Writable, WritableState } = writable;

  function Duplex(options) {
    if (!(this instanceof Duplex)) return new Duplex(options);
    this._readableState = new ReadableState(options, this, true);
    this._writableState = new WritableState(options, this, true);
    this.allowHalfOpen = true;
    Stream.call(this, options);
    if (options) takeOptions(this, options);
    construct(this, () => {
      readable.begin(this);
      writable.begin(this);
    });
  }
  function takeOptions(stream, options) {
    stream.allowHalfOpen = options.allowHalfOpen !== false;
    // A half that is not there has ended.
    if (options.readable === false) {
      Object.assign(stream._readableState, { readable: false, ended: true, endEmitted: true });
    }
    if (options.writable === false) {
      Object.assign(stream._writableState, { writable: false, ending: true, ended: true, finished: true });
    }
    takeMethods(stream, options, 'read', 'write', 'writev', 'destroy', 'final', 'construct');
  }
  Object.setPrototypeOf(Duplex.prototype, Readable.prototype);
  Object.setPrototypeOf(Duplex, Readable);
  // Both constructors ask for it, to know which half they make.
  Stream.Duplex = Duplex;

  // What both have, and how it is disposed of, is that of `Readable`.
  for (const name of Object.getOwnPropertyNames(Writable.prototype)) {
    if (name in Duplex.prototype) continue;
    Object.defineProperty(Duplex.prototype, name, Object.getOwnPropertyDescriptor(Writable.prototype, name));
  }
  Duplex.prototype.destroy = Writable.prototype.destroy;

  accessors(Duplex.prototype, {
    get destroyed() {
      const { _readableState, _writableState } = this;
      return _readableState && _writableState ? _readableState.destroyed && _writableState.destroyed : false;
    },
    set destroyed(value) {
      if (!this._readableState || !this._writableState) return;
      this._readableState.destroyed = value;
      this._writableState.destroyed = value;
    },
  });

  // Two streams, each of which reads what the other one is written.
  // <https://nodejs.org/api/stream.html#streamduplexpairoptions>
  class Side extends Duplex {
    #other;
    #callback = null;

    static pair(options) {
      const one = new Side(options), other = new Side(options);
      one.#other = other;
      other.#other = one;
      return [one, other];
    }

    _read() {
      const callback = this.#callback;
      this.#callback = null;
      callback?.();
    }
    _write(chunk, encoding, callback) {
      if (chunk.length === 0) {
        nextTick(callback);
      } else {
        this.#other.push(chunk);
        this.#other.#callback = callback;
      }
    }
    _final(callback) {
      this.#other.on('end', callback);
      this.#other.push(null);
    }
  }
  function duplexPair(options) {
    if (options !== undefined) check.object(options, 'options');
    return Side.pair(options);
  }

  return { Duplex, duplexPair };
})
