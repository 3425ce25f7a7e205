// node:util, <https://nodejs.org/api/util.html>

(function (native) {
  const { builtin, coded, inspect, invalidArgument, missing, outOfRange, part } = native;
  const { format, formatWithOptions } = native;
  const types = part('util/types');

  // Styles by name: what begins them and what ends them.
  const colors = { __proto__: null };
  const define = (start, end, names) => names.forEach((name, index) => { colors[name] = [start + index, end]; });
  define(0, 0, ['reset']);
  define(1, 22, ['bold', 'dim']);
  [['italic', 3, 23], ['underline', 4, 24], ['blink', 5, 25], ['inverse', 7, 27], ['hidden', 8, 28],
    ['strikethrough', 9, 29], ['doubleunderline', 21, 24]].forEach(([name, start, end]) => { colors[name] = [start, end]; });
  const hues = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
  const capital = (name) => name[0].toUpperCase() + name.slice(1);
  const bright = (prefix) => hues.map((name) =>
    (name === 'black' ? (prefix ? 'bgGray' : 'gray') : `${prefix ? `bg${capital(name)}` : name}Bright`));
  define(30, 39, hues);
  define(40, 49, hues.map((name) => `bg${capital(name)}`));
  [['framed', 51, 54], ['overlined', 53, 55]].forEach(([name, start, end]) => { colors[name] = [start, end]; });
  define(90, 39, bright(false));
  define(100, 49, bright(true));
  const ALIASES = {
    gray: ['grey', 'blackBright'], bgGray: ['bgGrey', 'bgBlackBright'], dim: ['faint'],
    strikethrough: ['crossedout', 'strikeThrough', 'crossedOut'], hidden: ['conceal'],
    inverse: ['swapColors', 'swapcolors'], doubleunderline: ['doubleUnderline'],
  };
  for (const [name, others] of Object.entries(ALIASES)) {
    for (const other of others) {
      Object.defineProperty(colors, other, {
        get() { return this[name]; }, set(value) { this[name] = value; }, configurable: true, enumerable: false,
      });
    }
  }
  inspect.colors ??= colors;
  inspect.styles ??= {
    __proto__: null, special: 'cyan', number: 'yellow', bigint: 'yellow', boolean: 'yellow', undefined: 'grey',
    null: 'bold', string: 'green', symbol: 'green', date: 'magenta', regexp: 'red', module: 'underline',
  };

  const kCustom = Symbol.for('nodejs.util.promisify.custom');

  function checkFunction(name, value) {
    if (typeof value !== 'function') throw invalidArgument(name, 'of type function', value);
  }

  function promisify(original) {
    checkFunction('original', original);
    const custom = original[kCustom] ?? known(original);
    if (custom !== undefined) {
      checkFunction('util.promisify.custom', custom);
      return Object.defineProperty(custom, kCustom,
        { value: custom, enumerable: false, writable: false, configurable: true });
    }
    function promised(...args) {
      return new Promise((resolve, reject) => {
        Reflect.apply(original, this, [...args, (error, value) => (error ? reject(error) : resolve(value))]);
      });
    }
    Object.setPrototypeOf(promised, Object.getPrototypeOf(original));
    Object.defineProperty(promised, kCustom,
      { value: promised, enumerable: false, writable: false, configurable: true });
    return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original));
  }
  promisify.custom = kCustom;

  // What calls back otherwise than with an error and a value.
  function known(original) {
    if (original === setTimeout) return builtin('timers/promises').setTimeout;
    if (original === setImmediate) return builtin('timers/promises').setImmediate;
    if (original === builtin('fs').exists) return (path) => new Promise((resolve) => original(path, resolve));
    return undefined;
  }

  function callbackify(original) {
    checkFunction('original', original);
    function calledBack(...args) {
      const callback = args.pop();
      checkFunction('last argument', callback);
      const rejected = (reason) => {
        // A callback tells a failure by its first argument being true.
        if (!reason) {
          const why = reason;
          reason = coded(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with falsy value');
          reason.reason = why;
        }
        process.nextTick(callback, reason);
      };
      Reflect.apply(original, this, args).then((value) => process.nextTick(callback, null, value), rejected);
    }
    const described = Object.getOwnPropertyDescriptors(original);
    if (typeof described.length.value === 'number') described.length.value++;
    if (typeof described.name.value === 'string') described.name.value += 'Callbackified';
    return Object.defineProperties(calledBack, described);
  }

  function inherits(constructor, superConstructor) {
    if (constructor === undefined || constructor === null) {
      throw invalidArgument('ctor', 'of type function', constructor);
    }
    if (superConstructor === undefined || superConstructor === null) {
      throw invalidArgument('superCtor', 'of type function', superConstructor);
    }
    if (superConstructor.prototype === undefined) {
      throw invalidArgument('superCtor.prototype', 'of type object', superConstructor.prototype);
    }
    Object.defineProperty(constructor, 'super_',
      { value: superConstructor, writable: true, configurable: true });
    Object.setPrototypeOf(constructor.prototype, superConstructor.prototype);
  }

  const toldCodes = new Set();

  function deprecate(fn, message, code) {
    if (code !== undefined && typeof code !== 'string') throw invalidArgument('code', 'of type string', code);
    let isTold = false;
    function deprecated(...args) {
      if (!isTold && !process.noDeprecation) {
        isTold = true;
        if (code === undefined || !toldCodes.has(code)) {
          toldCodes.add(code);
          process.emitWarning(message, 'DeprecationWarning', code, deprecated);
        }
      }
      return new.target ? Reflect.construct(fn, args, new.target) : Reflect.apply(fn, this, args);
    }
    Object.setPrototypeOf(deprecated, fn);
    if (fn.prototype) deprecated.prototype = fn.prototype;
    return deprecated;
  }

  function debuglog(set, callback) {
    set = set.toUpperCase();
    const wanted = (native.variable('NODE_DEBUG') ?? '').toUpperCase().split(',');
    const enabled = wanted.some((name) =>
      new RegExp(`^${name.trim().replace(/[|\\{}()[\]^$+?.]/g, '\\$&').replaceAll('*', '.*')}$`).test(set) && name !== '');
    const log = enabled
      ? (...args) => { process.stderr.write(`${set} ${process.pid}: ${format(...args)}\n`); }
      : () => {};
    callback?.(log);
    return Object.defineProperty(log, 'enabled', { value: enabled, configurable: true, enumerable: true });
  }

  function stripVTControlCharacters(text) {
    if (typeof text !== 'string') throw invalidArgument('str', 'of type string', text);
    // Operating system commands, which end with BEL or ST; then control sequences.
    return text.replace(/[\u001b\u009d]\][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g, '')
      .replace(/[\u001b\u009b][[\]()#;?]*(?:\d{1,4}(?:[;:]\d{0,4})*)?[\dA-PR-TZcf-nq-uy=><~]/g, '');
  }

  function styleText(style, text, { validateStream = true, stream = process.stdout } = {}) {
    if (typeof text !== 'string') throw invalidArgument('text', 'of type string', text);
    const styles = Array.isArray(style) ? style : [style];
    const given = text;
    let [open, close] = ['', ''];
    for (const name of styles) {
      if (name === 'none') continue;
      const codes = inspect.colors[name];
      if (codes === undefined) {
        const all = Object.getOwnPropertyNames(inspect.colors).map((color) => `'${color}'`).join(', ');
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
          `The argument 'format' must be one of: ${all}. Received ${inspect(name)}`);
      }
      open += `\u001b[${codes[0]}m`;
      close = `\u001b[${codes[1]}m${close}`;
      // What is inside and ends the same style must not end this one.
      text = text.replaceAll(`\u001b[${codes[1]}m`, `\u001b[${codes[1]}m\u001b[${codes[0]}m`);
    }
    if (validateStream) {
      if (stream === null || typeof stream?.write !== 'function') {
        throw invalidArgument('stream', 'an instance of ReadableStream, WritableStream, or Stream', stream);
      }
      if (!hasColors(stream)) return given;
    }
    return open + text + close;
  }

  function hasColors(stream) {
    const wish = native.variable('FORCE_COLOR');
    if (wish !== undefined) return wish !== '0' && wish !== 'false';
    if (native.variable('NO_COLOR') || native.variable('NODE_DISABLE_COLORS')) return false;
    return Boolean(stream.isTTY) && (typeof stream.getColorDepth !== 'function' || stream.getColorDepth() > 2);
  }

  function aborted(signal, resource) {
    if (!(signal instanceof AbortSignal)) throw invalidArgument('signal', 'an instance of AbortSignal', signal);
    if (resource === null || typeof resource !== 'object') throw invalidArgument('resource', 'of type object', resource);
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  function systemErrors() {
    const { errno } = builtin('os').constants;
    return Object.entries(errno).map(([name, number]) => [-number, [name, native.describeErrno(name)]]);
  }

  function checkErrno(error) {
    if (typeof error !== 'number') throw invalidArgument('err', 'of type number', error);
    if (error >= 0 || !Number.isSafeInteger(error)) {
      throw native.outOfRange('err', 'a negative integer', error);
    }
  }

  function getSystemErrorName(error) {
    checkErrno(error);
    return systemErrors().find(([number]) => number === error)?.[1][0] ?? `Unknown system error ${error}`;
  }

  function getSystemErrorMessage(error) {
    checkErrno(error);
    return systemErrors().find(([number]) => number === error)?.[1][1] ?? `Unknown system error ${error}`;
  }

  function parseEnv(content) {
    if (typeof content !== 'string') throw invalidArgument('content', 'of type string', content);
    const found = { __proto__: null };
    const line = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*?(?:'([^']*)'|"([^"]*)"|`([^`]*)`|([^#\r\n]*))?[^\S\r\n]*(?:#.*)?$/gm;
    for (const [, name, single, double, back, plain] of content.matchAll(line)) {
      found[name] = single ?? double?.replaceAll('\\n', '\n') ?? back ?? (plain ?? '').trim();
    }
    return found;
  }

  // As of a call of the system that failed with this number.
  function errnoException(error, syscall, original) {
    const name = getSystemErrorName(error);
    const made = new Error(`${syscall} ${name}${original ? ` ${original}` : ''}`);
    return Object.assign(made, { errno: error, code: name, syscall });
  }

  const MOST_CALL_SITES = 200;
  function getCallSites(frameCount = 10) {
    if (frameCount !== null && typeof frameCount === 'object') frameCount = 10;
    if (typeof frameCount !== 'number') throw invalidArgument('frameCount', 'of type number', frameCount);
    if (!Number.isInteger(frameCount) || frameCount < 1 || frameCount > MOST_CALL_SITES) {
      throw outOfRange('frameCount', `>= 1 && <= ${MOST_CALL_SITES}`, frameCount);
    }
    const { prepareStackTrace, stackTraceLimit } = Error;
    const holder = {};
    try {
      Error.prepareStackTrace = (_, sites) => sites;
      Error.stackTraceLimit = frameCount;
      Error.captureStackTrace(holder, getCallSites);
    } finally {
      Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    }
    return holder.stack.map((site) => ({
      __proto__: null,
      functionName: site.getFunctionName() ?? '',
      scriptId: '0',
      scriptName: site.getFileName() ?? '',
      lineNumber: site.getLineNumber(),
      columnNumber: site.getColumnNumber(),
      column: site.getColumnNumber(),
    }));
  }

  const module = {
    _errnoException: errnoException,
    _exceptionWithHostPort: missing('util', '_exceptionWithHostPort'),
    _extend: deprecate((target, source) => {
      return source === null || typeof source !== 'object' ? target : Object.assign(target, source);
    }, 'The `util._extend` API is deprecated. Please use Object.assign() instead.', 'DEP0060'),
    callbackify,
    debug: debuglog,
    debuglog,
    deprecate,
    format,
    styleText,
    formatWithOptions,
    getCallSites,
    getSystemErrorMap: () => new Map(systemErrors()),
    getSystemErrorName,
    getSystemErrorMessage,
    inherits,
    inspect,
    isArray: Array.isArray,
    isDeepStrictEqual: (a, b) => part('util/compare').isDeepStrictEqual(a, b),
    promisify,
    stripVTControlCharacters,
    toUSVString: (text) => `${text}`.toWellFormed(),
    transferableAbortController: missing('util', 'transferableAbortController'),
    transferableAbortSignal: missing('util', 'transferableAbortSignal'),
    aborted,
    types,
    parseEnv,
    get MIMEParams() { return part('util/mime').MIMEParams; },
    get MIMEType() { return part('util/mime').MIMEType; },
    get parseArgs() { return part('util/parse_args'); },
    get TextDecoder() { return TextDecoder; },
    get TextEncoder() { return TextEncoder; },
    diff: missing('util', 'diff'),
    setTraceSigInt: missing('util', 'setTraceSigInt'),
  };
  return module;
})
