// New pairs of keys, and secrets that two agree on: `generateKeyPair`, `diffieHellman`, `ECDH`.

(function ({
  BYTES, Buffer, check, coded, generatePrivate, inspect, invalidValue, later, part, readPrivate, readPublic, toBytes,
}) {
  const { pairHandle, pairKey } = part('keys');
  const { all, encode, typeOf, weierstrass } = part('pair_forms');
  const KEY = `of type string or ${BYTES}`;
  // Node has these too.
  const NOT_HERE = ['rsa', 'rsa-pss', 'dsa', 'dh', 'ed448', 'x448'];

  function curveOf(type, options) {
    check.string(type, 'type');
    if (NOT_HERE.includes(type)) {
      throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED',
        `generateKeyPair of the type ${inspect(type)} is not part of Holm yet. hint: use 'ec' or 'ed25519'`);
    }
    if (type === 'ec') {
      check.object(options, 'options');
      const { namedCurve, paramEncoding } = options;
      check.string(namedCurve, 'options.namedCurve');
      if (paramEncoding !== undefined && paramEncoding !== null && paramEncoding !== 'named') {
        throw invalidValue('options.paramEncoding', paramEncoding);
      }
      return weierstrass(namedCurve);
    }
    const found = all.find(({ curve, isWeierstrass }) => curve === type && !isWeierstrass);
    if (found !== undefined) return found.curve;
    throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
      `The argument 'type' must be a supported key type. Received ${inspect(type)}`);
  }

  const FORMS = { publicKeyEncoding: ['spki'], privateKeyEncoding: ['pkcs8', 'sec1'] };
  function checkEncodings(options) {
    for (const [name, forms] of Object.entries(FORMS)) {
      const encoding = options?.[name];
      if (encoding === undefined || encoding === null) continue;
      if (typeof encoding !== 'object') throw invalidValue(`options.${name}`, encoding);
      const { format, type } = encoding;
      if (!['pem', 'der', 'jwk'].includes(format)) throw invalidValue(`options.${name}.format`, format);
      if (format !== 'jwk' && !forms.includes(type)) throw invalidValue(`options.${name}.type`, type);
    }
  }
  function generateKeyPairSync(type, options) {
    const curve = curveOf(type, options);
    checkEncodings(options);
    const handle = generatePrivate(curve);
    const shown = (half, name) => {
      const encoding = options?.[name];
      return encoding === undefined || encoding === null ? pairKey(half) : encode(half, encoding, `options.${name}`);
    };
    const publicKey = shown(handle.toPublic(), 'publicKeyEncoding');
    return { publicKey, privateKey: shown(handle, 'privateKeyEncoding') };
  }
  function generateKeyPair(type, options, callback) {
    if (typeof options === 'function') [options, callback] = [undefined, options];
    check.callable(callback);
    const { publicKey, privateKey } = generateKeyPairSync(type, options);
    later(callback, null, publicKey, privateKey);
  }
  // For `util.promisify`.
  Object.defineProperty(generateKeyPair, Symbol.for('nodejs.util.promisify.custom'), {
    value: (type, options) => new Promise((resolve, reject) => {
      generateKeyPair(type, options, (error, publicKey, privateKey) => {
        if (error) reject(error);
        else resolve({ publicKey, privateKey });
      });
    }),
  });

  const noSecret = (isSameCurve) => (isSameCurve
    ? coded(Error, 'ERR_OSSL_FAILED_DURING_DERIVATION', 'error:1C8000A4:Provider routines::failed during derivation')
    : coded(Error, 'ERR_OSSL_MISMATCHING_DOMAIN_PARAMETERS',
      'error:1C8000CB:Provider routines::mismatching domain parameters'));
  function diffieHellman(options, callback) {
    check.object(options, 'options');
    if (callback !== undefined) check.callable(callback);
    const { privateKey, publicKey } = options;
    for (const [name, key] of [['privateKey', privateKey], ['publicKey', publicKey]]) {
      if (key === undefined || key === null) throw invalidValue(`options.${name}`, key);
    }
    const own = pairHandle(privateKey, 'private', 'options.privateKey');
    const other = pairHandle(publicKey, 'public', 'options.publicKey');
    const types = [typeOf(own), typeOf(other)];
    if (types[0] !== types[1] || !own.agrees) {
      throw coded(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY', `Incompatible key types for Diffie-Hellman: ${types.join(' and ')}`);
    }
    const secret = own.agree(other);
    const error = secret === undefined ? noSecret(own.curve === other.curve) : null;
    if (callback !== undefined) later(callback, error, secret);
    else if (error) throw error;
    else return secret;
  }

  const shown = (bytes, encoding) => (encoding && encoding !== 'buffer' ? bytes.toString(encoding) : bytes);
  const failed = (what) => coded(Error, 'ERR_CRYPTO_OPERATION_FAILED', what);
  const HYBRID = 6;
  function pointOf(handle, format = 'uncompressed') {
    if (format === 'compressed') return handle.toPublic().export('compressed');
    const point = handle.toPublic().export('raw');
    if (format === 'uncompressed') return point;
    if (format !== 'hybrid') throw coded(TypeError, 'ERR_CRYPTO_ECDH_INVALID_FORMAT', `Invalid ECDH format: ${format}`);
    point[0] = HYBRID | (point.at(-1) & 1);
    return point;
  }

  class ECDH {
    #curve;
    #private;
    #public;
    constructor(curve) {
      check.string(curve, 'curve');
      this.#curve = weierstrass(curve);
    }
    computeSecret(key, inputEncoding, outputEncoding) {
      const other = readPublic(this.#curve, toBytes(key, 'key', inputEncoding, KEY));
      const secret = other && this.#private?.agree(other);
      if (secret === undefined) {
        throw coded(Error, 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY', 'Public key is not valid for specified curve');
      }
      return shown(secret, outputEncoding);
    }
    generateKeys(encoding, format) {
      this.#private = generatePrivate(this.#curve);
      this.#public = this.#private.toPublic();
      return this.getPublicKey(encoding, format);
    }
    getPrivateKey(encoding) {
      if (this.#private === undefined) throw failed('Failed to get ECDH private key');
      return shown(this.#private.export('raw'), encoding);
    }
    getPublicKey(encoding, format) {
      if (this.#public === undefined) throw failed('Failed to get ECDH public key');
      return shown(pointOf(this.#public, format), encoding);
    }
    setPrivateKey(key, encoding) {
      const given = toBytes(key, 'key', encoding, KEY);
      const { privateBytes } = all.find(({ curve }) => curve === this.#curve);
      // It is a number: zeros in front say nothing.
      const digits = Buffer.from(given.buffer ?? given, given.byteOffset, given.byteLength);
      const first = Math.max(0, digits.findIndex((byte) => byte !== 0));
      const zeros = Buffer.alloc(Math.max(0, privateBytes - (digits.length - first)));
      const handle = readPrivate(this.#curve, Buffer.concat([zeros, digits.subarray(first)]));
      if (handle === undefined) {
        throw coded(RangeError, 'ERR_CRYPTO_INVALID_KEYTYPE', 'Private key is not valid for specified curve.');
      }
      this.#private = handle;
      this.#public = handle.toPublic();
      return this;
    }
    setPublicKey(key, encoding) {
      const handle = readPublic(this.#curve, toBytes(key, 'key', encoding, KEY));
      if (handle === undefined) throw failed('Failed to convert Buffer to EC_POINT');
      this.#public = handle;
      return this;
    }
  }

  function convertKey(key, curve, inputEncoding, outputEncoding, format) {
    check.string(curve, 'curve');
    const handle = readPublic(weierstrass(curve), toBytes(key, 'key', inputEncoding, KEY));
    if (handle === undefined) throw failed('Failed to convert Buffer to EC_POINT');
    return shown(pointOf(handle, format), outputEncoding);
  }

  return {
    ECDH: Object.assign(part('hash').callable(ECDH), { convertKey }),
    createECDH: function createECDH(curve) { return new ECDH(curve); },
    diffieHellman,
    generateKeyPair,
    generateKeyPairSync,
    getCurves: function getCurves() {
      return all.filter((entry) => entry.isWeierstrass).map(({ curve }) => curve).sort();
    },
  };
})
