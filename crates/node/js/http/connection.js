// One connection of a server: its requests as they come in, its responses in their order.

(function ({ Buffer, coded, nextTick, part }) {
  const { AS_IT_SAYS, MessageParser, UPGRADE, connectionReset } = part('http/common');
  const { emitClose } = part('http/response');
  const { kUnique, onDrain } = part('http/outgoing');
  const ignore = () => {};
  const kState = Symbol('connection');

  const answerTo = (code) => {
    switch (code) {
      case 'HPE_HEADER_OVERFLOW': return '431 Request Header Fields Too Large';
      case 'HPE_CHUNK_EXTENSIONS_OVERFLOW': return '413 Payload Too Large';
      case 'ERR_HTTP_REQUEST_TIMEOUT': return '408 Request Timeout';
      default: return '400 Bad Request';
    }
  };

  // What the client sent cannot be served: unless a listener takes care of it, it is told so.
  function fail(socket, error) {
    socket[kState]?.stopListening();
    const { server } = socket[kState] ?? {};
    if (server?.emit('clientError', error, socket)) return;
    if (socket.writable && !(socket._httpMessage && socket._httpMessage._headerSent)) {
      socket.write(`HTTP/1.1 ${answerTo(error.code)}\r\nConnection: close\r\n\r\n`, 'latin1');
    }
    socket.destroy(error);
  }

  class Connection {
    // Requests without a complete response, and the responses that wait for their turn.
    incoming = [];
    outgoing = [];
    // Written to those that wait.
    pendingBytes = 0;
    requests = 0;
    isIdleTimed = false;

    // `left` is called once the connection is no longer one of HTTP.
    constructor(server, socket, left) {
      this.left = left;
      this.server = server;
      this.socket = socket;
      this.parser = new MessageParser(this, true, server.maxHeaderSize);
      socket.parser = this.parser;
      socket[kState] = this;
      this.listeners = {
        data: (bytes) => this.received(bytes),
        end: () => this.ended(),
        close: () => this.closed(),
        drain: () => this.drained(),
        error: (error) => fail(socket, error),
        timeout: () => this.timedOut(),
      };
      for (const name of ['error', 'close', 'end', 'data', 'drain']) socket.on(name, this.listeners[name]);
      if (typeof socket.setTimeout === 'function') {
        if (server.timeout) socket.setTimeout(server.timeout);
        socket.on('timeout', this.listeners.timeout);
      }
      // Bytes are what is parsed.
      socket.setEncoding = () => {
        throw coded(Error, 'ERR_HTTP_SOCKET_ENCODING', 'Changing the socket encoding is not allowed per RFC7230 Section 3.');
      };
    }

    stopListening() {
      this.socket.removeListener('error', this.listeners.error);
      if (this.socket.listenerCount('error') === 0) this.socket.on('error', ignore);
    }

    received(bytes) {
      const taken = this.parser.execute(bytes);
      if (taken instanceof Error) {
        fail(this.socket, taken);
      } else if (this.upgraded) {
        this.handOver(bytes.subarray(taken));
      }
    }

    // From here on another protocol is spoken, by whoever listens.
    handOver(rest) {
      const { server, socket, upgraded: request } = this;
      this.left();
      delete socket.setEncoding;
      this.upgraded = null;
      this.parser.close();
      socket.parser = null;
      for (const [name, listener] of Object.entries(this.listeners)) socket.removeListener(name, listener);
      if (this.isIdleTimed) socket.setTimeout(0);
      socket.readableFlowing = null;
      if (socket._readableState) socket._readableState.flowing = null;
      const event = request.method === 'CONNECT' ? 'connect' : 'upgrade';
      if (event === 'upgrade' || server.listenerCount(event) > 0) server.emit(event, request, socket, rest);
      else socket.destroy();
    }

    ended() {
      const error = this.parser.isClosed ? undefined : this.parser.finish();
      if (error) {
        fail(this.socket, error);
        return;
      }
      const last = this.outgoing.at(-1) ?? this.socket._httpMessage;
      if (this.server.httpAllowHalfOpen && last) last._last = true;
      else this.socket.end();
    }

    closed() {
      this.left();
      this.parser.close();
      this.socket.parser = null;
      for (const request of this.incoming.splice(0)) request.destroy(connectionReset('aborted'));
      // Those that waited for their turn will not have it.
      for (const response of this.outgoing.splice(0)) nextTick(emitClose, response);
    }

    drained() {
      const room = this.socket.writableHighWaterMark;
      const { parser } = this;
      if (parser.isPaused && this.pendingBytes <= room && !this.socket.writableNeedDrain) {
        parser.isPaused = false;
        const { rest } = parser;
        parser.rest = null;
        // In a tick of its own: it may be asked for in the middle of a response.
        nextTick(() => {
          if (rest) this.received(rest);
          if (!parser.isPaused && !parser.isClosed) this.socket.resume();
        });
      }
      onDrain(this.socket._httpMessage);
    }

    timedOut() {
      const { parser, server, socket } = this, request = parser.incoming, response = socket._httpMessage;
      const isHeard = [
        request && !request.complete && request.emit('timeout', socket),
        response?.emit('timeout', socket),
        server.emit('timeout', socket),
      ].some(Boolean);
      if (!isHeard) socket.destroy();
    }

    onHead(method, url, minor, fields, keepsAlive, isUpgrade) {
      const { server, socket, parser } = this;
      const request = new server._IncomingMessage(socket);
      request.httpVersionMajor = 1;
      request.httpVersionMinor = minor;
      request.httpVersion = `1.${minor}`;
      request.joinDuplicateHeaders = server.joinDuplicateHeaders;
      request.url = url;
      request.rawHeaders = limited(fields, server.maxHeadersCount);
      request.method = method;
      request.upgrade = isUpgrade;
      parser.incoming = request;
      if (this.isIdleTimed) {
        this.isIdleTimed = false;
        socket.setTimeout(server.timeout || 0);
      }
      if (isUpgrade) {
        request.upgrade = method === 'CONNECT' || Boolean(server.shouldUpgradeCallback(request));
        if (request.upgrade) {
          this.upgraded = request;
          return UPGRADE;
        }
      }
      this.begin(request, keepsAlive);
      return AS_IT_SAYS;
    }

    begin(request, keepsAlive) {
      const { server, socket } = this;
      this.incoming.push(request);
      // Who sends requests and does not read the responses has to wait.
      const response = new server._ServerResponse(request, {
        highWaterMark: socket.writableHighWaterMark, rejectNonStandardBodyWrites: server.rejectNonStandardBodyWrites,
      });
      response._keepAliveTimeout = server.keepAliveTimeout;
      response._maxRequestsPerSocket = server.maxRequestsPerSocket;
      response._onPendingData = (bytes) => {
        this.pendingBytes += bytes;
        if (bytes < 0) this.drained();
      };
      response.shouldKeepAlive = keepsAlive;
      response[kUnique] = server._uniqueHeaders;
      if (socket._httpMessage) this.outgoing.push(response);
      else response.assignSocket(socket);
      response.on('finish', () => this.finished(request, response));
      this.answer(request, response);
      // Who sends requests and does not read the responses has to wait.
      if (socket.writableNeedDrain || this.pendingBytes >= socket.writableHighWaterMark) {
        this.parser.isPaused = true;
        socket.pause();
      }
    }

    answer(request, response) {
      const { server } = this;
      if (request.httpVersionMinor >= 1) {
        if (server.requireHostHeader && request.headers.host === undefined) {
          response.writeHead(400, ['Connection', 'close']);
          response.end();
          return;
        }
        const most = server.maxRequestsPerSocket;
        if (typeof most === 'number' && most > 0) {
          this.requests++;
          response.maxRequestsOnConnectionReached = most <= this.requests;
          if (most < this.requests) {
            server.emit('dropRequest', request, this.socket);
            response.writeHead(503);
            response.end();
            return;
          }
        }
        if (request.headers.expect !== undefined) {
          this.expect(request, response);
          return;
        }
      }
      server.emit('request', request, response);
    }

    // <https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1>
    expect(request, response) {
      const { server } = this;
      if (/(?:^|\W)100-continue(?:$|\W)/i.test(request.headers.expect)) {
        response._expect_continue = true;
        if (server.listenerCount('checkContinue') > 0) {
          server.emit('checkContinue', request, response);
        } else {
          response.writeContinue();
          server.emit('request', request, response);
        }
      } else if (server.listenerCount('checkExpectation') > 0) {
        server.emit('checkExpectation', request, response);
      } else {
        response.writeHead(417);
        response.end();
      }
    }

    onBody(bytes) {
      const request = this.parser.incoming;
      if (request && !request._dumped && !request.push(bytes)) this.socket.pause();
    }

    onEnd(trailers) {
      const request = this.parser.incoming;
      if (!request) return;
      request.complete = true;
      if (trailers.length > 0) request.rawTrailers = trailers;
      request.push(null);
      // What follows is the next request.
      if (!this.parser.isPaused && this.socket.readableFlowing === false && this.socket.readable) this.socket.resume();
    }

    // A response is written: the next one's turn.
    finished(request, response) {
      const { parser, server, socket } = this;
      const place = this.incoming.indexOf(request);
      if (place >= 0) this.incoming.splice(place, 1);
      // What nobody read of the request is not read.
      if (!request._consuming && !request.readableDidRead) request._dump();
      response.detachSocket(socket);
      const forget = () => {
        if (parser.incoming === request) parser.incoming = null;
      };
      if (request.readableEnded) forget();
      else request.once('end', forget);
      nextTick(emitClose, response);
      if (response._last) {
        if (typeof socket.destroySoon === 'function') socket.destroySoon();
        else socket.end();
        return;
      }
      const next = this.outgoing.shift();
      if (next) {
        next.assignSocket(socket);
      } else if (server.keepAliveTimeout && typeof socket.setTimeout === 'function' && !socket.destroyed) {
        socket.setTimeout(server.keepAliveTimeout + server.keepAliveTimeoutBuffer);
        this.isIdleTimed = true;
      }
    }
  }

  // `maxHeadersCount`: those that are more are left out. 0 is all, nothing said 2000.
  const MOST_FIELDS = 2000;
  function limited(fields, most) {
    const count = typeof most === 'number' ? most : MOST_FIELDS;
    return count > 0 && fields.length > count * 2 ? fields.slice(0, count * 2) : fields;
  }

  return { fail, limited, serve: (server, socket, left) => new Connection(server, socket, left) };
})
