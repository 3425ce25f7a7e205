// `http.ClientRequest`, <https://nodejs.org/api/http.html#class-httpclientrequest>

(function ({ Buffer, builtin, coded, invalidArgument, nextTick, part }) {
  const net = builtin('net');
  const { addAbortSignal, finished } = builtin('stream');
  const { check, make } = part('stream/errors');
  const { isName, connectionReset, validateHeaderName } = part('http/common');
  const { OutgoingMessage, kErrored, kFields, kUnique, onDrain, uniqueNames } = part('http/outgoing');
  const agents = part('http/agent');
  const exchange = part('http/exchange');
  // Methods whose requests have no body unless it is said.
  const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);
  const kError = Symbol('error'), kPath = Symbol('path');

  // What `http.request` takes of a URL.
  function urlToOptions(url) {
    const { protocol, hostname, hash, search, pathname, href, port, username, password } = url;
    const options = {
      __proto__: null, ...url, protocol, hash, search, pathname, href, path: `${pathname || ''}${search || ''}`,
      hostname: hostname?.startsWith('[') ? hostname.slice(1, -1) : hostname,
    };
    if (port !== '') options.port = Number(port);
    if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return options;
  }
  const isUrl = (value) => Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined);

  function ClientRequest(input, options, callback) {
    OutgoingMessage.call(this);
    if (typeof input === 'string') input = urlToOptions(new URL(input));
    else if (isUrl(input)) input = urlToOptions(input);
    else [callback, options, input] = [options, input, null];
    if (typeof options === 'function') [callback, options] = [options, input ?? {}];
    else options = Object.assign(input ?? {}, options);
    takeAgent(this, options);
    const protocol = options.protocol || this.agent?.protocol || 'http:';
    const expected = this.agent?.protocol ?? options._defaultAgent?.protocol ?? 'http:';
    if (protocol !== expected) {
      throw coded(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${protocol}" not supported. Expected "${expected}"`);
    }
    if (options.path) {
      const path = String(options.path);
      if (/[^\x21-\xff]/.test(path)) {
        throw coded(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
      }
    }
    takeTarget(this, options, protocol);
    takeMethod(this, options);
    if (callback) this.once('response', callback);
    takeHeaders(this, options);
    this._ended = false;
    this.res = null;
    this.aborted = false;
    this.timeoutCb = null;
    this.upgradeOrConnect = false;
    this.parser = null;
    this.maxHeadersCount = null;
    this.reusedSocket = false;
    if (options.timeout !== undefined) this.timeout = checkedTimeout(options.timeout);
    if (options.signal) addAbortSignal(options.signal, this);
    open(this, options);
  }
  Object.setPrototypeOf(ClientRequest.prototype, OutgoingMessage.prototype);
  Object.setPrototypeOf(ClientRequest, OutgoingMessage);
  const proto = ClientRequest.prototype;

  function checkedTimeout(ms) {
    if (typeof ms !== 'number') throw invalidArgument('timeout', 'of type number', ms);
    return ms;
  }

  function takeAgent(request, options) {
    let { agent } = options;
    const fallback = options._defaultAgent || agents.globalAgent;
    if (agent === false) {
      agent = new fallback.constructor();
    } else if (agent === null || agent === undefined) {
      // Who makes connections itself has no use for one.
      if (typeof options.createConnection !== 'function') agent = fallback;
    } else if (typeof agent.addRequest !== 'function') {
      throw invalidArgument('options.agent', 'one of Agent-like Object, undefined, or false', agent);
    }
    request.agent = agent;
  }

  function takeTarget(request, options, protocol) {
    for (const name of ['hostname', 'host']) {
      const value = options[name];
      if (value !== null && value !== undefined && typeof value !== 'string') {
        throw invalidArgument(`options.${name}`, 'of type string or one of undefined or null', value);
      }
    }
    const defaultPort = options.defaultPort || request.agent?.defaultPort;
    options.port = options.port || defaultPort || 80;
    options.host = options.hostname || options.host || 'localhost';
    request.socketPath = options.socketPath;
    request[kPath] = options.path || '/';
    request.host = options.host;
    request.protocol = protocol;
    request.hostHeader = hostHeader(options.host, options.port, defaultPort);
  }
  function hostHeader(host, port, defaultPort) {
    const shown = /:.*:/.test(host) && !host.startsWith('[') ? `[${host}]` : host;
    return port && +port !== defaultPort ? `${shown}:${port}` : shown;
  }

  function takeMethod(request, options) {
    const { method, insecureHTTPParser, maxHeaderSize, joinDuplicateHeaders } = options;
    if (method !== undefined && method !== null && typeof method !== 'string') throw invalidArgument('options.method', 'of type string', method);
    if (method && !isName(method)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Method must be a valid HTTP token ["${method}"]`);
    request.method = method ? method.toUpperCase() : 'GET';
    if (maxHeaderSize !== undefined) check.integer(maxHeaderSize, 'maxHeaderSize', 0);
    if (insecureHTTPParser !== undefined) check.boolean(insecureHTTPParser, 'options.insecureHTTPParser');
    if (joinDuplicateHeaders !== undefined) check.boolean(joinDuplicateHeaders, 'options.joinDuplicateHeaders');
    request.maxHeaderSize = maxHeaderSize;
    request.insecureHTTPParser = insecureHTTPParser;
    request.joinDuplicateHeaders = joinDuplicateHeaders;
    request.useChunkedEncodingByDefault = !BODILESS.has(request.method);
    request[kUnique] = uniqueNames(options.uniqueHeaders);
  }

  function takeHeaders(request, options) {
    const { agent } = request;
    if (agent) {
      // A connection that no other request can use is closed.
      request.shouldKeepAlive = agent.keepAlive || Number.isFinite(agent.maxSockets);
      request._last = !request.shouldKeepAlive;
    } else {
      request._last = true;
      request.shouldKeepAlive = false;
    }
    const { headers, setHost = options.setDefaultHeaders ?? true } = options;
    if (Array.isArray(headers)) {
      request._rawHeaders = headers;
      if (setHost && !hasName(headers, 'host')) request._rawHeaders = [...headers, ...(Array.isArray(headers[0]) ? [['Host', request.hostHeader]] : ['Host', request.hostHeader])];
    } else {
      if (headers) {
        for (const key of Object.keys(headers)) request.setHeader(key, headers[key]);
      }
      if (options.host && !request.getHeader('host') && setHost) request.setHeader('Host', request.hostHeader);
      if (options.auth && !request.getHeader('Authorization')) {
        request.setHeader('Authorization', `Basic ${Buffer.from(options.auth).toString('base64')}`);
      }
    }
    // Who asks to be told to continue has to be heard at once.
    if (request._rawHeaders) request._storeHeader(firstLine(request), request._rawHeaders);
    else if (request.getHeader('expect')) request._storeHeader(firstLine(request), request[kFields]);
  }
  const hasName = (list, wanted) => (Array.isArray(list[0]) ? list.map(([name]) => name) : list.filter((_, index) => index % 2 === 0))
    .some((name) => `${name}`.toLowerCase() === wanted);
  const firstLine = (request) => `${request.method} ${request.path} HTTP/1.1\r\n`;

  function open(request, options) {
    if (request.socketPath) {
      options = { ...options, path: request.socketPath };
    } else if (options.path) {
      options = { __proto__: null, ...options };
    }
    if (request.agent) {
      request.agent.addRequest(request, { __proto__: null, ...options, signal: undefined });
      return;
    }
    const own = { __proto__: null, ...options };
    // The path of what is asked for is none of a socket, and who ends the request ends that.
    if (!request.socketPath) own.path = undefined;
    own.signal = undefined;
    if (typeof options.createConnection !== 'function') {
      request.onSocket(net.createConnection(own));
      return;
    }
    let isDone = false;
    const done = (error, socket) => {
      if (isDone) return;
      isDone = true;
      if (error) nextTick(() => request.onSocket(null, error));
      else request.onSocket(socket);
    };
    try {
      const made = options.createConnection(own, done);
      if (made) done(null, made);
    } catch (error) {
      done(error);
    }
  }

  Object.defineProperty(proto, 'path', {
    configurable: true, enumerable: true,
    get() { return this[kPath]; },
    set(path) {
      if (/[^\x21-\xff]/.test(path)) throw coded(TypeError, 'ERR_UNESCAPED_CHARACTERS', 'Request path contains unescaped characters');
      this[kPath] = path;
    },
  });

  proto._implicitHeader = function () {
    if (this._header) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot render headers after they are sent to the client');
    this._storeHeader(firstLine(this), this[kFields]);
  };

  proto.abort = function () {
    if (this.aborted) return;
    this.aborted = true;
    nextTick(() => this.emit('abort'));
    this.destroy();
  };

  proto.destroy = function (error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    // What was not read of the response is not read.
    this.res?._dump();
    this[kError] = error;
    this[kErrored] = error ?? null;
    this.socket?.destroy(error);
    return this;
  };

  // A socket for the request, or why there is none.
  proto.onSocket = function (socket, error) {
    nextTick(() => {
      if (this.destroyed || error) leave(this, socket, error);
      else exchange.begin(this, socket);
    });
  };
  // The socket is not needed any more.
  function leave(request, socket, error) {
    const close = (failure) => {
      if (!failure && !request.aborted) failure = connectionReset('socket hang up');
      if (failure) exchange.emitErrorOf(request, failure);
      exchange.emitClose(request);
    };
    if (!socket) {
      close(error ?? request[kError]);
    } else if (!error && request.agent && !socket.destroyed) {
      // Another request may use it.
      socket.emit('free');
      close(request[kError]);
    } else {
      finished(socket.destroy(error ?? request[kError]), (failure) => {
        close((failure?.code === 'ERR_STREAM_PREMATURE_CLOSE' ? null : failure) ?? error ?? request[kError]);
      });
    }
  }

  // Does something with the socket, as soon as there is one that is connected.
  function withSocket(request, act) {
    const whenConnected = (socket) => {
      if (socket.writable) act(socket);
      else socket.once('connect', () => act(socket));
    };
    if (request.socket) whenConnected(request.socket);
    else request.once('socket', whenConnected);
  }
  proto.setTimeout = function (ms, callback) {
    if (this._ended) return this;
    exchange.listenTimeout(this);
    checkedTimeout(ms);
    if (callback) this.once('timeout', callback);
    const set = (socket) => {
      if (socket.connecting) socket.once('connect', () => socket.setTimeout(ms));
      else socket.setTimeout(ms);
    };
    if (this.socket) set(this.socket);
    else this.once('socket', set);
    return this;
  };
  proto.setNoDelay = function (isOn) { withSocket(this, (socket) => socket.setNoDelay?.(isOn)); };
  proto.setSocketKeepAlive = function (isOn, ms) { withSocket(this, (socket) => socket.setKeepAlive?.(isOn, ms)); };
  proto.clearTimeout = function (callback) { this.setTimeout(0, callback); };

  return { ClientRequest };
})
