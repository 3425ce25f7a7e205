// node:net, <https://nodejs.org/api/net.html>

(function ({ natives, part }) {
  const { isIP: version } = natives('net');
  const { Socket } = part('net/socket');
  const { Server } = part('net/server');
  const connecting = part('net/connect');

  const isIP = (text) => version(`${text ?? ''}`);

  function connect(...args) {
    const normal = connecting.normalizeArgs(args), [options] = normal;
    const socket = new Socket(options);
    if (options.timeout) socket.setTimeout(options.timeout);
    return socket.connect(normal);
  }

  const net = {
    _createServerHandle: undefined,
    _normalizeArgs: connecting.normalizeArgs,
    connect,
    createConnection: connect,
    createServer: (options, listener) => new Server(options, listener),
    isIP,
    isIPv4: (text) => isIP(text) === 4,
    isIPv6: (text) => isIP(text) === 6,
    Server,
    Socket,
    Stream: Socket,
    getDefaultAutoSelectFamily: connecting.getDefaultAutoSelectFamily,
    setDefaultAutoSelectFamily: connecting.setDefaultAutoSelectFamily,
    getDefaultAutoSelectFamilyAttemptTimeout: connecting.getDefaultAutoSelectFamilyAttemptTimeout,
    setDefaultAutoSelectFamilyAttemptTimeout: connecting.setDefaultAutoSelectFamilyAttemptTimeout,
  };
  delete net._createServerHandle;
  for (const name of ['BlockList', 'SocketAddress']) {
    Object.defineProperty(net, name, { configurable: true, enumerable: true, get: () => part('net/addresses')[name] });
  }
  return net;
})
