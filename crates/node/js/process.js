// node:process, <https://nodejs.org/api/process.html>

(function (native, EventEmitter) {
  const { invalidArgument, outOfRange } = native;

  function process() {}
  Object.defineProperty(process.prototype, Symbol.toStringTag, {
    value: 'process', configurable: true,
  });
  Object.setPrototypeOf(process.prototype, EventEmitter.prototype);
  const self = Object.create(process.prototype);
  EventEmitter.call(self);

  const define = (name, value) => {
    Object.defineProperty(self, name, { value, writable: true, enumerable: true, configurable: true });
  };
  const lazy = (name, make) => Object.defineProperty(self, name, {
    configurable: true,
    enumerable: true,
    get() {
      const value = make();
      define(name, value);
      return value;
    },
    set(value) { define(name, value); },
  });

  // Facts.
  for (const [name, value] of Object.entries(native.facts)) define(name, value);
  Object.freeze(self.versions);
  Object.freeze(self.release);
  define('title', 'holm');
  define('config', { target_defaults: {}, variables: {} });
  define('features', {
    inspector: false, debug: false, uv: true, ipv6: true, tls: true, typescript: 'strip',
    require_module: true, cached_builtins: true,
  });
  define('allowedNodeEnvironmentFlags', new Set());

  lazy('mainModule', () => native.mainModule());

  // The environment: a plain-looking object whose values are text, and which shows the names
  // that the script is permitted to read.
  lazy('env', () => {
    const toText = (value) => {
      if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string');
      return String(value);
    };
    const isName = (key) => typeof key === 'string';
    const describe = (value) => ({ value, writable: true, enumerable: true, configurable: true });
    return new Proxy({}, {
      get: (target, key) => (isName(key) ? native.env.get(key) ?? target[key] : target[key]),
      set: (_, key, value) => {
        native.env.set(toText(key), toText(value));
        return true;
      },
      has: (target, key) => (isName(key) && native.env.get(key) !== undefined) || key in target,
      deleteProperty: (_, key) => {
        if (isName(key)) native.env.delete(key);
        return true;
      },
      ownKeys: () => native.env.keys(),
      getOwnPropertyDescriptor: (_, key) => {
        const value = isName(key) ? native.env.get(key) : undefined;
        return value === undefined ? undefined : describe(value);
      },
      defineProperty: (_, key, description) => {
        if (!('value' in description)) {
          throw invalidArgument('env', 'a property with a value', description);
        }
        native.env.set(toText(key), toText(description.value));
        return true;
      },
    });
  });

  // Ending.
  let exitCode;
  let exiting = false;
  function checkCode(code) {
    if (code === undefined || code === null) return undefined;
    if (typeof code === 'string' && code !== '' && Number.isInteger(Number(code))) return Number(code);
    if (typeof code !== 'number') throw invalidArgument('code', 'of type number', code);
    if (!Number.isInteger(code)) throw outOfRange('code', 'an integer', code);
    return code;
  }
  Object.defineProperty(self, 'exitCode', {
    enumerable: true,
    configurable: true,
    get: () => exitCode,
    set(code) { exitCode = checkCode(code); },
  });
  function emitExit(code) {
    if (!exiting) {
      exiting = true;
      self._exiting = true;
      // A failure has its code; one for want of anything better gives way to the script's.
      if (code !== undefined && (code === 1 || exitCode === undefined)) exitCode = code;
      self.emit('exit', exitCode ?? 0);
    }
    return exitCode ?? 0;
  }
  define('exit', function exit(code) {
    if (arguments.length > 0 && code !== undefined) self.exitCode = code;
    native.exit(emitExit(undefined));
  });
  define('reallyExit', (code) => native.exit(code ?? 0));
  define('abort', () => native.exit(134));

  // What there was before there were modules; Emscripten's file systems still ask for the numbers.
  define('binding', function binding(name) {
    if (name === 'constants') {
      const { errno, signals, priority, dlopen } = native.builtin('os').constants;
      return { os: { errno, signals, priority, dlopen }, fs: native.builtin('fs').constants };
    }
    throw new Error(`No such module: ${name}`);
  });

  // Time.
  const hrtime = function hrtime(previous) {
    const now = native.hrtime();
    const seconds = Number(now / 1000000000n), rest = Number(now % 1000000000n);
    if (previous === undefined) return [seconds, rest];
    if (!Array.isArray(previous)) throw invalidArgument('time', 'an instance of Array', previous);
    if (previous.length !== 2) throw outOfRange('time', '2', previous.length);
    const borrow = rest < previous[1] ? 1 : 0;
    return [seconds - previous[0] - borrow, rest - previous[1] + borrow * 1e9];
  };
  hrtime.bigint = () => native.hrtime();
  define('hrtime', hrtime);
  define('uptime', () => native.uptime());

  // Signals: listened for while somebody listens here.
  const listening = new Map();
  self.on('newListener', (type) => {
    if (listening.has(type) || typeof type !== 'string' || !type.startsWith('SIG')) return;
    const stop = native.listenSignal(type, (number) => self.emit(type, type, number));
    if (stop !== undefined) listening.set(type, stop);
  });
  self.on('removeListener', (type) => {
    if (!listening.has(type) || self.listenerCount(type) > 0) return;
    listening.get(type)();
    listening.delete(type);
  });

  // The machine.
  define('cwd', () => native.cwd());
  define('chdir', (directory) => {
    if (typeof directory !== 'string') throw invalidArgument('directory', 'of type string', directory);
    native.chdir(directory);
  });
  const memoryUsage = () => native.memoryUsage();
  memoryUsage.rss = () => native.memoryUsage().rss;
  define('memoryUsage', memoryUsage);
  // The rest of it, which few ask for.
  const REST = ['addUncaughtExceptionCaptureCallback', 'availableMemory', 'constrainedMemory', 'cpuUsage', 'debugPort',
    'dlopen', 'execve', 'finalization', 'getActiveResourcesInfo', 'getegid', 'geteuid', 'getgid', 'getgroups', 'getuid',
    'initgroups', 'kill', 'loadEnvFile', 'openStdin', 'ref', 'resourceUsage', 'setSourceMapsEnabled', 'setegid', 'seteuid',
    'setgid', 'setgroups', 'setuid', 'sourceMapsEnabled', 'threadCpuUsage', 'umask', 'unref'];
  for (const name of REST) lazy(name, () => native.system()[name]);
  define('getBuiltinModule', (id) => {
    try {
      return native.builtin(`${id}`.replace(/^node:/, ''));
    } catch {
      return undefined;
    }
  });

  define('nextTick', native.nextTick);

  define('emitWarning', function emitWarning(warning, type, code) {
    let detail;
    if (type !== null && typeof type === 'object' && !Array.isArray(type)) {
      ({ type, code, detail } = type);
    }
    if (typeof warning === 'string') {
      const text = warning;
      warning = new Error(text);
      warning.name = type || 'Warning';
      if (code !== undefined) warning.code = code;
      if (detail !== undefined) warning.detail = detail;
    } else if (!(warning instanceof Error)) {
      throw invalidArgument('warning', 'of type string or an instance of Error', warning);
    }
    if (warning.name === 'DeprecationWarning' && self.noDeprecation) return;
    self.nextTick(() => {
      if (!self.emit('warning', warning) || !self.noWarnings) showWarning(warning);
    });
  });
  function showWarning(warning) {
    const code = warning.code ? `[${warning.code}] ` : '';
    native.write(2, `(holm:${self.pid}) ${code}${warning.name}: ${warning.message}\n`);
    if (typeof warning.detail === 'string') native.write(2, `${warning.detail}\n`);
  }

  // Streams, which the console does not need.
  const touched = [];
  for (const [fd, name] of [[1, 'stdout'], [2, 'stderr']]) {
    lazy(name, () => {
      touched[fd] = true;
      return native.standardStreams().output(fd);
    });
  }
  let input = { read: native.readInput, keepAlive: native.keepInputAlive };
  lazy('stdin', () => native.standardStreams().input(input));

  // What the host calls: it never looks at the object itself, which scripts may change.
  let captureCallback = null;
  define('setUncaughtExceptionCaptureCallback', (callback) => { captureCallback = callback; });
  define('hasUncaughtExceptionCaptureCallback', () => captureCallback !== null);
  const hooks = {
    emitExit,
    emitBeforeExit: () => self.emit('beforeExit', exitCode ?? 0),
    exitCode: () => exitCode,
    // A worker's input comes from whoever made it, and its output goes there.
    setInput(source) { input = source; },
    forward(fd, bytes) {
      if (touched[fd]) self[fd === 1 ? 'stdout' : 'stderr'].write(bytes);
      else native.write(fd, bytes);
    },
    uncaughtException(error, origin) {
      if (captureCallback !== null) {
        captureCallback(error);
        return true;
      }
      self.emit('uncaughtExceptionMonitor', error, origin);
      return self.emit('uncaughtException', error, origin);
    },
    rejectionHandled: (promise) => self.emit('rejectionHandled', promise),
    unhandledRejection: (reason, promise) => self.emit('unhandledRejection', reason, promise),
  };
  return { process: self, hooks };
})
