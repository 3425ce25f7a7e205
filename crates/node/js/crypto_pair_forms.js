// Keys of pairs as PEM, DER and JSON Web Keys, read and written.

(function ({
  Buffer, check, coded, curves, decryptKey, encryptKey, invalidValue, readCoordinates, readKey, toBytes,
}) {
  const LINE_DIGITS = 64;
  const LABELS = { spki: 'PUBLIC KEY', pkcs8: 'PRIVATE KEY', sec1: 'EC PRIVATE KEY', certificate: 'CERTIFICATE' };
  const ENCRYPTED = 'ENCRYPTED PRIVATE KEY';
  const all = curves().map(([curve, crv, isWeierstrass, privateBytes]) => ({ curve, crv, isWeierstrass, privateBytes }));
  const unsupported = () => coded(Error, 'ERR_OSSL_UNSUPPORTED', 'error:1E08010C:DECODER routines::unsupported');
  const noPassphrase = () => coded(TypeError, 'ERR_MISSING_PASSPHRASE', 'Passphrase required for encrypted key');
  const badDecrypt = () => coded(Error, 'ERR_OSSL_BAD_DECRYPT', 'error:1C800064:Provider routines::bad decrypt');
  const noRsa = () => coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED',
    'a key for RSA is not part of Holm yet. hint: use keys of elliptic curves');
  // rsaEncryption, as it stands in files with keys.
  const RSA_IDENTIFIER = Buffer.from('06092a864886f70d010101', 'hex');
  const invalidJwk = (text) => coded(TypeError, 'ERR_CRYPTO_INVALID_JWK', text);

  // The curve that OpenSSL, or a JSON Web Key, calls so.
  function weierstrass(name) {
    const found = all.find(({ curve, crv, isWeierstrass }) => isWeierstrass && (curve === name || crv === name));
    if (found === undefined) throw coded(TypeError, 'ERR_CRYPTO_INVALID_CURVE', 'Invalid EC curve name');
    return found.curve;
  }
  const entryOf = (handle) => all.find(({ curve }) => curve === handle.curve);
  const typeOf = (handle) => (entryOf(handle).isWeierstrass ? 'ec' : handle.curve);

  const viewed = (bytes) => Buffer.from(bytes.buffer ?? bytes, bytes.byteOffset, bytes.byteLength);
  function fromPem(text, options) {
    const pattern = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;
    for (const [, label, body] of text.matchAll(pattern)) {
      if (label.startsWith('RSA ')) throw noRsa();
      if (label === ENCRYPTED) return fromDer(Buffer.from(body, 'base64'), 'pkcs8', options, true);
      const form = Object.keys(LABELS).find((name) => LABELS[name] === label);
      // Headers say how it is encrypted, in a way of before PKCS#8.
      if (form !== undefined && !body.includes(':')) return fromDer(Buffer.from(body, 'base64'), form, options, false);
    }
  }
  function fromDer(bytes, form, { passphrase, encoding }, isEncrypted) {
    const read = (der) => {
      const handle = readKey(form, der);
      if (handle === undefined && viewed(der).includes(RSA_IDENTIFIER)) throw noRsa();
      return handle;
    };
    let handle = isEncrypted ? undefined : read(bytes);
    if (handle !== undefined || form !== 'pkcs8') return handle;
    if (passphrase === undefined || passphrase === null) {
      if (isEncrypted) throw noPassphrase();
      return undefined;
    }
    const decrypted = decryptKey(bytes, toBytes(passphrase, 'key.passphrase', encoding));
    if (decrypted === null) throw unsupported();
    if (decrypted !== undefined) handle = read(decrypted);
    if (handle === undefined) throw badDecrypt();
    return handle;
  }

  // `use`: 'public' takes private keys as well.
  function decode(data, options, use, name) {
    const { format = 'pem', type } = options;
    let handle;
    if (format === 'pem') {
      handle = fromPem(typeof data === 'string' ? data : viewed(data).toString('latin1'), options);
    } else if (format === 'der') {
      const forms = use === 'private' ? ['pkcs8', 'sec1', 'pkcs1'] : ['spki', 'pkcs1', 'pkcs8', 'sec1'];
      if (!forms.includes(type)) throw invalidValue(`${name}.type`, type);
      if (type === 'pkcs1') throw noRsa();
      handle = fromDer(typeof data === 'string' ? Buffer.from(data) : data, type, options, false);
    } else {
      throw invalidValue(`${name}.format`, format);
    }
    if (handle === undefined || (use === 'private' && !handle.isPrivate)) throw unsupported();
    return use === 'public' ? handle.toPublic() : handle;
  }

  function decodeJwk(jwk, use, name) {
    const { kty } = jwk;
    if (kty === 'RSA') throw noRsa();
    if (kty !== 'EC' && kty !== 'OKP') throw invalidJwk(`${kty} is not a supported JWK key type`);
    const member = (key) => {
      const value = jwk[key];
      if (typeof value !== 'string') throw invalidJwk(`Invalid JWK ${kty} key`);
      return Buffer.from(value, 'base64url');
    };
    const { crv } = jwk;
    if (typeof crv !== 'string') throw invalidJwk(`Invalid JWK ${kty} key`);
    const edwards = all.find((entry) => entry.crv === crv && !entry.isWeierstrass);
    const curve = kty === 'EC' ? weierstrass(crv) : edwards?.curve;
    if (curve === undefined) throw invalidValue(`${name}.crv`, crv);
    const isPrivate = jwk.d !== undefined;
    if (use === 'private' && !isPrivate) throw invalidJwk(`Invalid JWK ${kty} key`);
    const [y, d] = [kty === 'EC' ? member('y') : undefined, isPrivate ? member('d') : undefined];
    const handle = readCoordinates(curve, member('x'), y, d);
    if (handle === undefined) throw invalidJwk(`Invalid JWK ${kty} key`);
    return use === 'public' ? handle.toPublic() : handle;
  }

  function encode(handle, options, name = 'options') {
    check.object(options, name);
    const { format, type, cipher, passphrase } = options;
    if (format === 'jwk') return encodeJwk(handle);
    if (format !== 'pem' && format !== 'der') throw invalidValue(`${name}.format`, format);
    const isWeierstrass = typeOf(handle) === 'ec';
    const forms = handle.isPrivate ? ['pkcs8', 'sec1'] : ['spki'];
    if (!forms.includes(type)) throw invalidValue(`${name}.type`, type);
    if (type === 'sec1' && !isWeierstrass) {
      throw coded(Error, 'ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS',
        'The selected key encoding sec1 can only be used for EC keys.');
    }
    let bytes = handle.export(type);
    let label = LABELS[type];
    if (handle.isPrivate && cipher !== undefined && cipher !== null) {
      if (typeof cipher !== 'string') throw invalidValue(`${name}.cipher`, cipher);
      if (passphrase === undefined) throw invalidValue(`${name}.passphrase`, passphrase);
      if (type !== 'pkcs8') {
        throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED',
          'an encrypted sec1 key is not part of Holm yet. hint: use type pkcs8');
      }
      bytes = encryptKey(bytes, toBytes(passphrase, `${name}.passphrase`, options.encoding), cipher.toLowerCase());
      if (bytes === undefined) throw coded(Error, 'ERR_CRYPTO_UNKNOWN_CIPHER', 'Unknown cipher');
      label = ENCRYPTED;
    } else if (handle.isPrivate && passphrase !== undefined && passphrase !== null) {
      throw invalidValue(`${name}.cipher`, cipher);
    }
    if (format === 'der') return bytes;
    const lines = bytes.toString('base64').match(new RegExp(`.{1,${LINE_DIGITS}}`, 'g'));
    return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
  }

  function encodeJwk(handle) {
    const { crv, isWeierstrass } = entryOf(handle);
    const [x, y, d] = handle.coordinates().map((bytes) => bytes.toString('base64url'));
    const jwk = isWeierstrass ? { kty: 'EC', x, y, crv } : { crv, x, kty: 'OKP' };
    return d === undefined ? jwk : { ...jwk, d };
  }

  return { all, decode, decodeJwk, encode, typeOf, weierstrass };
})
