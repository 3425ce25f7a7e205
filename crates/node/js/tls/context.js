// `tls.createSecureContext`: who one is, whom one trusts, what is spoken.
//
// <https://nodejs.org/api/tls.html#tlscreatesecurecontextoptions>

(function ({ Buffer, coded, invalidArgument, natives, part }) {
  const native = natives('tls');
  const { invalidValue } = part('net/errors');
  const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
  const defaults = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' };

  // Of PEM texts, one after the other; nothing of none.
  function pem(value, name) {
    if (value === undefined || value === null || value === false) return undefined;
    return [value].flat().map((one) => {
      if (name === 'key' && one !== null && typeof one === 'object' && !ArrayBuffer.isView(one) && 'pem' in one) one = one.pem;
      if (typeof one === 'string') return one;
      if (ArrayBuffer.isView(one)) return Buffer.from(one.buffer, one.byteOffset, one.byteLength).toString('latin1');
      throw invalidArgument(`options.${name}`, 'of type string or an instance of Buffer, TypedArray, or DataView', one);
    }).join('\n');
  }

  function versions({ minVersion, maxVersion, secureProtocol }) {
    if (secureProtocol !== undefined && (minVersion !== undefined || maxVersion !== undefined)) {
      throw coded(TypeError, 'ERR_TLS_PROTOCOL_VERSION_CONFLICT',
        `TLS protocol version ${JSON.stringify(minVersion ?? maxVersion)} conflicts with secureProtocol ${JSON.stringify(secureProtocol)}`);
    }
    const named = /^TLSv1_(2)_(?:client_|server_)?method$/.exec(secureProtocol ?? '');
    if (named) return 'TLSv1.2';
    const [least, most] = [minVersion ?? defaults.minVersion, maxVersion ?? defaults.maxVersion];
    for (const [version, kind] of [[least, 'minimum'], [most, 'maximum']]) {
      if (!VERSIONS.includes(version)) {
        throw coded(TypeError, 'ERR_TLS_INVALID_PROTOCOL_VERSION', `${JSON.stringify(version)} is not a valid ${kind} TLS protocol version`);
      }
    }
    if (VERSIONS.indexOf(most) < VERSIONS.indexOf('TLSv1.2')) {
      throw coded(Error, 'ERR_SSL_UNSUPPORTED_PROTOCOL', `${most} is not spoken any more: TLSv1.2 and TLSv1.3 are`);
    }
    if (least === 'TLSv1.3') return 'TLSv1.3';
    return most === 'TLSv1.2' ? 'TLSv1.2' : 'all';
  }

  // The names of protocols, also as they are sent: each behind its length.
  function protocolNames(given) {
    if (given === undefined || given === null) return [];
    if (Array.isArray(given)) {
      return given.map((name, index) => {
        const text = typeof name === 'string' ? name : Buffer.from(name).toString('latin1');
        if (text.length > 255) {
          throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The byte length of the protocol at index ${index} exceeds the maximum length. It must be <= 255. Received ${text.length}`);
        }
        return text;
      });
    }
    if (!ArrayBuffer.isView(given)) throw invalidArgument('ALPNProtocols', 'an instance of Array, Buffer, TypedArray, or DataView', given);
    const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength), names = [];
    for (let at = 0; at < bytes.length; at += 1 + bytes[at]) names.push(bytes.latin1Slice(at + 1, at + 1 + bytes[at]));
    return names;
  }

  class SecureContext {
    #options;
    #made = new Map();

    constructor(options) {
      for (const name of ['pfx', 'passphrase', 'crl', 'privateKeyEngine', 'clientCertEngine']) {
        if (options[name] !== undefined && options[name] !== null) {
          throw coded(Error, 'ERR_METHOD_NOT_IMPLEMENTED', `the option '${name}' of node:tls is not part of Holm yet`);
        }
      }
      this.#options = {
        ca: pem(options.ca, 'ca'), cert: pem(options.cert, 'cert'), key: pem(options.key, 'key'), versions: versions(options),
      };
      this.context = this;
      // What is wrong with these is told at once.
      if (this.#options.cert !== undefined && this.#options.key !== undefined) this.native({ isServer: true, protocols: [] });
    }

    // For one kind of connection.
    native({ isServer = false, protocols, clientProof = 'none' }) {
      const key = JSON.stringify([isServer, protocols, clientProof]);
      if (!this.#made.has(key)) this.#made.set(key, native.newContext({ ...this.#options, isServer, protocols, clientProof }));
      return this.#made.get(key);
    }
  }

  return {
    SecureContext, createSecureContext: (options = {}) => new SecureContext(options ?? {}), defaults, invalidValue, protocolNames,
  };
})
