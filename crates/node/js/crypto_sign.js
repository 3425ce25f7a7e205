// `Sign`, `Verify`, and what signs and verifies at once.

(function ({ Buffer, builtin, check, coded, invalidArgument, invalidValue, isView, later, part, toBytes }) {
  const { Writable } = builtin('stream');
  const { pairHandle } = part('keys');
  const { callable, createHash } = part('hash');
  const DATA = 'of type string or an instance of Buffer, TypedArray, or DataView';
  const invalidDigest = (name) => coded(TypeError, 'ERR_CRYPTO_INVALID_DIGEST',
    name === undefined ? 'Invalid digest' : `Invalid digest: ${name}`);
  const notForKey = () => coded(Error, 'ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE',
    'error:03000096:digital envelope routines::operation not supported for this keytype');
  // What is signed with where nothing is said.
  const USUAL_DIGEST = 'sha256';

  function started(algorithm) {
    try {
      return createHash(algorithm);
    } catch {
      throw invalidDigest();
    }
  }

  // What the object with a key says of signatures: whether they are ASN.1.
  function isDer(key, name = 'options') {
    if (key === null || typeof key !== 'object') return true;
    const { dsaEncoding, padding, saltLength } = key;
    for (const [option, value] of [['padding', padding], ['saltLength', saltLength]]) {
      if (value !== undefined && value !== value >> 0) throw invalidValue(`${name}.${option}`, value);
    }
    if (dsaEncoding === undefined || dsaEncoding === 'der') return true;
    if (dsaEncoding === 'ieee-p1363') return false;
    throw invalidValue(`${name}.dsaEncoding`, dsaEncoding);
  }

  class Digesting extends Writable {
    constructor(algorithm, options) {
      check.string(algorithm, 'algorithm');
      super(options);
      Object.defineProperty(this, '_hash', { value: started(algorithm), writable: true });
    }
    _write(chunk, encoding, callback) {
      this._hash.update(chunk, encoding);
      callback();
    }
    update(data, encoding) {
      if (typeof data !== 'string' && !isView(data)) throw invalidArgument('data', DATA, data);
      this._hash.update(data, encoding === 'buffer' ? undefined : encoding);
      return this;
    }
  }

  function usable(handle) {
    if (!handle.signs) throw notForKey();
    // Its data cannot be hashed beforehand.
    if (handle.hashesItself) throw coded(Error, 'ERR_CRYPTO_UNSUPPORTED_OPERATION', 'Unsupported crypto operation');
    return handle;
  }

  class Sign extends Digesting {
    sign(privateKey, encoding) {
      if (!privateKey) throw coded(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
      const der = isDer(privateKey);
      const handle = usable(pairHandle(privateKey, 'private', 'privateKey'));
      const signature = handle.sign(this._hash.digest(), der);
      return encoding && encoding !== 'buffer' ? signature.toString(encoding) : signature;
    }
  }

  class Verify extends Digesting {
    verify(key, signature, encoding) {
      const der = isDer(key);
      const handle = usable(pairHandle(key, 'public', 'key'));
      return handle.verify(this._hash.digest(), toBytes(signature, 'signature', encoding), der);
    }
  }

  // What of the data is signed.
  function signable(algorithm, data, handle) {
    if (!handle.signs) throw notForKey();
    if (handle.hashesItself) {
      if (algorithm !== undefined && algorithm !== null) {
        throw coded(Error, 'ERR_OSSL_INVALID_DIGEST', 'error:1C80007A:Provider routines::invalid digest');
      }
      return data;
    }
    try {
      return createHash(algorithm ?? USUAL_DIGEST).update(data).digest();
    } catch {
      throw invalidDigest(algorithm);
    }
  }
  // Or of a string.
  function checkedData(data, name) {
    const bytes = toBytes(data, name);
    return isView(bytes) ? bytes : Buffer.from(bytes);
  }
  function outcome(callback, make) {
    if (callback === undefined) return make();
    check.callable(callback);
    let result;
    try {
      result = [null, make()];
    } catch (error) {
      if (error.code === 'ERR_INVALID_ARG_TYPE' || error.code === 'ERR_INVALID_ARG_VALUE') throw error;
      result = [error];
    }
    later(callback, ...result);
  }
  const checkAlgorithm = (algorithm) => {
    if (algorithm !== null && algorithm !== undefined) check.string(algorithm, 'algorithm');
  };

  function sign(algorithm, data, key, callback) {
    checkAlgorithm(algorithm);
    const bytes = checkedData(data, 'data');
    if (!key) throw coded(Error, 'ERR_CRYPTO_SIGN_KEY_REQUIRED', 'No key provided to sign');
    const der = isDer(key);
    const handle = pairHandle(key, 'private', 'key');
    return outcome(callback, () => handle.sign(signable(algorithm, bytes, handle), der));
  }

  function verify(algorithm, data, key, signature, callback) {
    checkAlgorithm(algorithm);
    const bytes = checkedData(data, 'data');
    const der = isDer(key);
    const given = toBytes(signature, 'signature');
    const handle = pairHandle(key, 'public', 'key');
    return outcome(callback, () => handle.verify(signable(algorithm, bytes, handle), given, der));
  }

  return {
    Sign: callable(Sign),
    Verify: callable(Verify),
    createSign: function createSign(algorithm, options) { return new Sign(algorithm, options); },
    createVerify: function createVerify(algorithm, options) { return new Verify(algorithm, options); },
    sign,
    verify,
  };
})
