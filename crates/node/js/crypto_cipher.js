// `Cipheriv`, `Decipheriv` and which ciphers there are.

(function ({
  Buffer, builtin, check, coded, invalidArgument, invalidValue, isView, part, startCipher, toBytes,
}) {
  const { StringDecoder } = builtin('string_decoder');
  const { LazyTransform } = part('transform');
  const { secretBytes } = part('keys');
  const DATA = 'of type string or an instance of Buffer, TypedArray, or DataView';
  const BYTES = 'of type string or an instance of ArrayBuffer, Buffer, TypedArray, or DataView';
  const BLOCK_BYTES = 16, GCM_IV_BYTES = 12, MAX_UINT32 = 2 ** 32 - 1, MAX_INT32 = 2 ** 31 - 1;
  const TAG_LENGTHS = [4, 8, 12, 13, 14, 15, 16];

  // All that there are, with the numbers that OpenSSL gave them.
  const NUMBERS = {
    128: { ecb: 418, cbc: 419, ctr: 904, gcm: 895 },
    192: { ecb: 422, cbc: 423, ctr: 905, gcm: 898 },
    256: { ecb: 426, cbc: 427, ctr: 906, gcm: 901 },
  };
  const namesOf = (bits, mode) => [`aes-${bits}-${mode}`, ...({ cbc: [`aes${bits}`], gcm: [`id-aes${bits}-gcm`] }[mode] ?? [])];
  const ciphers = Object.entries(NUMBERS).flatMap(([bits, modes]) => Object.entries(modes).map(([mode, nid]) => ({
    mode,
    name: mode === 'gcm' ? `id-aes${bits}-gcm` : `aes-${bits}-${mode}`,
    names: namesOf(bits, mode),
    nid,
    keyLength: bits / 8,
    blockSize: mode === 'ctr' || mode === 'gcm' ? 1 : BLOCK_BYTES,
    ivLength: { cbc: BLOCK_BYTES, ctr: BLOCK_BYTES, gcm: GCM_IV_BYTES }[mode],
  })));
  const named = (name) => ciphers.find(({ names }) => names.includes(name.toLowerCase()));

  const invalidState = (what) => coded(Error, 'ERR_CRYPTO_INVALID_STATE',
    what ? `Invalid state for operation ${what}` : 'Invalid state');
  const invalidTag = (length) => coded(TypeError, 'ERR_CRYPTO_INVALID_AUTH_TAG',
    `Invalid authentication tag length: ${length}`);
  const wrongEnd = {
    length: () => coded(Error, 'ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH',
      'error:1C80006B:Provider routines::wrong final block length'),
    padding: () => coded(Error, 'ERR_OSSL_BAD_DECRYPT', 'error:1C800064:Provider routines::bad decrypt'),
    tag: () => new Error('Unsupported state or unable to authenticate data'),
  };
  const START = 0, UPDATED = 1, FINISHED = 2;

  // What both directions have: a native object that takes bytes.
  class Ciphering extends LazyTransform {
    #running;
    #info;
    #state = START;
    #decoder;
    #encoding;

    constructor(encrypts, cipher, key, iv, options) {
      check.string(cipher, 'cipher');
      const encoding = options?.encoding;
      key = secretBytes(key, 'key', encoding);
      if (iv !== null) iv = toBytes(iv, 'iv', encoding, BYTES);
      const info = named(cipher);
      const tagBytes = options?.authTagLength;
      if (tagBytes !== undefined && (tagBytes >>> 0 !== tagBytes || tagBytes > MAX_INT32)) {
        throw invalidValue('options.authTagLength', tagBytes);
      }
      if (info === undefined) throw coded(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
      const { keyLength, mode } = info;
      if (key.byteLength !== keyLength) throw coded(RangeError, 'ERR_CRYPTO_INVALID_KEYLEN', 'Invalid key length');
      const running = startCipher(mode, encrypts, key, iv ?? Buffer.alloc(0));
      if (running === undefined) throw coded(TypeError, 'ERR_CRYPTO_INVALID_IV', 'Invalid initialization vector');
      if (mode === 'gcm' && tagBytes !== undefined && !TAG_LENGTHS.includes(tagBytes)) throw invalidTag(tagBytes);
      super(options);
      this.#running = running;
      this.#info = info;
      // Of GCM: how long the tag has to be, and the tag itself.
      for (const [name, value] of [['_tagBytes', tagBytes], ['_tag', undefined]]) {
        Object.defineProperty(this, name, { value, writable: true });
      }
    }

    _isGcm() { return this.#info.mode === 'gcm'; }
    _isFinished() { return this.#state === FINISHED; }

    #shown(bytes, encoding, isEnd) {
      if (!encoding || encoding === 'buffer') return bytes;
      if (this.#decoder === undefined) {
        this.#decoder = new StringDecoder(encoding);
        this.#encoding = encoding;
      } else if (this.#decoder.encoding !== new StringDecoder(encoding).encoding) {
        throw invalidValue('outputEncoding', encoding, `cannot be changed from '${this.#encoding}'`);
      }
      return isEnd ? this.#decoder.end(bytes) : this.#decoder.write(bytes);
    }

    update(data, inputEncoding, outputEncoding) {
      if (typeof data !== 'string' && !isView(data)) throw invalidArgument('data', DATA, data);
      if (this.#state === FINISHED) throw new Error('Trying to add data in unsupported state');
      this.#state = UPDATED;
      return this.#shown(this.#running.update(data, inputEncoding), outputEncoding, false);
    }

    _end() {
      if (this.#state === FINISHED) throw invalidState();
      this.#state = FINISHED;
      const last = this.#running.finish(this._tag);
      if (typeof last === 'string') throw wrongEnd[last]();
      return last;
    }

    final(outputEncoding) { return this.#shown(this._end(), outputEncoding, true); }

    setAutoPadding(autoPadding) {
      if (this.#state === FINISHED) throw invalidState('setAutoPadding');
      this.#running.setPadding(autoPadding === undefined ? true : Boolean(autoPadding));
      return this;
    }

    setAAD(buffer, options) {
      const plaintextLength = options?.plaintextLength;
      if (plaintextLength !== undefined && (plaintextLength >>> 0 !== plaintextLength || plaintextLength > MAX_UINT32)) {
        throw invalidValue('options.plaintextLength', plaintextLength);
      }
      const bytes = toBytes(buffer, 'buffer', options?.encoding, BYTES);
      if (!this._isGcm() || this.#state !== START) throw invalidState('setAAD');
      this.#running.authenticate(bytes);
      return this;
    }

    _transform(chunk, encoding, callback) {
      let out;
      try {
        out = this.update(chunk, encoding);
      } catch (error) {
        return callback(error);
      }
      this.push(out);
      callback();
    }

    _flush(callback) {
      let out;
      try {
        out = this.final();
      } catch (error) {
        return callback(error);
      }
      this.push(out);
      callback();
    }
  }

  class Cipheriv extends Ciphering {
    constructor(cipher, key, iv, options) { super(true, cipher, key, iv, options); }

    _end() {
      const last = super._end();
      if (this._isGcm()) this._tag = last.subarray(0, this._tagBytes ?? BLOCK_BYTES);
      return this._isGcm() ? Buffer.alloc(0) : last;
    }

    getAuthTag() {
      if (this._tag === undefined) throw invalidState('getAuthTag');
      return Buffer.from(this._tag);
    }
  }

  class Decipheriv extends Ciphering {
    constructor(cipher, key, iv, options) { super(false, cipher, key, iv, options); }

    setAuthTag(tag, encoding) {
      const bytes = toBytes(tag, 'buffer', encoding, BYTES);
      if (!this._isGcm() || this._isFinished() || this._tag !== undefined) throw invalidState('setAuthTag');
      const length = bytes.byteLength;
      // Who wants a shorter one, which is easier to guess, has to say so.
      if (length !== (this._tagBytes ?? BLOCK_BYTES)) throw invalidTag(length);
      this._tag = Buffer.from(isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, length) : bytes);
      return this;
    }
  }

  function getCipherInfo(nameOrNid, options) {
    const isName = typeof nameOrNid === 'string';
    if (!isName && typeof nameOrNid !== 'number') throw invalidArgument('nameOrNid', 'of type string or number', nameOrNid);
    if (options !== undefined) check.object(options, 'options');
    const { keyLength: wantedKey, ivLength: wantedIv } = options ?? {};
    if (wantedKey !== undefined) check.integer(wantedKey, 'options.keyLength', -(2 ** 31), MAX_INT32);
    if (wantedIv !== undefined) check.integer(wantedIv, 'options.ivLength', -(2 ** 31), MAX_INT32);
    const found = isName ? named(nameOrNid) : ciphers.find(({ nid }) => nid === nameOrNid);
    if (found === undefined) return undefined;
    const { mode, name, nid, keyLength, blockSize, ivLength } = found;
    if (wantedKey !== undefined && wantedKey !== keyLength) return undefined;
    const fits = mode === 'gcm' ? wantedIv > 0 : wantedIv === ivLength;
    if (wantedIv !== undefined && !fits) return undefined;
    return Object.setPrototypeOf({ mode, name, nid, keyLength, blockSize, ivLength: wantedIv ?? ivLength }, null);
  }

  const { callable } = part('hash');
  return {
    Cipheriv: callable(Cipheriv),
    Decipheriv: callable(Decipheriv),
    createCipheriv: function createCipheriv(cipher, key, iv, options) { return new Cipheriv(cipher, key, iv, options); },
    createDecipheriv: function createDecipheriv(cipher, key, iv, options) {
      return new Decipheriv(cipher, key, iv, options);
    },
    getCipherInfo,
    getCiphers: function getCiphers() { return ciphers.flatMap(({ names }) => names).sort(); },
  };
})
