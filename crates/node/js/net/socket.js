// `net.Socket`: a stream over a handle, <https://nodejs.org/api/net.html#class-netsocket>

(function ({ Buffer, builtin, coded, invalidArgument, nextTick, outOfRange, part }) {
  const { Duplex, addAbortSignal } = builtin('stream');
  const { clearTimeout, setImmediate, setTimeout } = builtin('timers');
  const { check } = part('stream/errors');
  const { ofCall } = part('net/errors');
  const Handle = part('net/handle');
  const MOST_DELAY_MS = 2 ** 31 - 1;
  const kTimer = Symbol('timeout'), kRead = Symbol('read'), kReference = Symbol('is referenced');
  const kBytesRead = Symbol('bytes read'), kBytesWritten = Symbol('bytes written');
  const kNoDelay = Symbol('no delay'), kKeepAlive = Symbol('keep alive'), kPeer = Symbol('peer'), kOnRead = Symbol('onread');

  function Socket(options) {
    if (!(this instanceof Socket)) return new Socket(options);
    if (typeof options === 'number') options = { fd: options };
    else if (options === null) throw invalidArgument('options', 'of type object', options);
    const { handle, allowHalfOpen = false, onread, signal, ...rest } = options ?? {};
    for (const name of ['objectMode', 'readableObjectMode', 'writableObjectMode']) {
      if (rest[name]) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.${name}' is not supported. Received true`);
    }
    if (rest.fd !== undefined) throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'a socket of a file descriptor is not part of Holm yet');
    // What streams know of closing is not told before the handle is closed.
    Duplex.call(this, { ...rest, allowHalfOpen, emitClose: false, autoDestroy: true, decodeStrings: true });
    this.connecting = false;
    this._hadError = false;
    this._parent = null;
    this._host = null;
    this._handle = null;
    this.server = null;
    this._server = null;
    this[kTimer] = null;
    this[kReference] = true;
    this[kBytesRead] = 0;
    this[kBytesWritten] = 0;
    this[kNoDelay] = Boolean(rest.noDelay);
    this[kKeepAlive] = rest.keepAlive ? [true, ~~(rest.keepAliveInitialDelay / 1000)] : null;
    if (onread !== null && typeof onread === 'object' && typeof onread.callback === 'function'
      && (onread.buffer instanceof Uint8Array || typeof onread.buffer === 'function')) this[kOnRead] = onread;
    this[kRead] = (failure, bytes) => this._received(failure, bytes);
    this.on('end', onEnd);
    if (handle) this._take(handle, rest.pauseOnCreate);
    if (signal) {
      // Who connects it has begun to by then.
      if (signal.aborted) nextTick(() => addAbortSignal(signal, this));
      else addAbortSignal(signal, this);
    }
  }
  Object.setPrototypeOf(Socket.prototype, Duplex.prototype);
  Object.setPrototypeOf(Socket, Duplex);
  const proto = Socket.prototype;

  // Who reads to the end and does not stay half open writes no more.
  function onEnd() {
    if (!this.allowHalfOpen) this.write = writeAfterEnd;
  }
  function writeAfterEnd(chunk, encoding, callback) {
    if (!this.writableEnded) return Duplex.prototype.write.call(this, chunk, encoding, callback);
    if (typeof encoding === 'function') callback = encoding;
    const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
    if (typeof callback === 'function') nextTick(callback, error);
    this.destroy(error);
    return false;
  }

  // From now on this is what is read from and written to.
  proto._take = function (handle, isPaused) {
    this._handle = handle;
    if (!this[kReference]) handle.keepAlive(false);
    if (this[kNoDelay]) handle.setNoDelay(true);
    if (this[kKeepAlive]) handle.setKeepAlive(...this[kKeepAlive]);
    if (isPaused) this._readableState.flowing = false;
    else if (!this.connecting) this.read(0);
  };

  proto._read = function (size) {
    if (this.connecting || !this._handle) {
      if (!this.destroyed) this.once('connect', () => this._read(size));
    } else if (!this._isReading) {
      this._isReading = true;
      this._handle.readStart(this[kRead]);
    }
  };
  proto._stopReading = function () {
    if (!this._isReading) return;
    this._isReading = false;
    this._handle?.readStop();
  };
  proto._isReading = false;

  proto._received = function (failure, bytes) {
    this._unrefTimer();
    if (failure) {
      this._isReading = false;
      this.destroy(ofCall(failure, 'read'));
    } else if (bytes) {
      this[kBytesRead] += bytes.length;
      if (this[kOnRead]) deliver(this, bytes);
      else if (!this.push(bytes)) this._stopReading();
    } else {
      this._isReading = false;
      this.push(null);
      // A read of nothing has the end told where all was read already.
      this.read(0);
    }
  };
  // <https://nodejs.org/api/net.html#new-netsocketoptions>: into the caller's own buffer.
  function deliver(socket, bytes) {
    const { buffer: given, callback } = socket[kOnRead];
    const room = typeof given === 'function' ? given() : given;
    for (let offset = 0; offset < bytes.length; offset += room.length) {
      const piece = bytes.subarray(offset, offset + room.length);
      room.set(piece);
      if (callback.call(socket, piece.length, room) === false) {
        socket.pause();
        socket._stopReading();
      }
    }
  }

  proto._write = function (chunk, encoding, callback) { writeBytes(this, chunk, callback); };
  proto._writev = function (chunks, callback) {
    writeBytes(this, chunks.length === 1 ? chunks[0].chunk : Buffer.concat(chunks.map(({ chunk }) => chunk)), callback);
  };
  function writeBytes(socket, bytes, callback) {
    if (socket.connecting) {
      socket._pendingData = bytes;
      const wait = () => {
        socket.off('close', fail);
        socket._pendingData = null;
        writeBytes(socket, bytes, callback);
      };
      const fail = () => {
        socket.off('connect', wait);
        callback(coded(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', 'Socket closed before the connection was established'));
      };
      socket.once('connect', wait);
      socket.once('close', fail);
      return;
    }
    socket._unrefTimer();
    if (!socket._handle) {
      callback(coded(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'));
      return;
    }
    socket[kBytesWritten] += bytes.length;
    const written = socket._handle.write(bytes, (failure) => {
      if (socket.destroyed) return callback(coded(Error, 'ERR_STREAM_DESTROYED', 'Cannot call write after a stream was destroyed'));
      socket._unrefTimer();
      callback(failure ? ofCall(failure, 'write') : null);
    });
    if (written === true) callback();
    else if (written !== false) callback(ofCall(written, 'write'));
  }

  proto._final = function (callback) {
    if (this.connecting) {
      this.once('connect', () => this._final(callback));
      return;
    }
    if (!this._handle) {
      callback();
      return;
    }
    this._handle.end((failure) => {
      // The other side may have left meanwhile.
      callback(failure && failure !== 'ENOTCONN' && failure !== 'EPIPE' ? ofCall(failure, 'shutdown') : null);
    });
  };

  proto._destroy = function (error, callback) {
    this.connecting = false;
    for (let stream = this; stream; stream = stream._parent) {
      clearTimeout(stream[kTimer]);
      stream[kTimer] = null;
    }
    const hadError = Boolean(error);
    if (this._handle) {
      this[kPeer] ??= this._handle.peerAddress();
      this._handle.close(this.resetAndClosing === true);
      this._handle = null;
      this._isReading = false;
      setImmediate(() => this.emit('close', hadError));
    } else {
      nextTick(() => this.emit('close', hadError));
    }
    callback(error);
    if (this._server) {
      const server = this._server;
      this._server = null;
      server._connections--;
      server._emitCloseIfDrained?.();
    }
  };

  proto.destroySoon = function () {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  };
  proto.resetAndDestroy = function () {
    if (!this._handle) {
      this.destroy(coded(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed'));
    } else if (this.connecting) {
      this.once('connect', () => this.resetAndDestroy());
    } else {
      this.resetAndClosing = true;
      this.destroy();
    }
    return this;
  };

  proto.end = function (data, encoding, callback) {
    Duplex.prototype.end.call(this, data, encoding, callback);
    return this;
  };
  proto.pause = function () {
    if (this[kOnRead] && !this.connecting) this._stopReading();
    return Duplex.prototype.pause.call(this);
  };
  proto.resume = function () {
    if (this[kOnRead] && !this.connecting && this._handle) this._read(0);
    return Duplex.prototype.resume.call(this);
  };
  proto.read = function (n) {
    if (this[kOnRead] && !this.connecting && this._handle) this._read(0);
    return Duplex.prototype.read.call(this, n);
  };

  // The timer does not keep the program going, and begins anew with whatever is sent or received.
  proto.setTimeout = function (ms, callback) {
    if (this.destroyed) return this;
    if (typeof ms !== 'number') throw invalidArgument('msecs', 'of type number', ms);
    if (!(ms >= 0 && Number.isFinite(ms))) throw outOfRange('msecs', 'a non-negative finite number', ms);
    this.timeout = ms;
    clearTimeout(this[kTimer]);
    this[kTimer] = null;
    if (callback !== undefined) check.callable(callback, 'callback');
    if (ms === 0) {
      if (callback) this.removeListener('timeout', callback);
      return this;
    }
    this[kTimer] = setTimeout(() => this._onTimeout(), Math.min(ms, MOST_DELAY_MS));
    this[kTimer].unref();
    if (callback) this.once('timeout', callback);
    return this;
  };
  proto._unrefTimer = function () {
    for (let socket = this; socket; socket = socket._parent) socket[kTimer]?.refresh();
  };
  proto._onTimeout = function () { this.emit('timeout'); };

  proto.setNoDelay = function (isOn = true) {
    this[kNoDelay] = Boolean(isOn);
    if (this._handle && !this.connecting) this._handle.setNoDelay(this[kNoDelay]);
    return this;
  };
  proto.setKeepAlive = function (isOn = false, delayMs = 0) {
    this[kKeepAlive] = [Boolean(isOn), ~~(delayMs / 1000)];
    if (this._handle && !this.connecting) this._handle.setKeepAlive(...this[kKeepAlive]);
    return this;
  };
  // There is no mark of the kind of service yet.
  proto.setTypeOfService = function () { return this; };
  proto.getTypeOfService = function () { return 0; };

  for (const [name, isOn] of [['ref', true], ['unref', false]]) {
    proto[name] = function () {
      this[kReference] = isOn;
      this._handle?.keepAlive(isOn);
      return this;
    };
  }

  proto.address = function () { return this._handle?.localAddress() ?? {}; };
  const peer = (socket) => {
    if (socket._handle && !socket.connecting) socket[kPeer] ??= socket._handle.peerAddress();
    return socket[kPeer];
  };
  const accessors = {
    _connecting() { return this.connecting; },
    pending() { return !this._handle || this.connecting; },
    readyState() {
      if (this.connecting) return 'opening';
      if (this.readable && this.writable) return 'open';
      if (this.readable) return 'readOnly';
      return this.writable ? 'writeOnly' : 'closed';
    },
    bufferSize() { return this._handle ? this.writableLength : undefined; },
    bytesRead() { return this[kBytesRead]; },
    bytesWritten() {
      if (this._handle === undefined) return undefined;
      // With what is on its way.
      let bytes = this[kBytesWritten] + (this._pendingData?.length ?? 0);
      for (const entry of this._writableState.buffered ?? []) {
        bytes += typeof entry.chunk === 'string' ? Buffer.byteLength(entry.chunk, entry.encoding) : entry.chunk.length;
      }
      return bytes;
    },
    remoteAddress() { return peer(this)?.address; },
    remoteFamily() { return peer(this)?.family; },
    remotePort() { return peer(this)?.port; },
    localAddress() { return this._handle?.localAddress()?.address; },
    localPort() { return this._handle?.localAddress()?.port; },
    localFamily() { return this._handle?.localAddress()?.family; },
    _bytesDispatched() { return this[kBytesWritten]; },
  };
  for (const [name, get] of Object.entries(accessors)) {
    Object.defineProperty(proto, name, { configurable: true, enumerable: false, get });
  }

  // What a script opens again is as new.
  proto._reopen = function () {
    if (this.write !== proto.write) delete this.write;
    if (this.destroyed) {
      this._handle = null;
      this[kPeer] = undefined;
      this._undestroy();
      this.resetAndClosing = false;
    }
    this[kBytesRead] = 0;
    this[kBytesWritten] = 0;
    this._handle ??= new Handle();
    if (!this[kReference]) this._handle.keepAlive(false);
  };
  proto._connected = function () {
    this.connecting = false;
    this._take(this._handle, this.isPaused());
    this.emit('connect');
    this.emit('ready');
    // It may have been told to begin, or destroyed, by a listener.
    if (this._handle && !this.isPaused()) this.read(0);
  };
  proto.connect = function (...args) { return part('net/connect').connect(this, args); };

  return { Socket };
})
