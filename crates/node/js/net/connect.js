// How a socket connects: names, families, one address after the other.
//
// <https://nodejs.org/api/net.html#socketconnectoptions-connectlistener>

(function ({ builtin, coded, invalidArgument, natives, nextTick, outOfRange, part }) {
  const { isIP } = natives('net');
  const { clearTimeout, setTimeout } = builtin('timers');
  const { checkPort, invalidValue, ofAddress } = part('net/errors');
  const Handle = part('net/handle');
  const { check } = part('stream/errors');
  const LEAST_ATTEMPT_MS = 10;
  let autoSelectFamily = true, attemptTimeoutMs = 250;

  const normalized = Symbol('normalized');
  // `(options[, callback])`, `(path[, callback])`, `(port[, host][, callback])`
  function normalizeArgs(args) {
    if (args[normalized]) return args;
    let options = {};
    const [first, second] = args;
    if (typeof first === 'object' && first !== null) {
      options = first;
    } else if (typeof first === 'string' && !(Number(first) >= 0 && first.trim() !== '')) {
      options.path = first;
    } else {
      if (args.length > 0) options.port = first;
      if (args.length > 1 && typeof second === 'string') options.host = second;
    }
    const last = args[args.length - 1];
    const normal = [options, typeof last === 'function' ? last : null];
    Object.defineProperty(normal, normalized, { value: true });
    return normal;
  }

  function connect(socket, args) {
    // Sockets of `http` and others come with what was normalized by them.
    const [options, callback] = normalizeArgs(Array.isArray(args[0]) ? args[0] : args);
    if (options.port === undefined && (options.path === undefined || options.path === null)) {
      throw coded(TypeError, 'ERR_MISSING_ARGS', 'The "options" or "port" or "path" argument must be specified');
    }
    socket._reopen();
    if (callback !== null) socket.once('connect', callback);
    socket._unrefTimer();
    socket.connecting = true;
    if (options.noDelay !== undefined) socket.setNoDelay(options.noDelay);
    if (options.keepAlive !== undefined) socket.setKeepAlive(options.keepAlive, options.keepAliveInitialDelay);
    if (options.path) toPath(socket, options.path);
    else toHost(socket, options);
    return socket;
  }

  function toPath(socket, path) {
    if (typeof path !== 'string') throw invalidArgument('options.path', 'of type string', path);
    const handle = socket._handle;
    handle.connectPath(path, (failure) => {
      if (socket._handle !== handle) return;
      if (failure) socket.destroy(ofAddress(failure, 'connect', path));
      else socket._connected();
    });
  }

  function toHost(socket, options) {
    const { host = 'localhost', localAddress, localPort, family = 0, hints, lookup = builtin('dns').lookup } = options;
    if (localAddress && !isIP(localAddress)) {
      throw coded(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${localAddress}`);
    }
    if (localPort !== undefined && localPort !== null && typeof localPort !== 'number') throw invalidArgument('options.localPort', 'of type number', localPort);
    if (typeof options.port !== 'number' && typeof options.port !== 'string') {
      throw invalidArgument('options.port', 'one of type number or string', options.port);
    }
    const port = checkPort(options.port, 'Port');
    check.callable(lookup, 'options.lookup');
    const isAuto = options.autoSelectFamily ?? autoSelectFamily;
    check.boolean(isAuto, 'options.autoSelectFamily');
    const target = { name: host || 'localhost', port, localAddress, localPort: localPort || 0, handle: socket._handle };
    if (options.autoSelectFamilyAttemptTimeout !== undefined) {
      check.integer(options.autoSelectFamilyAttemptTimeout, 'options.autoSelectFamilyAttemptTimeout', 1);
    }
    target.attemptMs = Math.max(options.autoSelectFamilyAttemptTimeout ?? attemptTimeoutMs, LEAST_ATTEMPT_MS);
    const known = isIP(target.name);
    if (known) {
      socket._host = target.name;
      if (options.blockList?.check(target.name, `ipv${known}`)) return refuse(socket, target.name, port);
      nextTick(() => tryOne(socket, target, { address: target.name, family: known }, (error) => finish(socket, error)));
      return;
    }
    socket._host = target.name;
    const asked = { family: family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family, hints: hints || 0 };
    const isAll = isAuto && !asked.family && !localAddress;
    if (isAll) asked.all = true;
    const { forPort } = builtin('dns').lookup;
    Object.defineProperty(asked, forPort, { value: port, enumerable: false });
    lookup(target.name, asked, (error, address, found) => {
      if (!socket.connecting || socket._handle !== target.handle) return;
      if (isAll && !error) {
        address.forEach((one) => socket.emit('lookup', null, one.address, one.family, target.name));
        startAll(socket, target, address, options.blockList);
        return;
      }
      socket.emit('lookup', error, address, found, target.name);
      if (!socket.connecting || socket._handle !== target.handle) return;
      if (error) {
        nextTick(() => socket.destroy(error));
      } else if (typeof address !== 'string' || !isIP(address)) {
        nextTick(() => socket.destroy(coded(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${address}`)));
      } else if (found !== 4 && found !== 6) {
        nextTick(() => socket.destroy(badFamily(found, host, port)));
      } else if (options.blockList?.check(address, `ipv${found}`)) {
        refuse(socket, address, port);
      } else {
        socket._unrefTimer();
        tryOne(socket, target, { address, family: found }, (failure) => finish(socket, failure));
      }
    });
  }
  const badFamily = (family, host, port) => Object.assign(
    coded(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', `Invalid address family: ${family} ${host}:${port}`), { host, port });
  function refuse(socket, address, port) {
    const error = Object.assign(coded(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`), { address, port });
    nextTick(() => socket.destroy(error));
  }
  function finish(socket, error) {
    if (error) socket.destroy(error);
    else socket._connected();
  }

  // Of both families in turn, beginning with that of the first.
  function interleaved(addresses) {
    const first = addresses.filter(({ family }) => family === addresses[0].family);
    const other = addresses.filter(({ family }) => family !== addresses[0].family);
    const order = [];
    while (first.length > 0 || other.length > 0) order.push(...first.splice(0, 1), ...other.splice(0, 1));
    return order;
  }

  function startAll(socket, target, addresses, blockList) {
    const all = Array.isArray(addresses) ? addresses.filter((one) => isIP(one?.address) && (one.family === 4 || one.family === 6)) : [];
    if (all.length === 0) {
      const first = addresses?.[0];
      nextTick(() => socket.destroy(first && !isIP(first.address)
        ? coded(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${first.address}`)
        : badFamily(first?.family, target.name, target.port)));
      return;
    }
    const order = interleaved(all), errors = [];
    socket.autoSelectFamilyAttemptedAddresses = [];
    const next = (index) => {
      if (!socket.connecting || socket._handle !== target.handle) return;
      if (index === order.length) {
        socket.destroy(errors.length === 1 ? errors[0] : Object.assign(new AggregateError(errors), { code: errors[0].code }));
        return;
      }
      const one = order[index];
      if (blockList?.check(one.address, `ipv${one.family}`)) return refuse(socket, one.address, target.port);
      socket.autoSelectFamilyAttemptedAddresses.push(`${one.address}:${target.port}`);
      const isLast = index === order.length - 1;
      let timer;
      const goOn = (error) => {
        errors.push(error);
        // An attempt that is given up leaves its handle behind.
        if (!isLast) {
          target.handle.close();
          socket._handle = target.handle = new Handle();
        }
        next(index + 1);
      };
      if (!isLast) {
        timer = setTimeout(() => {
          socket.emit('connectionAttemptTimeout', one.address, target.port, one.family);
          goOn(ofAddress('ETIMEDOUT', 'connect', one.address, target.port));
        }, target.attemptMs);
      }
      tryOne(socket, target, one, (error) => {
        clearTimeout(timer);
        if (error) goOn(error);
        else socket._connected();
      });
    };
    next(0);
  }

  function tryOne(socket, target, { address, family }, done) {
    const { handle, name, port, localAddress, localPort } = target;
    if (!socket.connecting || socket._handle !== handle) return;
    socket.emit('connectionAttempt', address, port, family);
    handle.connect(name, address, port, localAddress ?? undefined, localPort, (failure) => {
      if (socket._handle !== handle || !socket.connecting) return;
      const local = localAddress ? `${localAddress}:${localPort}` : undefined;
      const error = failure ? ofAddress(failure, 'connect', address, port, false, local) : null;
      if (error) socket.emit('connectionAttemptFailed', address, port, family, error);
      done(error);
    });
  }

  return {
    connect, normalizeArgs,
    getDefaultAutoSelectFamily: () => autoSelectFamily,
    setDefaultAutoSelectFamily(isOn) {
      check.boolean(isOn, 'value');
      autoSelectFamily = isOn;
    },
    getDefaultAutoSelectFamilyAttemptTimeout: () => attemptTimeoutMs,
    setDefaultAutoSelectFamilyAttemptTimeout(ms) {
      check.integer(ms, 'value', 1);
      attemptTimeoutMs = Math.max(ms, LEAST_ATTEMPT_MS);
    },
  };
})
