// What the options of a coder are, checked as Node does.
//
// <https://nodejs.org/api/zlib.html#class-options>

(function ({ builtin, coded, invalidArgument, outOfRange, script }) {
  const { Buffer, kMaxLength } = builtin('buffer');
  const { constants } = script('constants')();

  const isAnyBuffer = (value) => value instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer);

  // Whether there is a number at all.
  function isGiven(value, name) {
    if (value === undefined || Number.isNaN(value)) return false;
    if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
    if (!Number.isFinite(value)) throw outOfRange(name, 'a finite number', value);
    return true;
  }

  function inRange(value, name, low, high, preset) {
    if (!isGiven(value, name)) return preset;
    if (value < low || value > high) throw outOfRange(name, high === Infinity ? `>= ${low}` : `>= ${low} and <= ${high}`, value);
    return value;
  }

  // The bytes to be coded, as a view.
  function input(value, name = 'buffer') {
    if (typeof value === 'string') return Buffer.from(value);
    if (ArrayBuffer.isView(value)) return value;
    if (isAnyBuffer(value)) return Buffer.from(value);
    throw invalidArgument(name, 'of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', value);
  }

  function dictionary(value) {
    if (value === undefined || ArrayBuffer.isView(value)) return value;
    if (isAnyBuffer(value)) return Buffer.from(value);
    throw invalidArgument('options.dictionary', 'an instance of Buffer, TypedArray, DataView, or ArrayBuffer', value);
  }

  const level = (value) => inRange(value, 'options.level', constants.Z_MIN_LEVEL, constants.Z_MAX_LEVEL,
    constants.Z_DEFAULT_COMPRESSION);
  const strategy = (value) => inRange(value, 'options.strategy', constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED,
    constants.Z_DEFAULT_STRATEGY);

  function windowBits(value, mode) {
    const isDecoder = mode === 'Inflate' || mode === 'Gunzip' || mode === 'Unzip';
    // The largest window that the data may ask for.
    if (isDecoder && (value === undefined || value === null || value === 0)) return 0;
    const least = constants.Z_MIN_WINDOWBITS + (mode === 'Gzip' ? 1 : 0);
    return inRange(value, 'options.windowBits', least, constants.Z_MAX_WINDOWBITS, constants.Z_DEFAULT_WINDOWBITS);
  }

  // What all coders have: `flushes` are the lowest and the highest way to flush, and how to finish.
  function common(options, [lowest, highest, finish]) {
    const flush = (name, preset) => inRange(options?.[name], `options.${name}`, lowest, highest, preset);
    const chunkSize = inRange(options?.chunkSize, 'options.chunkSize', constants.Z_MIN_CHUNK, Infinity,
      constants.Z_DEFAULT_CHUNK);
    return {
      chunkSize,
      flush: flush('flush', lowest),
      finishFlush: flush('finishFlush', finish),
      maxOutputLength: inRange(options?.maxOutputLength, 'options.maxOutputLength', 1, kMaxLength, kMaxLength),
      rejectGarbageAfterEnd: options?.rejectGarbageAfterEnd === true,
    };
  }

  function deflate(options, mode) {
    const checked = common(options, [constants.Z_NO_FLUSH, constants.Z_BLOCK, constants.Z_FINISH]);
    checked.coder = {
      mode,
      windowBits: windowBits(options?.windowBits, mode),
      level: level(options?.level),
    };
    inRange(options?.memLevel, 'options.memLevel', constants.Z_MIN_MEMLEVEL, constants.Z_MAX_MEMLEVEL,
      constants.Z_DEFAULT_MEMLEVEL);
    // One way of looking for repetitions is as right as another.
    strategy(options?.strategy);
    checked.coder.dictionary = dictionary(options?.dictionary);
    checked.fullFlush = constants.Z_FULL_FLUSH;
    return checked;
  }

  // `params` has Brotli's numbers for names.
  function brotli(options, mode) {
    const { BROTLI_OPERATION_EMIT_METADATA, BROTLI_OPERATION_FINISH, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_PROCESS,
      BROTLI_PARAM_NDIRECT } = constants;
    const checked = common(options,
      [BROTLI_OPERATION_PROCESS, BROTLI_OPERATION_EMIT_METADATA, BROTLI_OPERATION_FINISH]);
    const seen = new Set();
    const params = Object.entries(options?.params ?? {}).map(([name, value]) => {
      const number = Number(name);
      // '0' and '00' are the same.
      if (!(number >= 0 && number <= BROTLI_PARAM_NDIRECT) || seen.has(number)) {
        throw coded(RangeError, 'ERR_BROTLI_INVALID_PARAM', `${name} is not a valid Brotli parameter`);
      }
      if (typeof value !== 'number' && typeof value !== 'boolean') {
        throw invalidArgument('options.params[key]', 'of type number', value);
      }
      seen.add(number);
      return [number, Number(value)];
    });
    checked.coder = { mode, params };
    checked.fullFlush = BROTLI_OPERATION_FLUSH;
    return checked;
  }

  return { brotli, deflate, input, level, strategy };
})
