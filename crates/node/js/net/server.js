// `net.Server`, <https://nodejs.org/api/net.html#class-netserver>

(function ({ builtin, coded, inspect, invalidArgument, natives, nextTick, part }) {
  const native = natives('net');
  const EventEmitter = builtin('events');
  const { checkPort, invalidValue, ofAddress, ofCall } = part('net/errors');
  const { normalizeArgs } = part('net/connect');
  const { Socket } = part('net/socket');
  const Handle = part('net/handle');
  const BACKLOG = 511;
  const EVERYWHERE = '0.0.0.0', EVERYWHERE_IPV6 = '::';
  const kReference = Symbol('is referenced');

  function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    EventEmitter.call(this);
    if (typeof options === 'function') [options, listener] = [{}, options];
    else if (options === undefined || options === null) options = {};
    else if (typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    if (typeof listener === 'function') this.on('connection', listener);
    this._connections = 0;
    this._handle = null;
    this._pipeName = undefined;
    this[kReference] = true;
    this.allowHalfOpen = options.allowHalfOpen || false;
    this.pauseOnConnect = Boolean(options.pauseOnConnect);
    this.noDelay = Boolean(options.noDelay);
    this.keepAlive = Boolean(options.keepAlive);
    this.keepAliveInitialDelay = ~~(options.keepAliveInitialDelay / 1000);
    this.highWaterMark = options.highWaterMark;
    if (options.blockList) this.blockList = options.blockList;
  }
  Object.setPrototypeOf(Server.prototype, EventEmitter.prototype);
  Object.setPrototypeOf(Server, EventEmitter);
  const proto = Server.prototype;

  proto.listen = function (...args) {
    const [options, callback] = normalizeArgs(args);
    if (this._handle || this._isStarting) throw coded(Error, 'ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.');
    if (callback !== null) this.once('listening', callback);
    const backlog = backlogOf(args, options);
    const isPortLess = args.length === 0 || typeof args[0] === 'function'
      || (options.port === null || (options.port === undefined && 'port' in options)) && !options.path;
    if (options instanceof Socket || options._handle || (typeof options.fd === 'number' && options.fd >= 0)) {
      throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', 'listening on a handle or file descriptor is not part of Holm yet');
    }
    watch(this, options.signal);
    if (isPortLess || typeof options.port === 'number' || typeof options.port === 'string') {
      const port = checkPort(isPortLess ? 0 : options.port, 'options.port');
      if (options.host) listenByName(this, options.host, port, backlog, options);
      else listenEverywhere(this, port, backlog, options);
    } else if (typeof options.path === 'string' && options.path !== '') {
      start(this, native.listenPath(undefined, options.path, (options.readableAll ? 0o444 : 0) | (options.writableAll ? 0o222 : 0)), options.path, -1);
      if (this._handle) this._pipeName = options.path;
    } else if (!('port' in options) && !('path' in options)) {
      throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
        `The argument 'options' must have the property "port" or "path". Received ${inspect(options)}`);
    } else {
      throw invalidValue('options', options);
    }
    return this;
  };

  function backlogOf(args, options) {
    const number = (value) => { const n = Number(value); return value !== null && value !== undefined && typeof value !== 'function' && typeof value !== 'object' && n >= 0 ? n : undefined; };
    return options.backlog || number(args[1]) || number(args[2]) || BACKLOG;
  }
  function watch(server, signal) {
    if (signal === undefined) return;
    if (typeof signal?.addEventListener !== 'function') throw invalidArgument('options.signal', 'an instance of AbortSignal', signal);
    const close = () => server.close();
    if (signal.aborted) nextTick(close);
    else signal.addEventListener('abort', close, { once: true });
  }

  function listenEverywhere(server, port, backlog, options) {
    let handle = native.listen(EVERYWHERE, EVERYWHERE_IPV6, port, backlog, Boolean(options.ipv6Only));
    let address = EVERYWHERE_IPV6;
    if (handle === 'EAFNOSUPPORT' || handle === 'EINVAL' || handle === 'EADDRNOTAVAIL') {
      handle = native.listen(EVERYWHERE, EVERYWHERE, port, backlog, false);
      address = EVERYWHERE;
    }
    start(server, handle, address, port);
  }
  function listenByName(server, host, port, backlog, options) {
    const listenAt = (ip) => start(server, native.listen(host, ip, port, backlog, Boolean(options.ipv6Only)), ip, port);
    if (native.isIP(host)) {
      listenAt(host);
      return;
    }
    server._isStarting = true;
    const { lookup } = builtin('dns');
    const asked = Object.defineProperty({}, lookup.forPort, { value: port });
    lookup(host, asked, (error, ip) => {
      if (!server._isStarting) return;
      server._isStarting = false;
      if (error) server.emit('error', error);
      else listenAt(ip);
    });
  }

  function start(server, handle, address, port) {
    if (typeof handle === 'string' || handle instanceof Error) {
      const error = ofAddress(handle, 'listen', address, port, true);
      nextTick(() => server.emit('error', error));
      return;
    }
    server._handle = handle;
    server._connectionKey = `${port < 0 ? -1 : address.includes(':') ? 6 : 4}:${address}:${port}`;
    if (!server[kReference]) native.serverKeepAlive(handle, false);
    native.acceptStart(handle, (failure, socket) => {
      if (failure) {
        // Nobody has to listen: there will be other connections.
        if (failure !== 'EMFILE' && failure !== 'ENFILE') server.emit('error', ofCall(failure, 'accept'));
      } else {
        accept(server, new Handle(socket));
      }
    });
    nextTick(() => {
      if (server._handle) server.emit('listening');
    });
  }

  function accept(server, handle) {
    const peer = () => {
      const { address: remoteAddress, family: remoteFamily, port: remotePort } = handle.peerAddress() ?? {};
      const { address: localAddress, family: localFamily, port: localPort } = handle.localAddress() ?? {};
      return { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily };
    };
    const isTooMany = typeof server.maxConnections === 'number' && server._connections >= server.maxConnections;
    if (isTooMany || isBlocked(server, handle)) {
      const data = peer();
      handle.close();
      server.emit('drop', data);
      return;
    }
    const socket = new Socket({
      handle, allowHalfOpen: server.allowHalfOpen, pauseOnCreate: server.pauseOnConnect, readable: true, writable: true,
      noDelay: server.noDelay, keepAlive: server.keepAlive, keepAliveInitialDelay: server.keepAliveInitialDelay * 1000,
      readableHighWaterMark: server.highWaterMark, writableHighWaterMark: server.highWaterMark,
    });
    server._connections++;
    socket.server = server;
    socket._server = server;
    server.emit('connection', socket);
  }
  function isBlocked({ blockList }, handle) {
    const peer = blockList && handle.peerAddress();
    return Boolean(peer) && blockList.check(peer.address, peer.family.toLowerCase());
  }

  proto.address = function () {
    if (!this._handle) return null;
    return this._pipeName ?? native.serverAddress(this._handle) ?? null;
  };

  proto.close = function (callback) {
    if (typeof callback === 'function') {
      if (this._handle || this._isStarting) this.once('close', callback);
      else this.once('close', () => callback(coded(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.')));
    }
    this._isStarting = false;
    if (this._handle) {
      native.serverClose(this._handle);
      this._handle = null;
      this._pipeName = undefined;
    }
    this._emitCloseIfDrained();
    return this;
  };
  proto._emitCloseIfDrained = function () {
    if (this._handle || this._connections > 0) return;
    nextTick(() => this.emit('close'));
  };
  Object.defineProperty(proto, Symbol.asyncDispose, {
    configurable: true, writable: true, enumerable: false,
    async value() {
      if (!this._handle) return undefined;
      return new Promise((resolve, reject) => this.close((error) => (error ? reject(error) : resolve())));
    },
  });
  Object.defineProperty(proto, 'listening', { configurable: true, enumerable: true, get() { return Boolean(this._handle); } });

  proto.getConnections = function (callback) {
    nextTick(callback, null, this._connections);
    return this;
  };
  for (const [name, isOn] of [['ref', true], ['unref', false]]) {
    proto[name] = function () {
      this[kReference] = isOn;
      if (this._handle) native.serverKeepAlive(this._handle, isOn);
      return this;
    };
  }

  proto[Symbol.for('nodejs.rejection')] = function (error, event, socket) {
    if (event === 'connection') socket.destroy(error);
    else this.emit('error', error);
  };

  return { Server };
})
