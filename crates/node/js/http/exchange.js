// One request of a client on its socket, and the response that comes in.

(function ({ nextTick, part }) {
  const { AS_IT_SAYS, MessageParser, NO_BODY, UPGRADE, connectionReset } = part('http/common');
  const { IncomingMessage } = part('http/incoming');
  const { limited } = part('http/connection');
  const { onDrain } = part('http/outgoing');
  const kExchange = Symbol('exchange'), kListensTimeout = Symbol('listens to timeout');

  function emitErrorOf(request, error) {
    if (request._errorEmitted) return;
    request._errorEmitted = true;
    request.emit('error', error);
  }
  function emitClose(request) {
    if (request._closed) return;
    request.destroyed = true;
    request._closed = true;
    request.emit('close');
  }
  // Nothing is written any more.
  function end(request) {
    request.destroyed = true;
    request.outputData = [];
    request.outputSize = 0;
  }

  class Exchange {
    constructor(request, socket) {
      this.request = request;
      this.socket = socket;
      this.parser = new MessageParser(this, false, request.maxHeaderSize);
      this.listeners = {
        data: (bytes) => this.received(bytes),
        end: () => this.ended(),
        close: () => this.closed(),
        error: (error) => this.failed(error),
        drain: () => onDrain(request),
        timeout: () => request.res?.emit('timeout'),
      };
      socket.parser = this.parser;
      socket._httpMessage = request;
      request.parser = this.parser;
      for (const name of ['data', 'end', 'close', 'error', 'drain']) socket.on(name, this.listeners[name]);
    }

    // The socket is no longer this request's.
    letGo() {
      this.parser.close();
      this.socket.parser = null;
      this.request.parser = null;
      for (const [name, listener] of Object.entries(this.listeners)) this.socket.removeListener(name, listener);
      const { timeoutCb } = this.request;
      if (timeoutCb) this.socket.removeListener('timeout', timeoutCb);
    }

    received(bytes) {
      const { request, socket } = this;
      const taken = this.parser.execute(bytes);
      if (taken instanceof Error) {
        this.letGo();
        socket.removeListener('close', this.listeners.close);
        request._hadError = true;
        socket.on('error', () => {});
        socket.destroy();
        emitErrorOf(request, taken);
        end(request);
        this.finishClosed();
      } else if (this.upgraded) {
        this.handOver(bytes.subarray(taken));
      }
    }

    handOver(rest) {
      const { request, socket, upgraded: response } = this;
      const event = request.method === 'CONNECT' ? 'connect' : 'upgrade';
      this.upgraded = null;
      this.letGo();
      if (request.listenerCount(event) === 0) {
        socket.destroy();
        return;
      }
      request.upgradeOrConnect = true;
      socket.emit('agentRemove');
      if (request.timeoutCb) socket.setTimeout?.(0);
      socket._httpMessage = null;
      if (socket._readableState) socket._readableState.flowing = null;
      request.emit(event, response, socket, rest);
      end(request);
      emitClose(request);
    }

    ended() {
      const { request, socket } = this;
      if (!request.res && !request._hadError) {
        // Closed before it answered.
        request._hadError = true;
        emitErrorOf(request, connectionReset('socket hang up'));
      }
      if (!this.parser.isClosed) {
        this.parser.finish();
        this.parser.close();
      }
      socket.end();
    }

    failed(error) {
      const { request, socket } = this;
      request._hadError = true;
      emitErrorOf(request, error);
      this.parser.close();
      socket.removeListener('data', this.listeners.data);
      socket.removeListener('end', this.listeners.end);
      socket.destroy();
    }

    closed() {
      const { request } = this;
      if (!this.parser.isClosed) this.parser.finish();
      this.letGo();
      this.finishClosed();
    }
    finishClosed() {
      const { request } = this, response = request.res;
      end(request);
      if (response) {
        // A body that has no other end has ended.
        if (!response.complete) response.destroy(connectionReset('aborted'));
        emitClose(request);
        if (!response.aborted && response.readable) response.push(null);
        return;
      }
      if (!request._hadError) {
        request._hadError = true;
        emitErrorOf(request, connectionReset('socket hang up'));
      }
      emitClose(request);
    }

    onHead(status, reason, minor, fields, keepsAlive, isUpgrade) {
      const { request, socket } = this;
      const response = new IncomingMessage(socket);
      response.httpVersionMajor = 1;
      response.httpVersionMinor = minor;
      response.httpVersion = `1.${minor}`;
      response.joinDuplicateHeaders = request.joinDuplicateHeaders;
      response.rawHeaders = limited(fields, request.maxHeadersCount);
      response.statusCode = status;
      response.statusMessage = reason;
      response.upgrade = isUpgrade;
      if (request.method === 'CONNECT' && status >= 200 && status < 300) response.upgrade = true;
      if (response.upgrade) {
        response.upgrade = true;
        request.res = response;
        response.req = request;
        this.upgraded = response;
        return UPGRADE;
      }
      if (request.res && request.res !== this.interim) {
        // A second answer to one question.
        socket.destroy();
        return AS_IT_SAYS;
      }
      if (status >= 100 && status < 200) {
        this.informed(status, response);
        return AS_IT_SAYS;
      }
      this.parser.incoming = response;
      request.res = response;
      response.req = request;
      if (request.shouldKeepAlive && !keepsAlive) request.shouldKeepAlive = false;
      socket.on('timeout', this.listeners.timeout);
      // Before any other listener: the connection is free for whatever that one asks.
      response.on('end', () => this.responseEnded());
      if (request.aborted || request.destroyed || !request.emit('response', response)) response._dump();
      return request.method === 'HEAD' ? NO_BODY : AS_IT_SAYS;
    }

    // <https://www.rfc-editor.org/rfc/rfc9110#section-15.2>: the answer is still to come.
    informed(statusCode, { httpVersion, httpVersionMajor, httpVersionMinor, statusMessage, headers, rawHeaders }) {
      const { request } = this;
      this.parser.incoming = null;
      request.res = null;
      if (statusCode === 100) request.emit('continue');
      request.emit('information', { statusCode, statusMessage, httpVersion, httpVersionMajor, httpVersionMinor, headers, rawHeaders });
    }

    onBody(bytes) {
      const response = this.parser.incoming;
      if (response && !response._dumped && !response.push(bytes)) this.socket.pause();
    }

    onEnd(trailers) {
      const response = this.parser.incoming, { request, socket } = this;
      if (!response) return;
      response.complete = true;
      if (trailers.length > 0) response.rawTrailers = trailers;
      this.parser.incoming = null;
      response.push(null);
      if (socket.readableFlowing === false && socket.readable) socket.resume();
    }

    responseEnded() {
      const { request, socket } = this;
      request._ended = true;
      if (!request.shouldKeepAlive) {
        if (socket.writable) {
          if (typeof socket.destroySoon === 'function') socket.destroySoon();
          else socket.end();
        }
      } else if (request.writableFinished && !request.aborted) {
        this.keepAlive();
      } else if (request.finished) {
        // What was sent is not written yet.
        request.once('finish', () => { if (!request.aborted) this.keepAlive(); });
      } else if (!socket.destroyed) {
        // Answered before all was asked: the rest would be taken for another question.
        request.shouldKeepAlive = false;
        request.once('finish', () => socket.destroySoon?.());
      }
    }
    keepAlive() {
      const { request, socket } = this;
      if (this.isKept) return;
      this.isKept = true;
      if (request.timeoutCb) socket.setTimeout?.(0);
      this.letGo();
      request.destroyed = true;
      // Whoever destroys it destroys no connection of another.
      if (request.res) request.res.socket = null;
      nextTick(() => {
        emitClose(request);
        socket.emit('free');
      });
    }
  }

  function listenTimeout(request) {
    if (request.timeoutCb) return;
    request.timeoutCb = () => request.emit('timeout');
    const listen = (socket) => socket.once('timeout', request.timeoutCb);
    if (request.socket) listen(request.socket);
    else request.once('socket', listen);
  }

  function begin(request, socket) {
    request.socket = socket;
    request[kExchange] = new Exchange(request, socket);
    if (request.timeout !== undefined || request.agent?.options?.timeout) {
      listenTimeout(request);
      if (request.timeout !== undefined && socket.timeout !== request.timeout) socket.setTimeout?.(request.timeout);
    }
    request.emit('socket', socket);
    // It may have been paused for the response before.
    if (socket.readableFlowing === false) socket.resume();
    if (!request.destroyed) request._flush();
  }

  return { begin, emitClose, emitErrorOf, listenTimeout };
})
