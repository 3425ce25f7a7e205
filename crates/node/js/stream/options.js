// What readable and writable streams are told alike when they are made.

(function ({ Buffer, part }) {
  const { make, check } = part('stream/errors');
  // <https://nodejs.org/api/stream.html#streamgetdefaulthighwatermarkobjectmode>
  let defaultBytes = 64 * 1024, defaultObjects = 16;

  const getDefaultHighWaterMark = (objectMode) => (objectMode ? defaultObjects : defaultBytes);
  function setDefaultHighWaterMark(objectMode, value) {
    check.integer(value, 'value', 0);
    if (objectMode) defaultObjects = value;
    else defaultBytes = value;
  }

  // `ofHalf` is the option for this half of a duplex stream alone; `undefined` for others.
  function highWaterMark(options, objectMode, ofHalf) {
    const given = options?.highWaterMark ?? (ofHalf && options?.[ofHalf]);
    if (given === undefined || given === null) return getDefaultHighWaterMark(objectMode);
    if (!Number.isInteger(given) || given < 0) {
      throw make.invalidValue(`options.${ofHalf ?? 'highWaterMark'}`, given);
    }
    return given;
  }

  function encodingOf(options) {
    const given = options?.defaultEncoding;
    if (!given) return 'utf8';
    if (!Buffer.isEncoding(given)) throw make.unknownEncoding(given);
    return given;
  }

  // Options that are methods become the stream's own.
  function takeMethods(stream, options, ...names) {
    for (const name of names) {
      if (typeof options[name] === 'function') stream[`_${name}`] = options[name];
    }
    if (options.signal) part('stream/abort').addAbortSignal(options.signal, stream);
  }

  // Accessors of a prototype, as Node has them.
  function accessors(prototype, described) {
    for (const [name, accessor] of Object.entries(Object.getOwnPropertyDescriptors(described))) {
      Object.defineProperty(prototype, name, { ...accessor, configurable: true, enumerable: false });
    }
  }

  return { accessors, encodingOf, getDefaultHighWaterMark, highWaterMark, setDefaultHighWaterMark, takeMethods };
})
