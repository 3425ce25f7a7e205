// `KeyObject`, and what functions take for a key.

(function (shared) {
  const {
    BYTES, Buffer, check, coded, cryptoKeyMaterial, importCryptoKey, inspect, invalidArgument, invalidValue, part, toBytes,
  } = shared;
  const EXPECTED_DATA = `of type string or ${BYTES}`;
  const SECRET = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey';
  const isCryptoKey = (value) => cryptoKeyMaterial(value) !== undefined;

  class KeyObject {
    #type;
    #handle;
    constructor(type, handle) {
      if (!['secret', 'public', 'private'].includes(type)) throw invalidValue('type', type);
      if (handle === null || typeof handle !== 'object') throw invalidArgument('handle', 'of type object', handle);
      this.#type = type;
      this.#handle = handle;
    }
    get type() { return this.#type; }
    static from(key) {
      const material = cryptoKeyMaterial(key);
      if (material === undefined) throw invalidArgument('key', 'an instance of CryptoKey', key);
      return key.type === 'secret' ? new SecretKeyObject(material) : pairKey(material);
    }
    equals(other) {
      if (!isKey(other)) throw invalidArgument('otherKeyObject', 'an instance of KeyObject', other);
      return other.type === this.#type && this.#handle.equals(handleOf(other));
    }
    static handleOf(key) { return key.#handle; }
    static is(value) { return value !== null && typeof value === 'object' && #handle in value; }
  }
  const { handleOf, is: isKey } = KeyObject;
  for (const name of ['handleOf', 'is']) delete KeyObject[name];
  Object.defineProperty(KeyObject.prototype, Symbol.toStringTag, { configurable: true, value: 'KeyObject' });

  class SecretKeyObject extends KeyObject {
    // Nobody else has these bytes.
    constructor(bytes) { super('secret', Buffer.from(bytes)); }
    get symmetricKeySize() { return handleOf(this).length; }
    export(options) {
      const bytes = handleOf(this);
      if (options !== undefined) {
        check.object(options, 'options');
        const { format } = options;
        if (format === 'jwk') return { kty: 'oct', k: bytes.toString('base64url') };
        if (format !== undefined && format !== 'buffer') throw invalidValue('options.format', format);
      }
      return Buffer.from(bytes);
    }
    toCryptoKey(algorithm, extractable, usages) {
      return importCryptoKey('raw', handleOf(this), algorithm, extractable, usages);
    }
  }

  // What keys of pairs have in common.
  class AsymmetricKeyObject extends KeyObject {
    get asymmetricKeyType() { return part('pair_forms').typeOf(handleOf(this)); }
    get asymmetricKeyDetails() {
      const { curve } = handleOf(this);
      return this.asymmetricKeyType === 'ec' ? { namedCurve: curve } : {};
    }
  }
  class PublicKeyObject extends AsymmetricKeyObject {
    export(options) { return part('pair_forms').encode(handleOf(this), options); }
    toCryptoKey(algorithm, extractable, usages) {
      return importCryptoKey('spki', handleOf(this).export('spki'), algorithm, extractable, usages);
    }
  }
  class PrivateKeyObject extends AsymmetricKeyObject {
    export(options) { return part('pair_forms').encode(handleOf(this), options); }
    toCryptoKey(algorithm, extractable, usages) {
      return importCryptoKey('pkcs8', handleOf(this).export('pkcs8'), algorithm, extractable, usages);
    }
  }

  function pairKey(handle) {
    return handle.isPrivate ? new PrivateKeyObject('private', handle) : new PublicKeyObject('public', handle);
  }

  const wrongType = (key, expected) => coded(TypeError, 'ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE',
    `Invalid key object type ${key.type}, expected ${expected}.`);

  // The bytes of a key for a MAC or a cipher.
  function secretBytes(key, name, encoding, expected = SECRET) {
    if (isCryptoKey(key)) key = KeyObject.from(key);
    if (isKey(key)) {
      if (key.type === 'secret') return handleOf(key);
      throw wrongType(key, 'secret');
    }
    return toBytes(key, name, encoding, expected);
  }

  function createSecretKey(key, encoding) {
    const bytes = toBytes(key, 'key', encoding, BYTES);
    return new SecretKeyObject(ArrayBuffer.isView(bytes)
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.from(bytes));
  }

  // Half a pair of keys. `use`: 'public' takes private ones too, and makes public ones of them.
  function pairHandle(key, use, name = 'key', takesKeys = true) {
    const { decode, decodeJwk } = part('pair_forms');
    const given = isCryptoKey(key) ? KeyObject.from(key) : key;
    if (takesKeys && isKey(given)) {
      if (given.type === 'secret') throw wrongType(given, use === 'private' ? 'private' : 'private or public');
      if (use === 'private' && given.type !== 'private') throw wrongType(given, 'private');
      return use === 'public' ? handleOf(given).toPublic() : handleOf(given);
    }
    const expected = takesKeys ? SECRET : EXPECTED_DATA;
    if (typeof given === 'string' || shared.isBytes(given)) return decode(given, {}, use, name);
    if (given === null || typeof given !== 'object' || isKey(given)) throw invalidArgument(name, expected, given);
    const { key: data, encoding, format } = given;
    if (takesKeys && (isKey(data) || isCryptoKey(data))) return pairHandle(data, use, `${name}.key`);
    if (format === 'jwk') {
      check.object(data, `${name}.key`);
      return decodeJwk(data, use, name);
    }
    if (typeof data !== 'string' && !shared.isBytes(data)) throw invalidArgument(`${name}.key`, expected, data);
    return decode(typeof data === 'string' ? Buffer.from(data, encoding) : data, given, use, name);
  }

  function createPublicKey(key) {
    // A key that is here already is only taken for the public half of a private one.
    const inner = isKey(key) ? key : key?.key;
    if (isKey(inner) && inner.type !== 'private') throw wrongType(inner, 'private');
    return pairKey(pairHandle(key, 'public'));
  }
  function createPrivateKey(key) { return pairKey(pairHandle(key, 'private', 'key', false)); }

  const LENGTHS = [128, 192, 256], MAX_INT32 = 2 ** 31 - 1;
  function generateKeySync(type, options) {
    check.string(type, 'type');
    check.object(options, 'options');
    if (type !== 'hmac' && type !== 'aes') {
      throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
        `The argument 'type' must be a supported key type. Received ${inspect(type)}`);
    }
    const { length } = options;
    if (type === 'hmac') {
      check.integer(length, 'options.length', 8, MAX_INT32);
    } else if (!LENGTHS.includes(length)) {
      throw invalidValue('options.length', length, `must be one of: ${LENGTHS.join(', ')}`);
    }
    return new SecretKeyObject(shared.randomBytes(Math.trunc(length / 8)));
  }
  function generateKey(type, options, callback) {
    if (typeof options === 'function') [options, callback] = [undefined, options];
    check.callable(callback);
    shared.later(callback, undefined, generateKeySync(type, options));
  }

  return {
    KeyObject,
    createPrivateKey,
    createPublicKey,
    createSecretKey,
    generateKey,
    generateKeySync,
    handleOf,
    isKey,
    pairHandle,
    pairKey,
    secretBytes,
  };
})
