// node:zlib, <https://nodejs.org/api/zlib.html>

(function (native) {
  const { builtin, invalidArgument, missing, outOfRange, script } = native;
  const { Buffer } = builtin('buffer');
  const { codes, constants } = script('constants')();
  const options = script('options')(native);
  const { ZlibBase, codeAll, codeLater, params } = script('stream')(native);

  const module = {};
  const frozen = (name, value) => Object.defineProperty(module, name, { enumerable: true, value });

  // Under names of their own, for messages and `instanceof`.
  function makeClass(name, check) {
    const Class = {
      [name]: function (given) {
        if (!(this instanceof Class)) return new Class(given);
        ZlibBase.call(this, given, check(given, name));
        this._info = Boolean(given?.info);
      },
    }[name];
    Object.setPrototypeOf(Class.prototype, ZlibBase.prototype);
    Object.setPrototypeOf(Class, ZlibBase);
    module[name] = Class;
    const create = `create${name}`;
    frozen(create, { [create]: (given) => new Class(given) }[create]);
    return Class;
  }

  const lowered = (name) => name[0].toLowerCase() + name.slice(1);

  function makeFunctions(name, Class, check) {
    const later = lowered(name), now = `${later}Sync`;
    Object.assign(module, {
      [later]: function (buffer, given, callback) {
        if (typeof given === 'function') [given, callback] = [{}, given];
        const stream = new Class(given);
        if (typeof callback !== 'function') throw invalidArgument('callback', 'of type function', callback);
        const view = options.input(buffer);
        // What a stream is given has to be bytes.
        codeLater(stream, Buffer.from(view.buffer, view.byteOffset, view.byteLength), callback);
      },
      [now]: function (buffer, given) {
        const view = options.input(buffer);
        if (given?.info) {
          const engine = new Class(given);
          return { buffer: engine._processChunk(view, check(given, name).finishFlush), engine };
        }
        const checked = check(given, name);
        return codeAll(native.newCoder(checked.coder), checked, view, checked.finishFlush).bytes;
      },
    });
    for (const each of [later, now]) Object.defineProperty(module[each], 'name', { value: each });
  }

  for (const name of ['Deflate', 'Inflate', 'Gzip', 'Gunzip', 'DeflateRaw', 'InflateRaw', 'Unzip']) {
    const Class = makeClass(name, options.deflate);
    makeFunctions(name, Class, options.deflate);
    Class.prototype.params = function (level, strategy, callback) {
      options.level(level);
      options.strategy(strategy);
      params(this, level, callback);
    };
  }

  module.crc32 = function crc32(data, value = 0) {
    if (typeof data === 'string') data = Buffer.from(data);
    else if (!ArrayBuffer.isView(data)) {
      throw invalidArgument('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    }
    if (typeof value !== 'number') throw invalidArgument('value', 'of type number', value);
    if (!Number.isInteger(value)) throw outOfRange('value', 'an integer', value);
    if (value < 0 || value > 0xffffffff) throw outOfRange('value', '>= 0 && <= 4294967295', value);
    return native.crc32(data, value);
  };

  for (const name of ['BrotliCompress', 'BrotliDecompress']) {
    const Class = makeClass(name, options.brotli);
    makeFunctions(name, Class, options.brotli);
    Class.prototype.params = missing('zlib', `${name}.prototype.params`);
  }

  for (const name of ['ZstdCompress', 'ZstdDecompress']) {
    for (const each of [name, `create${name}`, lowered(name), `${lowered(name)}Sync`]) {
      module[each] = missing('zlib', each);
    }
  }
  for (const name of ['ZipEntry', 'ZipFile', 'ZipBuffer', 'createZipArchive', 'createZipArchiveSync', 'zipFiles',
    'getMaxZipContentSize', 'setMaxZipContentSize']) {
    module[name] = missing('zlib', name);
  }
  // Where they were before they had an object of their own.
  for (const [name, value] of Object.entries(constants)) {
    if (!name.startsWith('BROTLI')) Object.defineProperty(module, name, { value });
  }
  frozen('constants', constants);
  frozen('codes', codes);
  return module;
})
