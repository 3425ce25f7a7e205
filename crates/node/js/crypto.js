// node:crypto, <https://nodejs.org/api/crypto.html>. The algorithms are native
// (`src/crypto/`); here are arguments, errors, and which part has which member.

(function (native) {
  const { Buffer, builtin, inspect, invalidArgument, missing, outOfRange } = native;
  const { isView } = ArrayBuffer;
  const MAX_BYTES = 2 ** 31 - 1;
  const BYTES = 'an instance of ArrayBuffer, Buffer, TypedArray, or DataView';

  function coded(Class, code, message) {
    const error = new Class(message);
    // OpenSSL's are `error:number:library:function:reason`.
    const [, , library, , reason] = code.startsWith('ERR_OSSL_') ? message.split(':') : [];
    if (reason !== undefined) Object.assign(error, { library, reason });
    error.code = code;
    return error;
  }
  const invalidValue = (name, value, why = 'is invalid') => coded(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${why}. Received ${inspect(value)}`);

  const check = {
    string(value, name) {
      if (typeof value !== 'string') throw invalidArgument(name, 'of type string', value);
    },
    callable(value, name = 'callback') {
      if (typeof value !== 'function') throw invalidArgument(name, 'of type function', value);
    },
    object(value, name) {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw invalidArgument(name, 'of type object', value);
      }
    },
    integer(value, name, low = Number.MIN_SAFE_INTEGER, high = Number.MAX_SAFE_INTEGER) {
      if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
      if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
      if (value < low || value > high) throw outOfRange(name, `>= ${low} && <= ${high}`, value);
    },
    number(value, name, low, high) {
      if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
      if (!(value >= low && value <= high)) throw outOfRange(name, `>= ${low} && <= ${high}`, value);
    },
  };

  // A view or buffer, or bytes of a string; what it must be otherwise is said of `name`.
  const EXPECTED_BYTES = `of type string or ${BYTES}`;
  function toBytes(value, name, encoding, expected = EXPECTED_BYTES) {
    if (typeof value === 'string') return Buffer.from(value, encoding === 'buffer' ? 'utf8' : encoding);
    if (!native.isBytes(value)) throw invalidArgument(name, expected, value);
    return value;
  }

  // Results come as from a thread: not before what waits for its turn.
  const { setImmediate } = builtin('timers');
  const later = (callback, ...results) => { setImmediate(() => callback(...results)); };

  function fill(view, offset, size) {
    native.fillRandom(view, offset, size);
    return view;
  }
  function checkSize(size) {
    check.number(size, 'size', 0, MAX_BYTES);
    return Math.trunc(size);
  }

  function randomBytes(size, callback) {
    size = checkSize(size);
    if (callback !== undefined) check.callable(callback);
    const bytes = fill(Buffer.alloc(size), 0, size);
    if (callback === undefined) return bytes;
    later(callback, null, bytes);
  }

  // Offset and size are elements, as in Node.
  function checkedFill(view, offset = 0, size = undefined) {
    if (!native.isBytes(view)) throw invalidArgument('buf', 'an instance of ArrayBuffer or ArrayBufferView', view);
    const unit = view.BYTES_PER_ELEMENT ?? 1;
    const length = view.byteLength;
    const bytes = (value, name) => {
      if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
      const scaled = value * unit;
      if (name === 'offset' && !(scaled >= 0 && scaled <= Math.min(length, MAX_BYTES))) {
        throw outOfRange(name, `>= 0 && <= ${length}`, scaled);
      }
      return scaled;
    };
    offset = Math.trunc(bytes(offset, 'offset'));
    if (size === undefined) {
      size = length - offset;
    } else {
      size = bytes(size, 'size');
      if (!(size >= 0 && size <= MAX_BYTES)) throw outOfRange('size', `>= 0 && <= ${MAX_BYTES}`, size);
      size = Math.trunc(size);
    }
    if (size + offset > length) throw outOfRange('size + offset', `<= ${length}`, size + offset);
    return fill(view, offset, size);
  }
  const randomFillSync = (buf, offset, size) => checkedFill(buf, offset, size);
  function randomFill(buf, offset, size, callback) {
    if (!native.isBytes(buf)) throw invalidArgument('buf', 'an instance of ArrayBuffer or ArrayBufferView', buf);
    if (typeof offset === 'function') [offset, size, callback] = [undefined, undefined, offset];
    else if (typeof size === 'function') [size, callback] = [undefined, size];
    else check.callable(callback);
    later(callback, null, checkedFill(buf, offset, size));
  }

  const RANDOM_INTEGERS = 2 ** 48;
  function randomInt(min, max, callback) {
    const isOnlyMax = max === undefined || typeof max === 'function';
    if (isOnlyMax) [min, max, callback] = [0, min, max];
    if (callback !== undefined) check.callable(callback);
    if (!Number.isSafeInteger(min)) throw invalidArgument('min', 'a safe integer', min);
    if (!Number.isSafeInteger(max)) throw invalidArgument('max', 'a safe integer', max);
    if (max <= min) throw outOfRange('max', `greater than the value of "min" (${min})`, max);
    const range = max - min;
    if (range >= RANDOM_INTEGERS) {
      throw outOfRange(isOnlyMax ? 'max' : 'max - min', `<= ${RANDOM_INTEGERS - 1}`, range);
    }
    // Numbers above the last multiple of the range would make some results likelier.
    const most = RANDOM_INTEGERS - (RANDOM_INTEGERS % range);
    let number;
    do number = native.randomInteger(); while (number >= most);
    const result = (number % range) + min;
    if (callback === undefined) return result;
    later(callback, undefined, result);
  }

  function randomUUID(options) {
    if (options !== undefined) check.object(options, 'options');
    const isFresh = options?.disableEntropyCache;
    if (isFresh !== undefined && typeof isFresh !== 'boolean') {
      throw invalidArgument('options.disableEntropyCache', 'of type boolean', isFresh);
    }
    return crypto.webcrypto.randomUUID();
  }

  function timingSafeEqual(buf1, buf2) {
    for (const [name, value] of [['buf1', buf1], ['buf2', buf2]]) {
      if (native.isBytes(value)) continue;
      throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${name}" argument must be ${BYTES}.`);
    }
    if (buf1.byteLength !== buf2.byteLength) {
      throw coded(RangeError, 'ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH', 'Input buffers must have the same byte length');
    }
    return native.sameBytes(buf1, buf2);
  }

  const crypto = { randomBytes, randomFill, randomFillSync, randomInt, randomUUID, timingSafeEqual };
  crypto.getFips = function getFips() { return 0; };
  // Old names of it.
  for (const name of ['prng', 'pseudoRandomBytes', 'rng']) {
    Object.defineProperty(crypto, name, { configurable: true, enumerable: false, writable: true, value: randomBytes });
  }

  const define = (name, get) => Object.defineProperty(crypto, name, {
    configurable: true,
    enumerable: true,
    get,
    set(value) { Object.defineProperty(crypto, name, { value, writable: true }); },
  });

  // Parts, which are made when one of their members is first asked for.
  const shared = { ...native, BYTES, check, coded, invalidValue, isView, later, randomBytes, toBytes };
  const parts = {
    derive: ['hkdf', 'hkdfSync', 'pbkdf2', 'pbkdf2Sync', 'scrypt', 'scryptSync'],
    keys: ['KeyObject', 'createPrivateKey', 'createPublicKey', 'createSecretKey', 'generateKey', 'generateKeySync'],
    hash: ['Hash', 'Hmac', 'createHash', 'createHmac', 'getHashes', 'hash'],
    sign: ['Sign', 'Verify', 'createSign', 'createVerify', 'sign', 'verify'],
    pairs: ['ECDH', 'createECDH', 'diffieHellman', 'generateKeyPair', 'generateKeyPairSync', 'getCurves'],
    cipher: [
      'Cipheriv', 'Decipheriv', 'createCipheriv', 'createDecipheriv', 'getCipherInfo', 'getCiphers',
    ],
    constants: ['constants'],
  };
  const made = new Map();
  shared.part = function part(name) {
    if (!made.has(name)) made.set(name, native.part(name, shared));
    return made.get(name);
  };
  for (const [part, names] of Object.entries(parts)) {
    for (const name of names) define(name, () => shared.part(part)[name]);
  }

  for (const name of [
    'Certificate', 'DiffieHellman', 'DiffieHellmanGroup', 'X509Certificate', 'argon2', 'argon2Sync', 'checkPrime',
    'checkPrimeSync', 'createDiffieHellman', 'createDiffieHellmanGroup', 'createMac', 'decapsulate', 'encapsulate',
    'generatePrime', 'generatePrimeSync', 'getDiffieHellman', 'getMacs', 'parsePKCS12', 'privateDecrypt',
    'privateEncrypt', 'publicDecrypt', 'publicEncrypt', 'randomUUIDv7', 'secureHeapUsed', 'setEngine', 'setFips',
  ]) {
    const refuse = missing('crypto', name);
    // Classes are called with `new`.
    const isClass = name[0] === name[0].toUpperCase();
    crypto[name] = isClass ? Object.defineProperty(function () { refuse(); }, 'name', { value: name }) : refuse;
  }

  // The realm's own, whatever script made of the global since.
  const { webcrypto } = native;
  define('webcrypto', () => webcrypto);
  define('subtle', () => webcrypto.subtle);
  crypto.getRandomValues = function getRandomValues(array) { return webcrypto.getRandomValues(array); };
  return crypto;
})
