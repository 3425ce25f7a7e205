// node:http, <https://nodejs.org/api/http.html>

(function ({ missing, part }) {
  const { METHODS, MAX_HEAD_BYTES, STATUS_CODES, validateHeaderName, validateHeaderValue } = part('http/common');
  const { IncomingMessage } = part('http/incoming');
  const { OutgoingMessage } = part('http/outgoing');
  const { ServerResponse } = part('http/response');
  const { Server } = part('http/server');
  const { ClientRequest } = part('http/client');
  const agents = part('http/agent');

  const request = (url, options, callback) => new ClientRequest(url, options, callback);
  const http = {
    _connectionListener: missing('http', '_connectionListener'),
    METHODS: [...METHODS],
    STATUS_CODES,
    Agent: agents.Agent,
    ClientRequest,
    IncomingMessage,
    OutgoingMessage,
    Server,
    ServerResponse,
    createServer: (options, listener) => new Server(options, listener),
    validateHeaderName,
    validateHeaderValue,
    get(url, options, callback) {
      const made = request(url, options, callback);
      made.end();
      return made;
    },
    request,
    // Parsers are not kept: there is nothing to be set.
    setMaxIdleHTTPParsers(max) {
      part('stream/errors').check.integer(max, 'max', 1);
    },
    setGlobalProxyFromEnv: missing('http', 'setGlobalProxyFromEnv'),
  };
  Object.defineProperty(http, 'maxHeaderSize', { configurable: true, enumerable: true, get: () => MAX_HEAD_BYTES });
  Object.defineProperty(http, 'globalAgent', {
    configurable: true, enumerable: true,
    get: () => agents.globalAgent,
    set(agent) { agents.globalAgent = agent; },
  });
  for (const name of ['CloseEvent', 'MessageEvent', 'WebSocket']) {
    Object.defineProperty(http, name, { configurable: true, enumerable: true, get: () => globalThis[name] });
  }
  return http;
})
