// `http.Agent`: connections that are used again, <https://nodejs.org/api/http.html#class-httpagent>

(function ({ builtin, outOfRange, part }) {
  const EventEmitter = builtin('events');
  const net = builtin('net');
  const { invalidArgument, make } = part('stream/errors');
  const kOptions = Symbol('options');

  function Agent(options) {
    if (!(this instanceof Agent)) return new Agent(options);
    EventEmitter.call(this);
    this.options = { __proto__: null, noDelay: true, path: null, ...options };
    this.defaultPort = this.options.defaultPort || 80;
    this.protocol = this.options.protocol || 'http:';
    this.requests = { __proto__: null };
    this.sockets = { __proto__: null };
    this.freeSockets = { __proto__: null };
    this.keepAliveMsecs = this.options.keepAliveMsecs || 1000;
    this.keepAlive = this.options.keepAlive || false;
    this.maxSockets = this.options.maxSockets || Infinity;
    this.maxFreeSockets = this.options.maxFreeSockets || 256;
    this.scheduling = this.options.scheduling || 'lifo';
    this.maxTotalSockets = this.options.maxTotalSockets ?? Infinity;
    this.agentKeepAliveTimeoutBuffer = this.options.agentKeepAliveTimeoutBuffer ?? 1000;
    this.totalSocketCount = 0;
    if (this.scheduling !== 'fifo' && this.scheduling !== 'lifo') {
      throw make.invalidValue('scheduling', this.scheduling, "must be one of: 'fifo', 'lifo'");
    }
    if (this.options.maxTotalSockets !== undefined) {
      if (typeof this.maxTotalSockets !== 'number') throw invalidArgument('maxTotalSockets', 'of type number', this.maxTotalSockets);
      if (!(this.maxTotalSockets >= 1)) throw outOfRange('maxTotalSockets', '>= 1', this.maxTotalSockets);
    }
    this.on('free', (socket, options) => onFree(this, socket, options));
  }
  Object.setPrototypeOf(Agent.prototype, EventEmitter.prototype);
  Object.setPrototypeOf(Agent, EventEmitter);
  Agent.defaultMaxSockets = Infinity;
  const proto = Agent.prototype;

  proto.createConnection = function (...args) { return net.createConnection(...args); };

  proto.getName = function (options = {}) {
    let name = `${options.host || 'localhost'}:${options.port || ''}:${options.localAddress || ''}`;
    if (options.family === 4 || options.family === 6) name += `:${options.family}`;
    if (options.socketPath) name += `:${options.socketPath}`;
    return name;
  };

  function onFree(agent, socket, options) {
    const name = agent.getName(options);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const waiting = agent.requests[name];
    if (waiting?.length > 0) {
      const request = waiting.shift();
      if (waiting.length === 0) delete agent.requests[name];
      give(agent, request, socket);
      return;
    }
    const request = socket._httpMessage;
    if (!request || !request.shouldKeepAlive || !agent.keepAlive) {
      socket.destroy();
      return;
    }
    const free = agent.freeSockets[name] ?? [];
    const count = free.length + (agent.sockets[name]?.length ?? 0);
    if (agent.totalSocketCount > agent.maxTotalSockets || count > agent.maxSockets || free.length >= agent.maxFreeSockets
      || !agent.keepSocketAlive(socket)) {
      socket.destroy();
      return;
    }
    agent.freeSockets[name] = free;
    socket._httpMessage = null;
    agent.removeSocket(socket, options);
    socket.once('error', onIdleError);
    free.push(socket);
  }
  // A connection that breaks while nobody uses it is nobody's error.
  function onIdleError() { this.destroy(); }

  proto.addRequest = function (request, options, port, localAddress) {
    if (typeof options === 'string') options = { __proto__: null, host: options, port, localAddress };
    options = { __proto__: null, ...options, ...this.options };
    if (options.socketPath) options.path = options.socketPath;
    normalizeServerName(options, request);
    const name = this.getName(options);
    this.sockets[name] ??= [];
    const free = this.freeSockets[name];
    let socket;
    while (free?.length > 0 && !socket) {
      const next = this.scheduling === 'fifo' ? free.shift() : free.pop();
      if (!next.destroyed && next.writable) socket = next;
    }
    if (free?.length === 0) delete this.freeSockets[name];
    const count = this.sockets[name].length;
    if (socket) {
      socket.removeListener('error', onIdleError);
      this.reuseSocket(socket, request);
      give(this, request, socket);
      this.sockets[name].push(socket);
    } else if (count < this.maxSockets && this.totalSocketCount < this.maxTotalSockets) {
      this.createSocket(request, options, (error, made) => {
        if (error) request.onSocket(null, error);
        else give(this, request, made);
      });
    } else {
      request[kOptions] = options;
      (this.requests[name] ??= []).push(request);
    }
  };

  // The name that TLS asks for is that of the `Host` header, where there is one.
  function normalizeServerName(options, request) {
    if (options.servername || options.servername === '') return;
    options.servername = options.host;
    const host = request?.getHeader?.('host');
    if (host) {
      if (typeof host !== 'string') throw invalidArgument('options.headers.host', 'of type string', host);
      options.servername = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.split(':', 1)[0];
    }
    if (net.isIP(options.servername)) options.servername = '';
  }

  proto.createSocket = function (request, options, callback) {
    options = { __proto__: null, ...options, ...this.options };
    if (options.socketPath) options.path = options.socketPath;
    normalizeServerName(options, request);
    const name = this.getName(options);
    options._agentKey = name;
    options.encoding = null;
    // A connection may be told of, given back, or both: the first counts.
    let isDone = false;
    const done = (error, socket) => {
      if (isDone) return;
      isDone = true;
      if (error) {
        callback(error);
        return;
      }
      (this.sockets[name] ??= []).push(socket);
      this.totalSocketCount++;
      watch(this, socket, options);
      callback(null, socket);
    };
    if (this.keepAlive) Object.assign(options, { keepAlive: true, keepAliveInitialDelay: this.keepAliveMsecs });
    const made = this.createConnection(options, done);
    if (made) done(null, made);
  };

  function watch(agent, socket, options) {
    const free = () => agent.emit('free', socket, options);
    const remove = () => {
      agent.totalSocketCount--;
      agent.removeSocket(socket, options);
    };
    const timeout = () => {
      // Only one that waits: what is used tells whoever uses it.
      if (Object.values(agent.freeSockets).some((sockets) => sockets.includes(socket))) socket.destroy();
    };
    socket.on('free', free);
    socket.on('close', remove);
    socket.on('timeout', timeout);
    // Whoever takes it for another protocol takes it for good.
    socket.on('agentRemove', function onRemove() {
      socket.off('free', free);
      socket.off('close', remove);
      socket.off('timeout', timeout);
      socket.off('agentRemove', onRemove);
      remove();
    });
  }

  proto.removeSocket = function (socket, options) {
    const name = this.getName(options);
    const sets = [this.sockets];
    // One that can be written still is only used no more.
    if (!socket.writable) sets.push(this.freeSockets);
    for (const sockets of sets) {
      const place = sockets[name]?.indexOf(socket) ?? -1;
      if (place >= 0) {
        sockets[name].splice(place, 1);
        if (sockets[name].length === 0) delete sockets[name];
      }
    }
    let waiting = this.requests[name]?.[0];
    if (!waiting) {
      const [other] = Object.keys(this.requests);
      if (other === undefined || this.sockets[other]?.length > 0) return;
      [waiting] = this.requests[other];
      options = waiting[kOptions];
    }
    // It takes the first that waits, which may be another by then.
    this.createSocket(waiting, options, (error, made) => {
      if (error) waiting.onSocket(null, error);
      else made.emit('free');
    });
  };

  proto.keepSocketAlive = function (socket) {
    socket.setKeepAlive?.(true, this.keepAliveMsecs);
    socket.unref?.();
    let ms = this.options.timeout || 0;
    const hint = socket._httpMessage?.res?.headers?.['keep-alive'];
    if (typeof hint === 'string') {
      const told = /^timeout=(\d+)/.exec(hint)?.[1];
      if (told !== undefined) {
        // A little before the other side closes it.
        const server = Number(told) * 1000 - this.agentKeepAliveTimeoutBuffer;
        if (server <= 0) return false;
        if (server < (ms || Infinity)) ms = server;
      }
    }
    if (socket.timeout !== ms) socket.setTimeout?.(ms);
    return true;
  };
  proto.reuseSocket = function (socket, request) {
    request.reusedSocket = true;
    socket.ref?.();
  };
  proto.destroy = function () {
    for (const set of [this.freeSockets, this.sockets]) {
      for (const sockets of Object.values(set)) {
        for (const socket of [...sockets]) socket.destroy();
      }
    }
  };

  function give(agent, request, socket) {
    const ms = request.timeout === undefined ? agent.options.timeout || 0 : request.timeout;
    if (socket.timeout !== undefined ? socket.timeout !== ms : ms) socket.setTimeout?.(ms);
    request.onSocket(socket);
  }

  const globalAgent = new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });
  return { Agent, globalAgent };
})
