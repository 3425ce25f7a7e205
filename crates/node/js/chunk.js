// Bytes where Node gives a `Buffer`: an array of bytes whose `toString` knows encodings. It is
// no more than that until there is `node:buffer`.

(function ({ decode, encode, isEncoding }) {
  return class Chunk extends Uint8Array {
    toString(encoding = 'utf8', start = 0, end = this.length) {
      const part = new Uint8Array(this.buffer, this.byteOffset, this.length).subarray(start, end);
      return decode(part, encoding);
    }

    toJSON() { return { type: 'Buffer', data: [...this] }; }

    equals(other) {
      return this.length === other.length && this.every((byte, index) => byte === other[index]);
    }

    // The same bytes, not a copy.
    static over(bytes) { return new this(bytes.buffer, bytes.byteOffset, bytes.length); }
    static encode(text, encoding) { return encode(text, encoding); }
    static decode(bytes, encoding) { return decode(bytes, encoding); }
    static isEncoding(name) { return isEncoding(name); }
  };
})
