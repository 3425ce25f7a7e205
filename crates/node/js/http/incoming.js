// `http.IncomingMessage`, <https://nodejs.org/api/http.html#class-httpincomingmessage>

(function ({ builtin, nextTick, part }) {
  const { Readable, finished } = builtin('stream');
  const kHeaders = Symbol('headers'), kDistinct = Symbol('headersDistinct'), kTrailers = Symbol('trailers');
  const kTrailersDistinct = Symbol('trailersDistinct');

  // Of these only the first counts.
  const SINGLE = new Set(['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host',
    'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer',
    'retry-after', 'server', 'user-agent']);

  function IncomingMessage(socket) {
    Readable.call(this, { autoDestroy: true, highWaterMark: socket?.readableHighWaterMark });
    this.socket = socket;
    this.httpVersionMajor = null;
    this.httpVersionMinor = null;
    this.httpVersion = null;
    this.complete = false;
    this[kHeaders] = null;
    this[kDistinct] = null;
    this.rawHeaders = [];
    this[kTrailers] = null;
    this[kTrailersDistinct] = null;
    this.rawTrailers = [];
    this.joinDuplicateHeaders = false;
    this.aborted = false;
    this.upgrade = null;
    this.url = '';
    this.method = null;
    this.statusCode = null;
    this.statusMessage = null;
    this.client = socket;
    this._consuming = false;
    this._dumped = false;
  }
  Object.setPrototypeOf(IncomingMessage.prototype, Readable.prototype);
  Object.setPrototypeOf(IncomingMessage, Readable);
  const proto = IncomingMessage.prototype;

  function joined(fields, isJoining) {
    const all = {};
    for (let index = 0; index < fields.length; index += 2) add(all, fields[index].toLowerCase(), fields[index + 1], isJoining);
    return all;
  }
  function add(all, name, value, isJoining) {
    const before = all[name];
    if (name === 'set-cookie') {
      if (before === undefined) all[name] = [value];
      else before.push(value);
    } else if (before === undefined || typeof before !== 'string') {
      all[name] = value;
    } else if (name === 'cookie') {
      all[name] = `${before}; ${value}`;
    } else if (isJoining || !SINGLE.has(name)) {
      all[name] = `${before}, ${value}`;
    }
  }
  function distinct(fields) {
    const all = { __proto__: null };
    for (let index = 0; index < fields.length; index += 2) (all[fields[index].toLowerCase()] ??= []).push(fields[index + 1]);
    return all;
  }

  const lazily = (name, symbol, make) => Object.defineProperty(proto, name, {
    configurable: true, enumerable: false,
    get() { return this[symbol] ??= make(this); },
    set(value) { this[symbol] = value; },
  });
  lazily('headers', kHeaders, (message) => joined(message.rawHeaders, message.joinDuplicateHeaders));
  lazily('headersDistinct', kDistinct, (message) => distinct(message.rawHeaders));
  lazily('trailers', kTrailers, (message) => joined(message.rawTrailers, message.joinDuplicateHeaders));
  lazily('trailersDistinct', kTrailersDistinct, (message) => distinct(message.rawTrailers));
  Object.defineProperty(proto, 'connection', {
    configurable: true, enumerable: false,
    get() { return this.socket; },
    set(socket) { this.socket = socket; },
  });

  proto.setTimeout = function (ms, callback) {
    if (callback) this.on('timeout', callback);
    this.socket.setTimeout(ms);
    return this;
  };

  proto._addHeaderLine = function (name, value, into) { add(into, name.toLowerCase(), value, this.joinDuplicateHeaders); };
  proto._addHeaderLines = function (fields, n) {
    if (this.complete) this.rawTrailers = fields;
    else this.rawHeaders = fields;
  };

  // Who wants to read has the connection read on.
  proto._read = function () {
    this._consuming = true;
    if (this.socket?.readable) this.socket.resume();
  };

  proto._destroy = function (error, callback) {
    if (!this.readableEnded || !this.complete) {
      this.aborted = true;
      this.emit('aborted');
    }
    const done = (failure) => {
      // Nobody is made to listen: there were no such errors once.
      callback(this.listenerCount('error') === 0 ? null : failure);
    };
    const { socket } = this;
    if (socket && !socket.destroyed && this.aborted) {
      socket.destroy(error);
      const stop = finished(socket, (failure) => {
        if (failure?.code === 'ERR_STREAM_PREMATURE_CLOSE') failure = null;
        stop();
        nextTick(done, error || failure);
      });
    } else {
      nextTick(done, error);
    }
  };

  // Nobody wants the rest of it.
  proto._dump = function () {
    if (this._dumped) return;
    this._dumped = true;
    this.removeAllListeners('data');
    this.resume();
  };

  return { IncomingMessage };
})
