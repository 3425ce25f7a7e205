// What servers and clients of HTTP share: names, checks, errors, and the parser of a connection.

(function ({ Buffer, coded, natives }) {
  const native = natives('http');
  const { METHODS, MAX_HEAD_BYTES, isFieldValue, isToken } = native;
  // What a step of the parser found, <../../src/http/mod.rs>.
  const HEAD = 1, BODY = 2, END = 3, PROBLEM = 4;
  // What `onHead` says of the rest of a message.
  const AS_IT_SAYS = 0, NO_BODY = 1, UPGRADE = 2;

  // <https://www.iana.org/assignments/http-status-codes>
  const STATUS_CODES = {
    100: 'Continue', 101: 'Switching Protocols', 102: 'Processing', 103: 'Early Hints',
    200: 'OK', 201: 'Created', 202: 'Accepted', 203: 'Non-Authoritative Information', 204: 'No Content', 205: 'Reset Content',
    206: 'Partial Content', 207: 'Multi-Status', 208: 'Already Reported', 226: 'IM Used',
    300: 'Multiple Choices', 301: 'Moved Permanently', 302: 'Found', 303: 'See Other', 304: 'Not Modified', 305: 'Use Proxy',
    307: 'Temporary Redirect', 308: 'Permanent Redirect',
    400: 'Bad Request', 401: 'Unauthorized', 402: 'Payment Required', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed',
    406: 'Not Acceptable', 407: 'Proxy Authentication Required', 408: 'Request Timeout', 409: 'Conflict', 410: 'Gone',
    411: 'Length Required', 412: 'Precondition Failed', 413: 'Payload Too Large', 414: 'URI Too Long', 415: 'Unsupported Media Type',
    416: 'Range Not Satisfiable', 417: 'Expectation Failed', 418: "I'm a Teapot", 421: 'Misdirected Request',
    422: 'Unprocessable Entity', 423: 'Locked', 424: 'Failed Dependency', 425: 'Too Early', 426: 'Upgrade Required',
    428: 'Precondition Required', 429: 'Too Many Requests', 431: 'Request Header Fields Too Large',
    451: 'Unavailable For Legal Reasons',
    500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout',
    505: 'HTTP Version Not Supported', 506: 'Variant Also Negotiates', 507: 'Insufficient Storage', 508: 'Loop Detected',
    509: 'Bandwidth Limit Exceeded', 510: 'Not Extended', 511: 'Network Authentication Required',
  };

  const isName = (name) => typeof name === 'string' && name !== '' && isToken(name);
  function validateHeaderName(name, label = 'Header name') {
    if (!isName(name)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `${label} must be a valid HTTP token ["${name}"]`);
  }
  function validateHeaderValue(name, value) {
    if (value === undefined) {
      throw coded(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`);
    }
    if (!isFieldValue(typeof value === 'string' ? value : `${value}`)) throw invalidChar('header content', name);
  }
  const invalidChar = (what, name) => coded(TypeError, 'ERR_INVALID_CHAR',
    `Invalid character in ${what}${name === undefined ? '' : ` ["${name}"]`}`);

  const connectionReset = (text) => Object.assign(new Error(text), { code: 'ECONNRESET' });

  // How many bytes could begin a request.
  function likeAMethod(bytes, from) {
    const text = bytes.latin1Slice(from, Math.min(from + 20, bytes.length));
    let count = 0;
    while (METHODS.some((method) => method.startsWith(text.slice(0, count + 1))) && count < text.length) count++;
    return count;
  }

  // The parser of one connection. Its owner has `onHead(line, rest, minor, fields, keepsAlive, isUpgrade)`, which says what
  // becomes of the rest, `onBody(bytes)` and `onEnd(trailers)`.
  class MessageParser {
    #native;
    // The message that is coming in.
    incoming = null;
    isClosed = false;
    // Whether what comes in has to wait, and what came in and does.
    isPaused = false;
    rest = null;
    // When the message began that is coming in, for who is patient only for so long; 0 between two.
    startedAt = Date.now();
    isHeadComplete = false;

    constructor(owner, isRequest, maxHeadBytes) {
      this.owner = owner;
      this.#native = native.newParser(isRequest, maxHeadBytes || MAX_HEAD_BYTES);
    }

    // How many bytes were taken, fewer than all if the rest is another protocol; or an error.
    execute(bytes) {
      if (this.startedAt === 0) this.startedAt = Date.now();
      let at = 0;
      while (!this.isClosed) {
        if (this.isPaused) {
          if (at < bytes.length) this.rest = bytes.subarray(at);
          return bytes.length;
        }
        const answer = native.step(this.#native, bytes, at);
        const done = this.#act(answer, bytes);
        if (done !== undefined) return done;
        at = answer[1];
      }
      return at;
    }

    // The connection ended; an error if that was in the middle of a message.
    finish() {
      const done = this.#act(native.finish(this.#native), Buffer.alloc(0));
      return done instanceof Error ? done : undefined;
    }

    #act(answer, bytes) {
      switch (answer[0]) {
        case HEAD: {
          this.isHeadComplete = true;
          const [, next, line, rest, minor, fields, keepsAlive, isUpgrade] = answer;
          const verdict = this.owner.onHead(line, rest, minor, fields, keepsAlive, isUpgrade);
          if (verdict === NO_BODY) native.skipBody(this.#native);
          if (verdict !== UPGRADE) return undefined;
          native.upgrade(this.#native);
          return next;
        }
        case BODY:
          this.owner.onBody(bytes.subarray(answer[2], answer[3]));
          return undefined;
        case END:
          this.startedAt = 0;
          this.isHeadComplete = false;
          this.owner.onEnd(answer[2]);
          return undefined;
        case PROBLEM: {
          const [, bytesParsed, code, reason] = answer;
          return Object.assign(new Error(reason ? `Parse Error: ${reason}` : 'Parse Error'), {
            code, reason, bytesParsed: bytesParsed + (code === 'HPE_INVALID_METHOD' ? likeAMethod(bytes, bytesParsed) : 0), rawPacket: bytes,
          });
        }
        default:
          return answer[1];
      }
    }

    close() {
      this.isClosed = true;
      this.incoming = null;
      this.rest = null;
    }
  }

  return {
    AS_IT_SAYS, MessageParser, METHODS, MAX_HEAD_BYTES, NO_BODY, STATUS_CODES, UPGRADE,
    connectionReset, invalidChar, isFieldValue, isName, validateHeaderName, validateHeaderValue,
  };
})
