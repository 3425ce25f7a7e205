// `tls.TLSSocket`, <https://nodejs.org/api/tls.html#class-tlstlssocket>

(function ({ builtin, coded, missing, natives, nextTick, part }) {
  const net = builtin('net');
  const { isIP } = natives('net');
  const native = natives('tls');
  const { createSecureContext, protocolNames } = part('tls/context');
  const { chain, checkServerIdentity } = part('tls/certificates');
  const Handle = part('tls/handle');
  const kOptions = Symbol('connect-options'), kFacts = Symbol('facts'), kSecure = Symbol('is secure');

  function TLSSocket(stream, options = {}) {
    if (!(this instanceof TLSSocket)) return new TLSSocket(stream, options);
    options = { ...options };
    this[kOptions] = options;
    this.authorized = false;
    this.authorizationError = null;
    this.encrypted = true;
    this.alpnProtocol = null;
    this.servername = null;
    this.secureConnecting = true;
    this[kSecure] = false;
    this._secureEstablished = false;
    this.ssl = null;
    stream ??= new net.Socket();
    net.Socket.call(this, {
      allowHalfOpen: options.allowHalfOpen ?? stream.allowHalfOpen ?? false, pauseOnCreate: true, readable: true, writable: true,
      highWaterMark: options.highWaterMark, signal: options.signal,
    });
    this._readableState.flowing = null;
    this._parent = stream;
    this._tlsOptions = options;
    this.server = options.server ?? null;
    const isServer = Boolean(options.isServer);
    const context = (options.secureContext ?? createSecureContext(options)).context;
    const name = !isServer && options.servername && !isIP(options.servername) ? options.servername : undefined;
    const session = native.newSession(context.native({
      isServer, protocols: protocolNames(options.ALPNProtocols), clientProof: clientProof(options),
    }), isServer ? undefined : name ?? (isIP(options.host ?? '') ? undefined : name));
    this._handle = new Handle(stream, session, {
      agreed: () => agreed(this),
      failed: (error) => fail(this, error),
      cutOff: () => fail(this, cutOff(this)),
      closedBelow: () => { if (!this.destroyed) this.destroy(this[kSecure] || !options.isConnecting ? undefined : cutOff(this)); },
    });
    this.ssl = this._handle;
    if (stream.connecting) {
      this.connecting = true;
      for (const event of ['lookup', 'connectionAttempt', 'connectionAttemptFailed', 'connectionAttemptTimeout']) {
        stream.on(event, (...args) => this.emit(event, ...args));
      }
      stream.once('connect', () => {
        this.connecting = false;
        this.emit('connect');
        this.emit('ready');
        this._handle?.start();
      });
    } else {
      nextTick(() => this._handle?.start());
    }
    stream.resume();
  }
  Object.setPrototypeOf(TLSSocket.prototype, net.Socket.prototype);
  Object.setPrototypeOf(TLSSocket, net.Socket);
  const proto = TLSSocket.prototype;

  function clientProof({ requestCert, rejectUnauthorized }) {
    if (!requestCert) return 'none';
    return rejectUnauthorized === false ? 'wanted' : 'required';
  }
  const cutOff = (socket) => Object.assign(
    new Error(`${socket[kOptions].isServer ? 'Socket closed' : 'Client network socket disconnected'} before secure TLS connection was established`),
    { code: 'ECONNRESET', path: socket[kOptions].path, host: socket[kOptions].host, port: socket[kOptions].port, localAddress: socket[kOptions].localAddress });

  function fail(socket, error) {
    if (socket.destroyed) return;
    if (!socket[kSecure]) socket.emit('_tlsError', error);
    socket.destroy(error);
  }

  // There are keys: is it who was asked for?
  function agreed(socket) {
    const options = socket[kOptions], facts = socket._handle.facts;
    socket[kFacts] = facts;
    socket.alpnProtocol = facts.innerProtocol ?? false;
    if (options.isServer) {
      socket.servername = facts.askedName ?? false;
      socket.authorized = Boolean(options.requestCert) && socket._handle.certificates.length > 0;
    } else {
      socket.servername = options.servername || null;
      const error = complaint(socket, options, facts.complaint);
      if (error) {
        socket.authorizationError = error.code ?? error.message;
        if (options.rejectUnauthorized !== false) {
          socket.destroy(error);
          return;
        }
      } else {
        socket.authorized = true;
      }
    }
    socket[kSecure] = true;
    socket._secureEstablished = true;
    socket.secureConnecting = false;
    socket._handle.ready();
    socket.emit('secure');
    if (!options.isServer) socket.emit('secureConnect');
    if (!socket.isPaused() && !socket.destroyed) socket.read(0);
  }
  // What the chain is, TLS has found; whose it is, may be asked otherwise.
  function complaint(socket, options, found) {
    const isOfName = found?.code === 'ERR_TLS_CERT_ALTNAME_INVALID';
    if (found && !isOfName) return found;
    const hostname = options.servername || options.host || options.socket?._host || 'localhost';
    const check = options.checkServerIdentity ?? checkServerIdentity;
    return check(hostname, socket.getPeerCertificate(true));
  }

  proto.getPeerCertificate = function (isDetailed = false) {
    const ders = this._handle?.certificates ?? [];
    if (ders.length === 0) return this._handle ? {} : null;
    const found = chain(ders);
    if (!isDetailed) delete found.issuerCertificate;
    return found;
  };
  proto.getProtocol = function () { return this[kFacts]?.protocol ?? (this._handle ? 'unknown' : null); };
  proto.getCipher = function () {
    const { cipher, protocol } = this[kFacts] ?? {};
    if (!cipher) return {};
    return { name: opensslName(cipher), standardName: cipher, version: protocol === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2' };
  };
  // `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256` to OpenSSL.
  const opensslName = (name) => (name.includes('_WITH_')
    ? name.replace(/^TLS_/, '').replace('_WITH', '').replace(/_SHA256$/, (end) => (name.includes('CHACHA20') ? '' : end)).replace(/AES_(\d+)/, 'AES$1').replaceAll('_', '-')
    : name);
  proto.isSessionReused = () => false;
  proto.getSession = () => undefined;
  proto.getTLSTicket = () => undefined;
  proto.setSession = () => {};
  proto.getEphemeralKeyInfo = () => ({});
  proto.getFinished = () => undefined;
  proto.getPeerFinished = () => undefined;
  proto.getSharedSigalgs = () => [];
  proto.getCertificate = () => ({});
  proto.disableRenegotiation = () => {};
  proto.enableTrace = () => {};
  proto.setMaxSendFragment = (size) => size >= 512 && size <= 16384;
  proto.setServername = function (name) {
    if (typeof name !== 'string') throw part('stream/errors').invalidArgument('name', 'of type string', name);
    if (this[kOptions].isServer) throw coded(Error, 'ERR_TLS_SNI_FROM_SERVER', 'Cannot issue SNI from a TLS server-side socket');
    this[kOptions].servername = name;
  };
  for (const name of ['renegotiate', 'exportKeyingMaterial', 'getX509Certificate', 'getPeerX509Certificate', 'setKeyCert']) {
    proto[name] = missing('tls', `TLSSocket.prototype.${name}`);
  }

  return { TLSSocket, kSecure };
})
