// node:tls, <https://nodejs.org/api/tls.html>

(function ({ builtin, coded, invalidArgument, missing, nextTick, outOfRange, part }) {
  const net = builtin('net');
  const { clearTimeout, setTimeout } = builtin('timers');
  const { check } = part('stream/errors');
  const { SecureContext, createSecureContext, defaults, protocolNames } = part('tls/context');
  const { checkServerIdentity } = part('tls/certificates');
  const { TLSSocket } = part('tls/socket');
  const HANDSHAKE_TIMEOUT_MS = 120_000;
  // Those that rustls speaks.
  const CIPHERS = ['tls_aes_256_gcm_sha384', 'tls_aes_128_gcm_sha256', 'tls_chacha20_poly1305_sha256', 'ecdhe-ecdsa-aes256-gcm-sha384',
    'ecdhe-ecdsa-aes128-gcm-sha256', 'ecdhe-ecdsa-chacha20-poly1305', 'ecdhe-rsa-aes256-gcm-sha384', 'ecdhe-rsa-aes128-gcm-sha256',
    'ecdhe-rsa-chacha20-poly1305'];

  const isRejecting = () => builtin('process').env.NODE_TLS_REJECT_UNAUTHORIZED !== '0';
  // `(options[, callback])`, `(path[, options][, callback])`, `(port[, host][, options][, callback])`
  function connect(...args) {
    const [given, callback] = net._normalizeArgs(args);
    const more = [args[1], args[2]].find((arg) => arg !== null && typeof arg === 'object') ?? {};
    const options = { rejectUnauthorized: undefined, ...given, ...more };
    options.rejectUnauthorized ??= isRejecting();
    const context = options.secureContext ?? createSecureContext(options);
    const below = options.socket ?? net.connect({ ...options, signal: undefined, timeout: undefined, onread: undefined });
    const host = options.servername || options.host || below._host || 'localhost';
    const socket = new TLSSocket(below, {
      ...options, secureContext: context, isServer: false, isConnecting: true,
      servername: options.servername ?? (net.isIP(host) ? '' : host),
    });
    if (callback) socket.once('secureConnect', callback);
    if (options.timeout) socket.setTimeout(options.timeout);
    return socket;
  }

  function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    if (typeof options === 'function') [options, listener] = [{}, options];
    options ??= {};
    if (typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    this._contexts = [];
    this.setSecureContext(options);
    this.requestCert = options.requestCert === true;
    this.rejectUnauthorized = options.rejectUnauthorized !== false;
    this.ALPNProtocols = options.ALPNProtocols;
    protocolNames(options.ALPNProtocols);
    const { handshakeTimeout = HANDSHAKE_TIMEOUT_MS } = options;
    if (typeof handshakeTimeout !== 'number') throw invalidArgument('options.handshakeTimeout', 'of type number', handshakeTimeout);
    for (const name of ['SNICallback', 'ALPNCallback', 'pskCallback']) {
      if (options[name] !== undefined && options[name] !== null) {
        check.callable(options[name], `options.${name}`);
        throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `the option '${name}' of node:tls is not part of Holm yet`);
      }
    }
    net.Server.call(this, options);
    if (listener) this.on('secureConnection', listener);
    this.on('connection', (raw) => secure(this, raw, handshakeTimeout));
  }
  Object.setPrototypeOf(Server.prototype, net.Server.prototype);
  Object.setPrototypeOf(Server, net.Server);

  function secure(server, raw, handshakeTimeout) {
    let socket;
    try {
      socket = new TLSSocket(raw, {
        secureContext: server._context, isServer: true, server, requestCert: server.requestCert,
        rejectUnauthorized: server.rejectUnauthorized, ALPNProtocols: server.ALPNProtocols, allowHalfOpen: server.allowHalfOpen,
      });
    } catch (error) {
      raw.destroy();
      server.emit('tlsClientError', error, raw);
      return;
    }
    socket.server = server;
    let isSettled = false;
    const fail = (error) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      server.emit('tlsClientError', error, socket);
    };
    const timer = setTimeout(() => {
      fail(coded(Error, 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLS handshake timeout'));
      socket.destroy();
    }, handshakeTimeout);
    socket.on('error', fail);
    socket.once('close', () => fail(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })));
    socket.once('secure', () => {
      isSettled = true;
      clearTimeout(timer);
      socket.removeListener('error', fail);
      server.emit('secureConnection', socket);
    });
  }

  Server.prototype.setSecureContext = function (options) {
    check.object(options, 'options');
    this._context = createSecureContext(options);
    this._ownOptions = options;
  };
  Server.prototype.addContext = missing('tls', 'Server.prototype.addContext');
  Server.prototype.getTicketKeys = missing('tls', 'Server.prototype.getTicketKeys');
  Server.prototype.setTicketKeys = missing('tls', 'Server.prototype.setTicketKeys');

  return {
    CLIENT_RENEG_LIMIT: 3,
    CLIENT_RENEG_WINDOW: 600,
    DEFAULT_CIPHERS: CIPHERS.map((name) => name.toUpperCase()).join(':'),
    DEFAULT_ECDH_CURVE: 'auto',
    get DEFAULT_MIN_VERSION() { return defaults.minVersion; },
    set DEFAULT_MIN_VERSION(version) { defaults.minVersion = version; },
    get DEFAULT_MAX_VERSION() { return defaults.maxVersion; },
    set DEFAULT_MAX_VERSION(version) { defaults.maxVersion = version; },
    SecureContext,
    Server,
    TLSSocket,
    checkServerIdentity,
    connect,
    convertALPNProtocols(protocols, out) {
      out.ALPNProtocols = builtin('buffer').Buffer.concat(protocolNames(protocols)
        .map((name) => builtin('buffer').Buffer.from(`${String.fromCharCode(name.length)}${name}`, 'latin1')));
    },
    createSecureContext,
    createServer: (options, listener) => new Server(options, listener),
    getCiphers: () => [...CIPHERS],
    getCACertificates: missing('tls', 'getCACertificates'),
    setDefaultCACertificates: missing('tls', 'setDefaultCACertificates'),
    createSecurePair: missing('tls', 'createSecurePair'),
    get rootCertificates() { return missing('tls', 'rootCertificates')(); },
  };
})
