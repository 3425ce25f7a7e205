// `http.Server`, <https://nodejs.org/api/http.html#class-httpserver>

(function ({ builtin, coded, invalidArgument, nextTick, outOfRange, part }) {
  const net = builtin('net');
  const { clearInterval, setInterval } = builtin('timers');
  const { check } = part('stream/errors');
  const { connectionReset } = part('http/common');
  const connection = part('http/connection');
  const { uniqueNames } = part('http/outgoing');
  const { IncomingMessage } = part('http/incoming');
  const { ServerResponse } = part('http/response');
  const HEAD_TIMEOUT_MS = 60_000, REQUEST_TIMEOUT_MS = 300_000, KEEP_ALIVE_MS = 5_000, LOOK_MS = 30_000;
  const kLooking = Symbol('looking'), kConnections = Symbol('connections');

  // What `http` and `https` servers are told alike.
  function takeOptions(server, options) {
    const number = (name, fallback) => {
      const value = options[name];
      if (value === undefined) return fallback;
      check.integer(value, name, 0);
      return value;
    };
    const boolean = (name, fallback) => {
      const value = options[name];
      if (value === undefined) return fallback;
      check.boolean(value, `options.${name}`);
      return value;
    };
    server._IncomingMessage = options.IncomingMessage || IncomingMessage;
    server._ServerResponse = options.ServerResponse || ServerResponse;
    server.maxHeaderSize = number('maxHeaderSize', undefined);
    server.insecureHTTPParser = boolean('insecureHTTPParser', undefined);
    server.requestTimeout = number('requestTimeout', REQUEST_TIMEOUT_MS);
    const isBounded = server.requestTimeout > 0;
    server.headersTimeout = number('headersTimeout', isBounded ? Math.min(HEAD_TIMEOUT_MS, server.requestTimeout) : HEAD_TIMEOUT_MS);
    if (isBounded && server.headersTimeout > 0 && server.headersTimeout > server.requestTimeout) {
      throw outOfRange('headersTimeout', '<= requestTimeout', options.headersTimeout);
    }
    server.keepAliveTimeout = number('keepAliveTimeout', KEEP_ALIVE_MS);
    server.keepAliveTimeoutBuffer = number('keepAliveTimeoutBuffer', 1000);
    server.connectionsCheckingInterval = number('connectionsCheckingInterval', LOOK_MS);
    server.requireHostHeader = boolean('requireHostHeader', true);
    server.joinDuplicateHeaders = boolean('joinDuplicateHeaders', undefined);
    server.rejectNonStandardBodyWrites = boolean('rejectNonStandardBodyWrites', false);
    if (options.shouldUpgradeCallback !== undefined) check.callable(options.shouldUpgradeCallback, 'options.shouldUpgradeCallback');
    server.shouldUpgradeCallback = options.shouldUpgradeCallback ?? function () { return this.listenerCount('upgrade') > 0; };
    server._uniqueHeaders = uniqueNames(options.uniqueHeaders);
    server.httpAllowHalfOpen = false;
    server.timeout = 0;
    server.maxHeadersCount = null;
    server.maxRequestsPerSocket = 0;
    server[kConnections] = new Map();
    server[kLooking] = null;
  }

  function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    if (typeof options === 'function') [options, listener] = [{}, options];
    else if (options === undefined || options === null) options = {};
    else check.object(options, 'options');
    takeOptions(this, options);
    net.Server.call(this, {
      allowHalfOpen: true, noDelay: options.noDelay ?? true, keepAlive: options.keepAlive,
      keepAliveInitialDelay: options.keepAliveInitialDelay, highWaterMark: options.highWaterMark,
    });
    if (listener) this.on('request', listener);
    this.on('connection', serve);
    this.on('listening', beginLooking);
  }
  Object.setPrototypeOf(Server.prototype, net.Server.prototype);
  Object.setPrototypeOf(Server, net.Server);
  const proto = Server.prototype;

  function serve(socket) {
    this[kConnections].set(socket, connection.serve(this, socket, () => this[kConnections].delete(socket)));
  }

  // Who sends half a head, or a request without end, is not waited for any longer.
  function beginLooking() {
    clearInterval(this[kLooking]);
    if (!this.connectionsCheckingInterval) return;
    this[kLooking] = setInterval(() => {
      if (this.headersTimeout === 0 && this.requestTimeout === 0) return;
      const now = Date.now();
      for (const [socket, { parser }] of this[kConnections]) {
        if (parser.isClosed || parser.startedAt === 0) continue;
        const age = now - parser.startedAt;
        const isLate = (this.headersTimeout > 0 && !parser.isHeadComplete && age > this.headersTimeout)
          || (this.requestTimeout > 0 && age > this.requestTimeout);
        if (isLate) connection.fail(socket, coded(Error, 'ERR_HTTP_REQUEST_TIMEOUT', 'Request timeout'));
      }
    }, this.connectionsCheckingInterval);
    this[kLooking].unref();
  }

  proto.close = function (...args) {
    stop(this);
    return net.Server.prototype.close.apply(this, args);
  };
  function stop(server) {
    clearInterval(server[kLooking]);
    server[kLooking] = null;
    server.closeIdleConnections();
  }
  proto.closeAllConnections = function () {
    for (const socket of [...this[kConnections].keys()]) socket.destroy();
  };
  proto.closeIdleConnections = function () {
    for (const [socket, { parser }] of [...this[kConnections]]) {
      // What was answered, and asks for nothing more yet.
      if (!parser.isClosed && parser.startedAt === 0 && !socket._httpMessage) socket.destroy();
    }
  };
  proto.setTimeout = function (ms, callback) {
    this.timeout = ms;
    if (callback) this.on('timeout', callback);
    return this;
  };
  proto[Symbol.for('nodejs.rejection')] = function (error, event, ...args) {
    const [, response] = args;
    if (event !== 'request' || !response) {
      net.Server.prototype[Symbol.for('nodejs.rejection')]?.call(this, error, event, ...args);
    } else if (!response.headersSent && !response.writableEnded) {
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      response.statusCode = 500;
      response.end('Internal Server Error');
    } else {
      response.destroy();
    }
  };

  return { Server, beginLooking, proto, serve, stop, takeOptions, connectionReset };
})
