// `http.OutgoingMessage`, <https://nodejs.org/api/http.html#class-httpoutgoingmessage>

(function ({ Buffer, builtin, coded, invalidArgument, nextTick, part }) {
  const { Stream } = part('stream/legacy');
  const { getDefaultHighWaterMark } = part('stream/options');
  const { make } = part('stream/errors');
  const { invalidChar, isFieldValue, validateHeaderName, validateHeaderValue } = part('http/common');
  const kFields = Symbol('kOutHeaders'), kCorked = Symbol('corked'), kNeedDrain = Symbol('kNeedDrain');
  const kErrored = Symbol('errored'), kRoom = Symbol('highWaterMark'), kUnique = Symbol('uniqueHeaders');
  const kWritten = Symbol('bytes written'), kRejectsBody = Symbol('rejectNonStandardBodyWrites');
  const IS_CLOSE = /(?:^|\W)close(?:$|\W)/i, IS_CHUNKED = /(?:^|\W)chunked(?:$|\W)/i;
  const ignore = () => {};

  function OutgoingMessage(options) {
    Stream.call(this);
    this.outputData = [];
    this.outputSize = 0;
    this.writable = true;
    this.destroyed = false;
    this._last = false;
    this.chunkedEncoding = false;
    this.shouldKeepAlive = true;
    this.maxRequestsOnConnectionReached = false;
    this._defaultKeepAlive = true;
    this.useChunkedEncodingByDefault = true;
    this.sendDate = false;
    this._removedConnection = false;
    this._removedContLen = false;
    this._removedTE = false;
    this.strictContentLength = false;
    this._contentLength = null;
    this._hasBody = true;
    this._trailer = '';
    this[kNeedDrain] = false;
    this.finished = false;
    this._headerSent = false;
    this[kCorked] = 0;
    this[kWritten] = 0;
    this._closed = false;
    this.socket = null;
    this._header = null;
    this[kFields] = null;
    this._keepAliveTimeout = 0;
    this._onPendingData = ignore;
    this[kErrored] = null;
    this[kRoom] = options?.highWaterMark ?? getDefaultHighWaterMark(false);
    this[kRejectsBody] = options?.rejectNonStandardBodyWrites ?? false;
  }
  Object.setPrototypeOf(OutgoingMessage.prototype, Stream.prototype);
  Object.setPrototypeOf(OutgoingMessage, Stream);
  const proto = OutgoingMessage.prototype;

  const accessors = {
    errored() { return this[kErrored]; },
    closed() { return this._closed; },
    writableFinished() {
      return this.finished && this.outputSize === 0 && (!this.socket || this.socket.writableLength === 0);
    },
    writableObjectMode() { return false; },
    writableLength() { return this.outputSize + (this.socket?.writableLength ?? 0); },
    writableHighWaterMark() { return this.socket ? this.socket.writableHighWaterMark : this[kRoom]; },
    writableCorked() { return this[kCorked]; },
    writableEnded() { return this.finished; },
    writableNeedDrain() { return !this.destroyed && !this.finished && this[kNeedDrain]; },
    headersSent() { return Boolean(this._header); },
  };
  for (const [name, get] of Object.entries(accessors)) Object.defineProperty(proto, name, { configurable: true, enumerable: true, get });
  Object.defineProperty(proto, 'connection', {
    configurable: true,
    get() { return this.socket; },
    set(socket) { this.socket = socket; },
  });

  proto.cork = function () {
    this[kCorked]++;
    this.socket?.cork();
  };
  proto.uncork = function () {
    this[kCorked]--;
    this.socket?.uncork();
  };

  proto.setTimeout = function (ms, callback) {
    if (callback) this.on('timeout', callback);
    if (this.socket) this.socket.setTimeout(ms);
    else this.once('socket', (socket) => socket.setTimeout(ms));
    return this;
  };

  // In case the socket is not there yet it is destroyed as soon as it is.
  proto.destroy = function (error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this[kErrored] = error;
    if (this.socket) this.socket.destroy(error);
    else this.once('socket', (socket) => socket.destroy(error));
    return this;
  };

  // The head goes with the first data.
  proto._send = function (data, encoding, callback, byteLength) {
    if (!this._headerSent) {
      const header = this._header;
      this._headerSent = true;
      const isJoinable = typeof data === 'string' && (!encoding || encoding === 'utf8' || encoding === 'latin1')
        && (encoding === 'latin1' || !/[^\0-\x7f]/.test(header));
      if (isJoinable) data = header + data;
      else this._writeRaw(header, 'latin1', null);
    }
    return this._writeRaw(data, encoding, callback);
  };
  proto._writeRaw = function (data, encoding, callback) {
    const { socket } = this;
    if (socket?.destroyed) return false;
    if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
    if (socket && socket._httpMessage === this && socket.writable) return socket.write(data, encoding, callback);
    this.outputData.push({ data, encoding, callback });
    this.outputSize += data.length;
    this._onPendingData(data.length);
    return this.outputSize < this[kRoom];
  };

  // The head of a message with these fields, and what is known of it because of them.
  proto._storeHeader = function (firstLine, fields) {
    const told = { header: firstLine, connection: false, length: false, coding: false, date: false, expect: false, trailer: false };
    if (fields) {
      if (fields === this[kFields]) {
        for (const key in fields) addField(this, told, fields[key][0], fields[key][1], false);
      } else if (Array.isArray(fields)) {
        addList(this, told, fields);
      } else {
        for (const key in fields) {
          if (Object.hasOwn(fields, key)) addField(this, told, key, fields[key], true);
        }
      }
    }
    if (this.sendDate && !told.date) told.header += `Date: ${now()}\r\n`;
    // What cannot have a body is not chunked either.
    if (this.chunkedEncoding && (this.statusCode === 204 || this.statusCode === 304)) {
      this.chunkedEncoding = false;
      this.shouldKeepAlive = false;
    }
    if (this._removedConnection) this._last = !this.shouldKeepAlive;
    else if (!told.connection) told.header += connectionFields(this, told);
    if (!told.length && !told.coding) told.header += framing(this, told);
    if (!this.chunkedEncoding && told.trailer) {
      throw coded(Error, 'ERR_HTTP_TRAILER_INVALID', 'Trailers are invalid with this transfer encoding');
    }
    this._header = `${told.header}\r\n`;
    this._headerSent = false;
    // Who waits to be told to continue has to send what it waits for.
    if (told.expect) this._send('');
  };
  function connectionFields(message, told) {
    const keeps = message.shouldKeepAlive && (told.length || message.useChunkedEncodingByDefault || message.agent);
    if (keeps && message.maxRequestsOnConnectionReached) return 'Connection: close\r\n';
    if (!keeps) {
      message._last = true;
      return 'Connection: close\r\n';
    }
    if (!message._keepAliveTimeout || !message._defaultKeepAlive) return 'Connection: keep-alive\r\n';
    const most = ~~message._maxRequestsPerSocket > 0 ? `, max=${message._maxRequestsPerSocket}` : '';
    return `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(message._keepAliveTimeout / 1000)}${most}\r\n`;
  }
  function framing(message, told) {
    if (!message._hasBody) {
      message.chunkedEncoding = false;
    } else if (!message.useChunkedEncodingByDefault) {
      message._last = true;
    } else if (!told.trailer && !message._removedContLen && typeof message._contentLength === 'number') {
      return `Content-Length: ${message._contentLength}\r\n`;
    } else if (!message._removedTE) {
      message.chunkedEncoding = true;
      return 'Transfer-Encoding: chunked\r\n';
    } else {
      message._last = true;
    }
    return '';
  }
  let date = '', dateSecond = 0;
  function now() {
    const ms = Date.now(), second = Math.floor(ms / 1000);
    if (second !== dateSecond) {
      dateSecond = second;
      date = new Date(ms).toUTCString();
    }
    return date;
  }

  function addList(message, told, fields) {
    if (fields.length > 0 && Array.isArray(fields[0])) {
      for (const [name, value] of fields) addField(message, told, name, value, true);
      return;
    }
    if (fields.length % 2 !== 0) throw make.invalidValue('headers', fields);
    for (let index = 0; index < fields.length; index += 2) addField(message, told, fields[index], fields[index + 1], true);
  }
  function addField(message, told, name, value, isUnchecked) {
    if (isUnchecked) validateHeaderName(name);
    if (Array.isArray(value)) {
      // Some are one field whatever happens.
      if ((value.length < 2 || !isCookie(name)) && !message[kUnique]?.has(name.toLowerCase())) {
        for (const one of value) addOne(message, told, name, one, isUnchecked);
        return;
      }
      value = value.join('; ');
    }
    addOne(message, told, name, value, isUnchecked);
  }
  const isCookie = (name) => name.length === 6 && name.toLowerCase() === 'cookie';
  function addOne(message, told, name, value, isUnchecked) {
    if (isUnchecked) validateHeaderValue(name, value);
    told.header += `${name}: ${value}\r\n`;
    if (name.length < 4 || name.length > 17) return;
    switch (name.toLowerCase()) {
      case 'connection':
        told.connection = true;
        message._removedConnection = false;
        if (IS_CLOSE.test(value)) message._last = true;
        else message.shouldKeepAlive = true;
        break;
      case 'transfer-encoding':
        told.coding = true;
        message._removedTE = false;
        if (IS_CHUNKED.test(value)) message.chunkedEncoding = true;
        break;
      case 'content-length':
        told.length = true;
        message._contentLength = +value;
        message._removedContLen = false;
        break;
      case 'date': told.date = true; break;
      case 'expect': told.expect = true; break;
      case 'trailer': told.trailer = true; break;
      case 'keep-alive': message._defaultKeepAlive = false; break;
      default:
    }
  }

  const tooLate = (what) => coded(Error, 'ERR_HTTP_HEADERS_SENT', `Cannot ${what} headers after they are sent to the client`);
  proto.setHeader = function (name, value) {
    if (this._header) throw tooLate('set');
    validateHeaderName(name);
    validateHeaderValue(name, value);
    (this[kFields] ??= { __proto__: null })[name.toLowerCase()] = [name, value];
    return this;
  };
  proto.setHeaders = function (headers) {
    if (this._header) throw tooLate('set');
    const isMap = headers && typeof headers === 'object' && !Array.isArray(headers) && typeof headers.keys === 'function'
      && typeof headers.get === 'function' && typeof headers[Symbol.iterator] === 'function';
    if (!isMap) throw invalidArgument('headers', 'an instance of Headers or Map', headers);
    const cookies = [];
    for (const [name, value] of headers) {
      if (name === 'set-cookie') cookies.push(...(Array.isArray(value) ? value : [value]));
      else this.setHeader(name, value);
    }
    if (cookies.length > 0) this.setHeader('set-cookie', cookies);
    return this;
  };
  proto.appendHeader = function (name, value) {
    if (this._header) throw tooLate('append');
    validateHeaderName(name);
    validateHeaderValue(name, value);
    const fields = this[kFields] ??= { __proto__: null }, before = fields[name.toLowerCase()];
    if (before === undefined || this[kUnique]?.has(name.toLowerCase()) && false) {
      fields[name.toLowerCase()] = [name, value];
    } else {
      before[1] = [before[1], value].flat();
    }
    return this;
  };
  proto.getHeader = function (name) {
    if (typeof name !== 'string') throw invalidArgument('name', 'of type string', name);
    return this[kFields]?.[name.toLowerCase()]?.[1];
  };
  proto.getHeaderNames = function () { return this[kFields] ? Object.keys(this[kFields]) : []; };
  proto.getRawHeaderNames = function () { return this[kFields] ? Object.values(this[kFields]).map(([name]) => name) : []; };
  proto.getHeaders = function () {
    const all = { __proto__: null };
    for (const key in this[kFields]) all[key] = this[kFields][key][1];
    return all;
  };
  proto.hasHeader = function (name) {
    if (typeof name !== 'string') throw invalidArgument('name', 'of type string', name);
    return this[kFields]?.[name.toLowerCase()] !== undefined;
  };
  proto.removeHeader = function (name) {
    if (typeof name !== 'string') throw invalidArgument('name', 'of type string', name);
    if (this._header) throw tooLate('remove');
    const key = name.toLowerCase();
    if (key === 'connection') this._removedConnection = true;
    else if (key === 'content-length') this._removedContLen = true;
    else if (key === 'transfer-encoding') this._removedTE = true;
    else if (key === 'date') this.sendDate = false;
    if (this[kFields]) delete this[kFields][key];
  };
  proto._implicitHeader = function () { throw make.notImplemented('_implicitHeader()'); };
  proto.flushHeaders = function () {
    if (!this._header) this._implicitHeader();
    this._send('');
  };

  proto.addTrailers = function (headers) {
    this._trailer = '';
    const isList = Array.isArray(headers);
    for (const key of Object.keys(headers)) {
      const [name, value] = isList ? headers[key] : [key, headers[key]];
      validateHeaderName(name, 'Trailer name');
      for (const one of Array.isArray(value) && !isCookie(name) ? value : [value]) {
        if (!isFieldValue(`${one}`)) throw invalidChar('trailer content', name);
        this._trailer += `${name}: ${one}\r\n`;
      }
    }
  };

  proto.write = function (chunk, encoding, callback) {
    if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
    const isFine = writeTo(this, chunk, encoding, callback, false);
    if (!isFine) this[kNeedDrain] = true;
    return isFine;
  };
  const lengthOf = (chunk, encoding) => (typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.byteLength);
  const mismatch = (message, written = message[kWritten]) => coded(Error, 'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
    `Response body's content-length of ${written} byte(s) does not match the content-length of ${message._contentLength} byte(s) set in header`);

  function fail(message, error, callback) {
    if (message.destroyed) {
      if (typeof callback === 'function') nextTick(callback, error);
      return;
    }
    nextTick(() => {
      callback?.(error);
      if (typeof message.emit === 'function' && !message.destroyed) message.emit('error', error);
    });
  }

  function writeTo(message, chunk, encoding, callback, isLast) {
    if (typeof callback !== 'function') callback = ignore;
    if (chunk === null) throw make.nullValues();
    if (typeof chunk !== 'string' && !ArrayBuffer.isView(chunk)) {
      throw invalidArgument('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
    }
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw invalidArgument('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk);
    }
    if (message.finished || message.destroyed) {
      fail(message, message.finished ? make.writeAfterEnd() : make.destroyed('write'), callback);
      return false;
    }
    const length = lengthOf(chunk, encoding);
    if (message.strictContentLength) {
      const { _contentLength: wanted } = message, written = message[kWritten] + length;
      const isWrong = written > wanted || (isLast && written !== wanted);
      if (message._header !== null && !message.chunkedEncoding && typeof wanted === 'number' && isWrong) throw mismatch(message, written);
      message[kWritten] = written;
    }
    if (!message._header) {
      if (isLast) message._contentLength ??= length;
      message._implicitHeader();
    }
    if (!message._hasBody) {
      if (message[kRejectsBody]) throw coded(Error, 'ERR_HTTP_BODY_NOT_ALLOWED', 'Adding content for this request method or response status is not allowed.');
      if (!isLast) nextTick(callback);
      return true;
    }
    // What is written in one go is sent in one go.
    if (!isLast && message.socket && !message.socket.writableCorked) {
      const { socket } = message;
      socket.cork();
      nextTick(() => socket.uncork());
    }
    if (!message.chunkedEncoding || length === 0) return message._send(chunk, encoding, callback);
    message._send(`${length.toString(16)}\r\n`, 'latin1', null);
    message._send(chunk, encoding, null);
    return message._send('\r\n', 'latin1', isLast ? null : callback);
  }

  proto.end = function (chunk, encoding, callback) {
    if (typeof chunk === 'function') [chunk, encoding, callback] = [null, null, chunk];
    else if (typeof encoding === 'function') [encoding, callback] = [null, encoding];
    const finish = () => {
      if (!this[kErrored] || !this.destroyed) this.emit('finish');
    };
    // Whether the last piece tells when it is written.
    let isTold = false;
    const hasChunk = chunk !== undefined && chunk !== null && chunk !== '' || ArrayBuffer.isView(chunk);
    if (hasChunk) {
      if (this.finished) {
        fail(this, make.writeAfterEnd(), typeof callback === 'function' ? callback : ignore);
        return this;
      }
      // OPTIMIZATION: a text goes with its head, in one piece already.
      if (typeof chunk !== 'string' || this.chunkedEncoding) this.socket?.cork();
      writeTo(this, chunk, encoding, finish, true);
      isTold = this._hasBody && !this.chunkedEncoding;
    } else if (this.finished) {
      if (typeof callback === 'function') {
        if (this.writableFinished) callback(make.alreadyFinished('end'));
        else this.on('finish', callback);
      }
      return this;
    } else if (!this._header) {
      this.socket?.cork();
      this._contentLength = 0;
      this._implicitHeader();
    }
    if (typeof callback === 'function') this.once('finish', callback);
    if (this.strictContentLength && this._hasBody && !this.chunkedEncoding && typeof this._contentLength === 'number'
      && this[kWritten] !== this._contentLength) throw mismatch(this);
    if (this._hasBody && this.chunkedEncoding) this._send(`0\r\n${this._trailer}\r\n`, 'latin1', finish);
    else if (isTold) this[kNeedDrain] = false;
    else if (!this._headerSent || this.writableLength || hasChunk) this._send('', 'latin1', finish);
    else nextTick(finish);
    if (this.socket) {
      // Whoever corked it: all there is goes out now.
      while (this.socket.writableCorked > 0) this.socket.uncork();
    }
    this[kCorked] = 0;
    this.finished = true;
    if (this.outputData.length === 0 && this.socket && this.socket._httpMessage === this) this._finish();
    return this;
  };

  // All was given to the socket.
  proto._finish = function () { this.emit('prefinish'); };

  // What was written while there was no socket, or while it was another message's.
  proto._flush = function () {
    const { socket } = this;
    if (!socket?.writable) return;
    const isFine = this._flushOutput(socket);
    if (this.finished) {
      this._finish();
    } else if (isFine && this[kNeedDrain]) {
      this[kNeedDrain] = false;
      this.emit('drain');
    }
  };
  proto._flushOutput = function (socket) {
    for (; this[kCorked] > 0; this[kCorked]--) socket.cork();
    const { outputData, outputSize } = this;
    if (outputData.length === 0) return true;
    socket.cork();
    let isFine;
    for (const { data, encoding, callback } of outputData) isFine = socket.write(data, encoding, callback);
    socket.uncork();
    this.outputData = [];
    this._onPendingData(-outputSize);
    this.outputSize = 0;
    return isFine;
  };

  proto.pipe = function () { this.emit('error', make.cannotPipe()); };
  proto[Symbol.for('nodejs.rejection')] = function (error) { this.destroy(error); };

  // The socket has room again.
  function onDrain(message) {
    if (!message || message.outputSize > 0 || !message[kNeedDrain]) return;
    message[kNeedDrain] = false;
    message.emit('drain');
  }
  const uniqueNames = (names) => (Array.isArray(names) && names.length > 0 ? new Set(names.map((name) => name.toLowerCase())) : null);

  return { IS_CLOSE, OutgoingMessage, kErrored, kFields, kUnique, onDrain, uniqueNames };
})
