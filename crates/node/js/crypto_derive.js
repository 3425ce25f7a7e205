// `pbkdf2`, `scrypt`, `hkdf`: keys out of passwords and other secrets.

(function ({ check, coded, hasHmac, hkdf, isScryptWork, outOfRange, part, pbkdf2, scrypt, toBytes }) {
  const MAX_INT32 = 2 ** 31 - 1, MAX_UINT32 = 2 ** 32 - 1;
  const PASSWORD = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView';
  const MAX_INFO_BYTES = 1024;
  const DEFAULTS = { N: 16384, r: 8, p: 1, maxmem: 32 * 1024 * 1024 };
  const SCRYPT_BLOCK_BYTES = 128;

  const bytesOf = (value, name) => toBytes(value, name, undefined, PASSWORD);
  function knownDigest(digest) {
    if (!hasHmac(digest)) throw coded(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${digest}`);
  }
  // What the native part could not make.
  const made = (result, what) => {
    if (result === undefined) throw new Error(`${what} derivation failed`);
    return result;
  };
  const told = (callback, what, convert = (bytes) => bytes) => (error, bytes) => {
    if (bytes === undefined) callback(new Error(`${what} derivation failed`));
    else callback(error, convert(bytes));
  };

  function pbkdf2Arguments(password, salt, iterations, keylen, digest) {
    check.string(digest, 'digest');
    password = bytesOf(password, 'password');
    salt = bytesOf(salt, 'salt');
    check.integer(iterations, 'iterations', 1, MAX_INT32);
    check.integer(keylen, 'keylen', 0, MAX_INT32);
    knownDigest(digest);
    return [digest, password, salt, iterations, keylen];
  }
  function pbkdf2Sync(password, salt, iterations, keylen, digest) {
    return made(pbkdf2(...pbkdf2Arguments(password, salt, iterations, keylen, digest)), 'PBKDF2');
  }
  function pbkdf2Later(password, salt, iterations, keylen, digest, callback) {
    if (typeof digest === 'function') [digest, callback] = [undefined, digest];
    const given = pbkdf2Arguments(password, salt, iterations, keylen, digest);
    check.callable(callback);
    pbkdf2(...given, told(callback, 'PBKDF2'));
  }

  function option(options, short, long) {
    const [first, second] = [options[short], options[long]];
    if (first === undefined) return second;
    if (second !== undefined) {
      throw coded(TypeError, 'ERR_INCOMPATIBLE_OPTION_PAIR',
        `Option "${short}" cannot be used in combination with option "${long}"`);
    }
    return first;
  }
  function scryptArguments(password, salt, keylen, options) {
    password = bytesOf(password, 'password');
    salt = bytesOf(salt, 'salt');
    check.integer(keylen, 'keylen', 0, MAX_INT32);
    const given = { ...DEFAULTS };
    for (const [short, long] of [['N', 'cost'], ['r', 'blockSize'], ['p', 'parallelization']]) {
      const value = options && option(options, short, long);
      if (value === undefined) continue;
      check.integer(value, short, 0, MAX_UINT32);
      // 0 stands for what is usual.
      given[short] = value || DEFAULTS[short];
    }
    if (options?.maxmem !== undefined) {
      check.integer(options.maxmem, 'maxmem', 0);
      given.maxmem = options.maxmem || DEFAULTS.maxmem;
    }
    const { N, r, p, maxmem } = given;
    const refused = (why) => coded(RangeError, 'ERR_CRYPTO_INVALID_SCRYPT_PARAMS', `Invalid scrypt params${why}`);
    if (N < 2 || (N & (N - 1)) !== 0) throw refused('');
    if (SCRYPT_BLOCK_BYTES * r * (N + p + 2) > maxmem) {
      throw refused(': error:030000AC:digital envelope routines::memory limit exceeded');
    }
    if (!isScryptWork(N, r, p)) throw refused(': N * r * p is more than Holm computes at once, 2 ** 24');
    return [password, salt, N, r, p, keylen];
  }
  function scryptSync(password, salt, keylen, options) {
    return made(scrypt(...scryptArguments(password, salt, keylen, options)), 'scrypt');
  }
  function scryptLater(password, salt, keylen, options, callback) {
    if (callback === undefined) [options, callback] = [undefined, options];
    const given = scryptArguments(password, salt, keylen, options);
    check.callable(callback);
    scrypt(...given, told(callback, 'scrypt'));
  }

  function hkdfArguments(digest, key, salt, info, length) {
    check.string(digest, 'digest');
    key = part('keys').secretBytes(key, 'ikm');
    salt = bytesOf(salt, 'salt');
    info = bytesOf(info, 'info');
    check.integer(length, 'length', 0);
    if (info.byteLength > MAX_INFO_BYTES) {
      throw outOfRange('info', `must not contain more than ${MAX_INFO_BYTES} bytes`, info.byteLength);
    }
    knownDigest(digest);
    if (length > 255 * part('hash').createHash(digest).digest().length) {
      throw coded(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
    }
    return [digest, key, salt, info, length];
  }
  const ownBuffer = (bytes) => bytes.buffer;
  function hkdfSync(digest, ikm, salt, info, length) {
    return ownBuffer(made(hkdf(...hkdfArguments(digest, ikm, salt, info, length)), 'HKDF'));
  }
  function hkdfLater(digest, ikm, salt, info, length, callback) {
    const given = hkdfArguments(digest, ikm, salt, info, length);
    check.callable(callback);
    hkdf(...given, told(callback, 'HKDF', ownBuffer));
  }

  const named = (name, value) => Object.defineProperty(value, 'name', { value: name });
  return {
    hkdf: named('hkdf', hkdfLater),
    hkdfSync,
    pbkdf2: named('pbkdf2', pbkdf2Later),
    pbkdf2Sync,
    scrypt: named('scrypt', scryptLater),
    scryptSync,
  };
})
