// node:https: HTTP over TLS, <https://nodejs.org/api/https.html>

(function ({ builtin, part }) {
  const tls = builtin('tls');
  const http = builtin('http');
  const { beginLooking, proto: served, serve, stop, takeOptions } = part('http/server');
  const { ClientRequest } = part('http/client');
  const { protocolNames } = part('tls/context');

  function Server(options, listener) {
    if (!(this instanceof Server)) return new Server(options, listener);
    if (typeof options === 'function') [options, listener] = [{}, options];
    options = { ...options };
    if (!options.ALPNProtocols && !options.ALPNCallback) options.ALPNProtocols = ['http/1.1'];
    protocolNames(options.ALPNProtocols);
    takeOptions(this, options);
    tls.Server.call(this, { noDelay: true, ...options, allowHalfOpen: true });
    if (listener) this.on('request', listener);
    this.on('secureConnection', serve);
    this.on('listening', beginLooking);
    this.on('tlsClientError', (error, socket) => {
      if (!this.emit('clientError', error, socket)) socket.destroy();
    });
  }
  Object.setPrototypeOf(Server.prototype, tls.Server.prototype);
  Object.setPrototypeOf(Server, tls.Server);
  const proto = Server.prototype;
  for (const name of ['closeAllConnections', 'closeIdleConnections', 'setTimeout']) proto[name] = served[name];
  proto.close = function (...args) {
    stop(this);
    return tls.Server.prototype.close.apply(this, args);
  };

  // What a connection is made with: another request may only use one that is the same in all of it.
  const NAMED = ['ca', 'cert', 'clientCertEngine', 'ciphers', 'key', 'pfx', 'rejectUnauthorized', 'servername', 'minVersion', 'maxVersion',
    'secureProtocol', 'crl', 'honorCipherOrder', 'ecdhCurve', 'dhparam', 'secureOptions', 'sessionIdContext', 'sigalgs',
    'privateKeyIdentifier', 'privateKeyEngine'];

  function Agent(options) {
    if (!(this instanceof Agent)) return new Agent(options);
    http.Agent.call(this, { defaultPort: 443, protocol: 'https:', ...options });
    this.maxCachedSessions = this.options.maxCachedSessions ?? 100;
  }
  Object.setPrototypeOf(Agent.prototype, http.Agent.prototype);
  Object.setPrototypeOf(Agent, http.Agent);
  Agent.prototype.createConnection = function (port, host, options) {
    if (port !== null && typeof port === 'object') options = port;
    else if (host !== null && typeof host === 'object') options = { ...host, port };
    else options = { ...options, port, host };
    return tls.connect({ ...options });
  };
  Agent.prototype.getName = function (options = {}) {
    let name = http.Agent.prototype.getName.call(this, options);
    for (const key of NAMED) {
      const value = options[key];
      name += ':';
      if (key === 'servername' ? value && value !== options.host : value !== undefined && value !== null) name += `${value}`;
    }
    return name;
  };

  let globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });
  function request(...args) {
    let options = {};
    if (typeof args[0] === 'string' || args[0] instanceof URL) {
      const url = args.shift();
      options = builtin('url').urlToHttpOptions(new URL(url));
    }
    if (typeof args[0] !== 'function') Object.assign(options, args.shift());
    options._defaultAgent = globalAgent;
    return new ClientRequest(options, args[0]);
  }

  return {
    Agent,
    Server,
    createServer: (options, listener) => new Server(options, listener),
    get globalAgent() { return globalAgent; },
    set globalAgent(agent) { globalAgent = agent; },
    request,
    get(...args) {
      const made = request(...args);
      made.end();
      return made;
    },
  };
})
