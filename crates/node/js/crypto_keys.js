// `KeyObject`, and what functions take for a key.

(function ({ BYTES, Buffer, check, coded, invalidArgument, invalidValue, toBytes }) {
  const SECRET = 'an instance of ArrayBuffer, Buffer, TypedArray, DataView, string, CryptoKey, or KeyObject';

  class KeyObject {
    #type;
    constructor(type) {
      if (!['secret', 'public', 'private'].includes(type)) throw invalidValue('type', type);
      this.#type = type;
    }
    get type() { return this.#type; }
    get [Symbol.toStringTag]() { return 'KeyObject'; }
  }

  class SecretKeyObject extends KeyObject {
    // Nobody else has these bytes.
    #bytes;
    constructor(bytes) {
      super('secret');
      this.#bytes = Buffer.from(bytes);
    }
    static bytesOf(key) { return key.#bytes; }
    get symmetricKeySize() { return this.#bytes.length; }
    export(options) {
      if (options !== undefined) {
        check.object(options, 'options');
        const { format } = options;
        if (format === 'jwk') return { kty: 'oct', k: this.#bytes.toString('base64url') };
        if (format !== undefined && format !== 'buffer') throw invalidValue('options.format', format);
      }
      return Buffer.from(this.#bytes);
    }
    equals(other) {
      if (!(other instanceof KeyObject)) throw invalidArgument('otherKeyObject', 'an instance of KeyObject', other);
      return other instanceof SecretKeyObject && this.#bytes.equals(other.#bytes);
    }
  }

  const copyOf = (view) => (ArrayBuffer.isView(view)
    ? Buffer.from(view.buffer, view.byteOffset, view.byteLength) : Buffer.from(view));

  // The bytes of a key for a MAC or a cipher.
  function secretBytes(key, name, encoding, expected = SECRET) {
    if (key instanceof KeyObject) {
      if (key instanceof SecretKeyObject) return SecretKeyObject.bytesOf(key);
      throw coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE',
        `Invalid key object type ${key.type}, expected secret.`);
    }
    return toBytes(key, name, encoding, expected);
  }

  function createSecretKey(key, encoding) {
    return new SecretKeyObject(copyOf(toBytes(key, 'key', encoding, BYTES)));
  }

  return { KeyObject, SecretKeyObject, createSecretKey, secretBytes };
})
