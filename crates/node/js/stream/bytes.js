// Stands in for `Buffer` and `StringDecoder` until there are `node:buffer` and `node:string_decoder`.

(function ({ Chunk }) {
  class Bytes extends Chunk {
    static from(data, second, length) {
      if (typeof data === 'string') return this.over(Chunk.encode(data, second || 'utf8'));
      if (data instanceof ArrayBuffer || data instanceof SharedArrayBuffer) return new this(data, second, length);
      return new this(data);
    }
    static allocUnsafe(size) { return new this(size); }
    static concat(list, length = list.reduce((sum, one) => sum + one.length, 0)) {
      const all = new this(length);
      let at = 0;
      for (const one of list) {
        all.set(one, at);
        at += one.length;
      }
      return all;
    }
    static isBuffer(value) { return value instanceof this; }
    slice(start, end) { return this.subarray(start, end); }
  }
  class StringDecoder {
    #decoder;
    constructor(encoding = 'utf8') {
      this.encoding = encoding.toLowerCase().replace(/^utf-8$/, 'utf8');
      if (this.encoding === 'utf8') this.#decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    }
    write(chunk) {
      return this.#decoder ? this.#decoder.decode(chunk, { stream: true }) : Chunk.decode(chunk, this.encoding);
    }
    end(chunk) { return (chunk ? this.write(chunk) : '') + (this.#decoder ? this.#decoder.decode() : ''); }
  }
  return { Buffer: globalThis.Buffer ?? Bytes, StringDecoder };
})
