// node:string_decoder, <https://nodejs.org/api/string_decoder.html>. The decoding is native
// (`src/buffer/decoder.rs`), over a few bytes that are kept here.

(function (native) {
  const { builtin, invalidArgument } = native;
  const { Buffer } = builtin('buffer');
  const state = Symbol('kNativeDecoder');
  // In the decoder's bytes: those of a character that is not whole, then two numbers.
  const MOST_BYTES = 4, MISSING = MOST_BYTES, PRESENT = MOST_BYTES + 1, STATE_BYTES = MOST_BYTES + 2;

  function StringDecoder(encoding) {
    this.encoding = native.encodingOf(encoding);
    if (this.encoding === undefined) {
      const error = new TypeError(`Unknown encoding: ${encoding}`);
      error.code = 'ERR_UNKNOWN_ENCODING';
      throw error;
    }
    this[state] = Buffer.alloc(STATE_BYTES);
  }

  const methods = {
    write: function write(bytes) {
      if (typeof bytes === 'string') return bytes;
      if (!ArrayBuffer.isView(bytes)) {
        throw invalidArgument('buf', 'an instance of Buffer, TypedArray, or DataView', bytes);
      }
      if (this[state] === undefined) {
        const error = new TypeError('Value of "this" must be of type StringDecoder');
        error.code = 'ERR_INVALID_THIS';
        throw error;
      }
      return native.decode(this[state], this.encoding, bytes);
    },
    end: function end(bytes) {
      const text = bytes === undefined ? '' : this.write(bytes);
      return this[state][PRESENT] > 0 ? text + native.flush(this[state], this.encoding) : text;
    },
    // Not documented, but reached for.
    text: function text(bytes, offset) {
      this[state].fill(0, MOST_BYTES);
      return this.write(bytes.slice(offset));
    },
  };
  Object.assign(StringDecoder.prototype, methods);
  const getters = {
    lastChar: (kept) => kept.subarray(0, MOST_BYTES),
    lastNeed: (kept) => kept[MISSING],
    lastTotal: (kept) => kept[PRESENT] + kept[MISSING],
  };
  for (const name of Object.keys(getters)) {
    Object.defineProperty(StringDecoder.prototype, name, {
      configurable: true,
      enumerable: true,
      get() { return getters[name](this[state]); },
    });
  }
  return { StringDecoder };
})
