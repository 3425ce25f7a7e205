// `Hash`, `Hmac` and what makes them.

(function ({
  Buffer, check, coded, hashes, invalidArgument, invalidValue, isView, startHash, startHmac, part,
}) {
  const DATA = 'of type string or an instance of Buffer, TypedArray, or DataView';
  const KEY = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, DataView, KeyObject, or CryptoKey';
  const MAX_UINT32 = 2 ** 32 - 1;
  const finalized = () => coded(Error, 'ERR_CRYPTO_HASH_FINALIZED', 'Digest already called');

  const wrongLength = () => coded(Error, 'ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH',
    'error:030000B2:digital envelope routines::not XOF or invalid length');

  const { LazyTransform } = part('transform');

  function checkEncoding(data, encoding) {
    if (/^hex$/i.test(encoding) && data.length % 2 !== 0) {
      throw invalidValue('encoding', encoding, `is invalid for data of length ${data.length}`);
    }
  }
  function checkData(data, encoding) {
    if (typeof data === 'string') checkEncoding(data, encoding);
    else if (!isView(data)) throw invalidArgument('data', DATA, data);
  }

  // What both have: a native object that takes bytes.
  class Digesting extends LazyTransform {
    #running;
    #isFinalized = false;

    constructor(running, options) {
      super(options);
      this.#running = running;
    }

    update(data, encoding) {
      encoding = encoding || 'utf8';
      if (this.#isFinalized) throw finalized();
      checkData(data, encoding);
      this.#running.update(data, encoding);
      return this;
    }

    digest(outputEncoding) {
      if (this.#isFinalized) return this._digestAgain(outputEncoding);
      this.#isFinalized = true;
      return this.#running.digest(outputEncoding && `${outputEncoding}`);
    }

    _transform(chunk, encoding, callback) {
      this.#running.update(chunk, encoding);
      callback();
    }

    _flush(callback) {
      this.push(this.#running.digest());
      callback();
    }

    _copyRunning(length) {
      if (this.#isFinalized) throw finalized();
      const copy = this.#running.copy(length);
      if (copy === undefined) throw wrongLength();
      return copy;
    }
  }
  function outputLength(options) {
    const length = typeof options === 'object' && options !== null ? options.outputLength : undefined;
    if (length !== undefined) check.integer(length, 'options.outputLength', 0, MAX_UINT32);
    return length;
  }
  function start(algorithm, options) {
    const running = startHash(algorithm, outputLength(options));
    if (running === undefined) throw wrongLength();
    return running;
  }

  class Hash extends Digesting {
    constructor(algorithm, options) {
      check.string(algorithm, 'algorithm');
      const running = start(algorithm, options);
      if (running === null) throw new Error('Digest method not supported');
      super(running, options);
    }

    copy(options) {
      return Object.setPrototypeOf(new Digesting(this._copyRunning(outputLength(options)), options), Hash.prototype);
    }

    _digestAgain() { throw finalized(); }
  }

  class Hmac extends Digesting {
    constructor(algorithm, key, options) {
      check.string(algorithm, 'hmac');
      const bytes = part('keys').secretBytes(key, 'key', options?.encoding, KEY);
      const running = startHmac(algorithm, bytes);
      if (running === undefined) throw coded(TypeError, 'ERR_CRYPTO_INVALID_DIGEST', `Invalid digest: ${algorithm}`);
      super(running, options);
    }

    // Nothing is what an HMAC gives again, as it always was.
    _digestAgain(outputEncoding) {
      const nothing = Buffer.from('');
      return outputEncoding && outputEncoding !== 'buffer' ? nothing.toString(outputEncoding) : nothing;
    }
  }

  function hash(algorithm, input, options = 'hex') {
    check.string(algorithm, 'algorithm');
    if (typeof input !== 'string' && !isView(input)) throw invalidArgument('input', DATA, input);
    const isName = typeof options === 'string';
    if (!isName) check.object(options, 'options');
    const encoding = isName ? options : options.outputEncoding ?? 'hex';
    check.string(encoding, 'outputEncoding');
    if (encoding !== 'buffer' && !Buffer.isEncoding(encoding)) throw invalidValue('outputEncoding', encoding);
    const running = start(algorithm, isName ? undefined : options);
    if (running === null) throw new Error(`Digest method ${algorithm} is not supported`);
    running.update(input, 'utf8');
    return running.digest(encoding);
  }

  // Callable without `new`, as they were before there were classes.
  function callable(Class) {
    const constructor = function (...given) { return Reflect.construct(Class, given, new.target ?? Class); };
    Object.defineProperty(constructor, 'name', { value: Class.name });
    constructor.prototype = Class.prototype;
    Object.defineProperty(Class.prototype, 'constructor', { value: constructor });
    return constructor;
  }

  return {
    callable,
    Hash: callable(Hash),
    Hmac: callable(Hmac),
    createHash: function createHash(algorithm, options) { return new Hash(algorithm, options); },
    createHmac: function createHmac(hmac, key, options) { return new Hmac(hmac, key, options); },
    getHashes: function getHashes() {
      const signed = ['MD5', 'RIPEMD160', 'SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512'];
      return [...signed.map((name) => `RSA-${name}`), ...hashes()].sort();
    },
    hash,
  };
})
