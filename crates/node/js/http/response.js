// `http.ServerResponse`, <https://nodejs.org/api/http.html#class-httpserverresponse>

(function ({ coded, inspect, invalidArgument, part, outOfRange }) {
  const { OutgoingMessage, kFields } = part('http/outgoing');
  const { STATUS_CODES, invalidChar, isFieldValue, validateHeaderName, validateHeaderValue } = part('http/common');
  const { make } = part('stream/errors');

  function ServerResponse(request, options) {
    OutgoingMessage.call(this, options);
    if (request.method === 'HEAD') this._hasBody = false;
    this.req = request;
    this.sendDate = true;
    this._sent100 = false;
    this._expect_continue = false;
    if (request.httpVersionMajor < 1 || request.httpVersionMinor < 1) {
      this.useChunkedEncodingByDefault = /(?:^|\W)chunked(?:$|\W)/i.test(request.headers.te);
      this.shouldKeepAlive = false;
    }
  }
  Object.setPrototypeOf(ServerResponse.prototype, OutgoingMessage.prototype);
  Object.setPrototypeOf(ServerResponse, OutgoingMessage);
  const proto = ServerResponse.prototype;

  proto.statusCode = 200;
  proto.statusMessage = undefined;

  function emitClose(response) {
    if (response._closed) return;
    response.destroyed = true;
    response._closed = true;
    response.emit('close');
  }
  function onSocketClose() {
    if (this._httpMessage) emitClose(this._httpMessage);
  }
  proto.assignSocket = function (socket) {
    if (socket._httpMessage) throw coded(Error, 'ERR_HTTP_SOCKET_ASSIGNED', 'Socket already assigned');
    socket._httpMessage = this;
    socket.on('close', onSocketClose);
    this.socket = socket;
    this.emit('socket', socket);
    this._flush();
  };
  proto.detachSocket = function (socket) {
    socket.removeListener('close', onSocketClose);
    socket._httpMessage = null;
    this.socket = null;
  };

  proto.writeContinue = function (callback) {
    this._writeRaw('HTTP/1.1 100 Continue\r\n\r\n', 'latin1', callback);
    this._sent100 = true;
  };
  proto.writeProcessing = function (callback) {
    this._writeRaw('HTTP/1.1 102 Processing\r\n\r\n', 'latin1', callback);
  };
  proto.writeEarlyHints = function (hints, callback) {
    if (hints === null || typeof hints !== 'object' || Array.isArray(hints)) throw invalidArgument('hints', 'of type object', hints);
    if (hints.link === null || hints.link === undefined) return;
    const links = [hints.link].flat();
    for (const link of links) {
      if (typeof link !== 'string' || !/^(?:<[^>]*>)(?:\s*;\s*[^;"\s]+(?:=(")?[^;"\s]*\1)?)*$/.test(link)) {
        throw make.invalidValue('hints', link, 'must be an array or string of format "</styles.css>; rel=preload; as=style"');
      }
    }
    if (links.length === 0) return;
    let head = `HTTP/1.1 103 Early Hints\r\nLink: ${links.join(', ')}\r\n`;
    for (const key of Object.keys(hints)) {
      if (key === 'link') continue;
      validateHeaderName(key);
      validateHeaderValue(key, hints[key]);
      head += `${key}: ${hints[key]}\r\n`;
    }
    this._writeRaw(`${head}\r\n`, 'latin1', callback);
  };

  proto._implicitHeader = function () { this.writeHead(this.statusCode); };

  proto.writeHead = function (statusCode, reason, headers) {
    if (this._header) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot write headers after they are sent to the client');
    const original = statusCode;
    statusCode |= 0;
    if (statusCode < 100 || statusCode > 999) {
      throw coded(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${typeof original === 'object' ? inspect(original) : String(original)}`);
    }
    if (typeof reason === 'string') {
      this.statusMessage = reason;
    } else {
      this.statusMessage ||= STATUS_CODES[statusCode] || 'unknown';
      headers ??= reason;
    }
    this.statusCode = statusCode;
    let fields = headers;
    if (this[kFields]) {
      setAll(this, headers);
      fields = this[kFields];
    }
    if (!isFieldValue(`${this.statusMessage}`)) throw invalidChar('statusMessage');
    if (statusCode === 204 || statusCode === 304 || (statusCode >= 100 && statusCode <= 199)) this._hasBody = false;
    // Who was not told to continue may not send a body, or may: what follows cannot be told.
    if (this._expect_continue && !this._sent100) this.shouldKeepAlive = false;
    this._storeHeader(`HTTP/1.1 ${statusCode} ${this.statusMessage}\r\n`, fields);
    return this;
  };
  proto.writeHeader = proto.writeHead;

  // Those that were set before are replaced.
  function setAll(response, headers) {
    if (!headers) return;
    if (!Array.isArray(headers)) {
      for (const key of Object.keys(headers)) {
        if (key) response.setHeader(key, headers[key]);
      }
      return;
    }
    const list = headers.length > 0 && Array.isArray(headers[0]) ? headers.flat(1) : headers;
    if (list.length % 2 !== 0) throw make.invalidValue('headers', headers);
    for (let index = 0; index < list.length; index += 2) response.removeHeader(list[index]);
    for (let index = 0; index < list.length; index += 2) {
      if (list[index]) response.appendHeader(list[index], list[index + 1]);
    }
  }

  return { ServerResponse, emitClose };
})
