// node:worker_threads, <https://nodejs.org/api/worker_threads.html>

(function (native) {
  const { EventEmitter, coded, hooks, inspect, invalidArgument, startup } = native;
  const { BroadcastChannel, MessageChannel, MessagePort } = native.interfaces;
  const SHARE_ENV = Symbol.for('nodejs.worker_threads.SHARE_ENV');
  const isMainThread = startup === undefined;
  const parentPort = native.parentPort ?? null;
  const environmentData = startup?.environmentData ?? new Map();

  // Ports are event targets, and have what scripts use of an emitter beside it. Listeners of
  // that kind get the value, not the event.
  const wrappers = new WeakMap();
  const listenersOf = (port, type) => {
    if (!wrappers.has(port)) wrappers.set(port, new Map());
    const types = wrappers.get(port);
    if (!types.has(type)) types.set(type, []);
    return types.get(type);
  };
  function add(port, type, listener, once) {
    if (typeof listener !== 'function') {
      throw invalidArgument('listener', 'of type function', listener);
    }
    const list = listenersOf(port, type);
    const entry = {
      listener,
      wrapped(event) {
        if (once) remove(port, type, listener);
        const isMessage = type === 'message' || type === 'messageerror';
        Reflect.apply(listener, port, isMessage ? [event.data] : event.args ?? [event]);
      },
    };
    list.push(entry);
    port.addEventListener(type, entry.wrapped);
    return port;
  }
  function remove(port, type, listener) {
    const list = listenersOf(port, type);
    const at = list.findLastIndex((entry) => entry.listener === listener);
    if (at >= 0) {
      const [{ wrapped }] = list.splice(at, 1);
      port.removeEventListener(type, wrapped);
    }
    return port;
  }
  const emitterMethods = {
    on(type, listener) { return add(this, type, listener, false); },
    addListener(type, listener) { return add(this, type, listener, false); },
    once(type, listener) { return add(this, type, listener, true); },
    off(type, listener) { return remove(this, type, listener); },
    removeListener(type, listener) { return remove(this, type, listener); },
    removeAllListeners(type) {
      const types = type === undefined ? [...wrappers.get(this)?.keys() ?? []] : [type];
      for (const one of types) {
        for (const { listener } of [...listenersOf(this, one)]) remove(this, one, listener);
      }
      return this;
    },
    emit(type, ...args) {
      const event = new Event(type);
      event.args = args;
      event.data = args[0];
      const had = listenersOf(this, type).length > 0;
      for (const { wrapped } of [...listenersOf(this, type)]) wrapped(event);
      return had;
    },
    listenerCount(type) { return listenersOf(this, type).length; },
    eventNames() {
      return [...wrappers.get(this) ?? []].filter(([, list]) => list.length > 0).map(([type]) => type);
    },
    setMaxListeners() { return this; },
    getMaxListeners() { return 10; },
  };
  for (const [name, value] of Object.entries(emitterMethods)) {
    Object.defineProperty(MessagePort.prototype, name, {
      value, writable: true, enumerable: true, configurable: true,
    });
  }

  // What a worker writes. Unless it is asked for it goes where this program writes; `stream` is
  // made when it is first looked at.
  class Output {
    #fd;
    #isForwarded;
    #stream;
    #early = [];

    constructor(fd, isForwarded) {
      this.#fd = fd;
      this.#isForwarded = isForwarded;
    }
    get stream() {
      if (this.#stream === undefined) {
        const { Readable } = native.builtin('stream');
        this.#stream = new Readable({ read() {} });
        for (const bytes of this.#early.splice(0)) this.push(bytes);
        if (this.#isForwarded) {
          const target = this.#fd === 1 ? process.stdout : process.stderr;
          // One program may have many workers.
          const most = target.getMaxListeners();
          target.setMaxListeners(Infinity);
          this.#stream.pipe(target);
          target.setMaxListeners(most);
        }
      }
      return this.#stream;
    }
    push(bytes) {
      if (this.#stream !== undefined) this.#stream.push(bytes);
      else if (!this.#isForwarded || bytes === null) this.#early.push(bytes);
      else hooks.forward(this.#fd, bytes);
    }
  }

  // The input of a worker.
  function inputOf(port) {
    const { Writable } = native.builtin('stream');
    return new Writable({
      decodeStrings: true,
      write(chunk, encoding, callback) {
        port.postMessage(new Uint8Array(chunk));
        callback();
      },
      final(callback) {
        port.postMessage(null);
        callback();
      },
    });
  }

  // `process.stdin` of a worker that gets input.
  if (startup?.input) {
    const port = startup.input;
    const waiting = [];
    let reader;
    const next = () => {
      if (reader === undefined || waiting.length === 0) return;
      const [callback, chunk] = [reader, waiting.shift()];
      reader = undefined;
      port.unref();
      callback(undefined, chunk ?? undefined);
    };
    port.on('message', (chunk) => {
      waiting.push(chunk);
      next();
    });
    port.unref();
    hooks.setInput({
      read(callback) {
        reader = callback;
        port.ref();
        next();
      },
      keepAlive(flag) {
        if (reader === undefined) return;
        if (flag) port.ref();
        else port.unref();
      },
    });
  }

  const MiB = 1024 * 1024;
  const limitNames = ['maxYoungGenerationSizeMb', 'maxOldGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'];

  function fileOf(filename, options) {
    if (options.eval) {
      if (typeof filename !== 'string') {
        throw coded(TypeError, 'ERR_INVALID_ARG_VALUE',
          "The property 'options.eval' must be false when 'filename' is not a string. " +
          `Received ${inspect(options.eval)}`);
      }
      return { source: filename };
    }
    if (typeof filename !== 'string' && typeof filename?.href !== 'string') {
      throw invalidArgument('filename', 'of type string or an instance of URL', filename);
    }
    return { file: typeof filename === 'string' ? filename : filename.href };
  }

  class Worker extends EventEmitter {
    #handle;
    #threadId;
    #outputs;
    #hadError = false;
    #limits = {};

    constructor(filename, options = {}) {
      super();
      options ??= {};
      for (const [name, isRight, expected] of [
        ['argv', Array.isArray, 'an instance of Array'],
        ['execArgv', Array.isArray, 'an instance of Array'],
        ['resourceLimits', (value) => typeof value === 'object', 'of type object'],
      ]) {
        const value = options[name];
        if (value !== undefined && value !== null && !isRight(value)) {
          throw invalidArgument(`options.${name}`, expected, value);
        }
      }
      const env = options.env;
      if (env !== undefined && env !== null && env !== SHARE_ENV && typeof env !== 'object') {
        throw invalidArgument('options.env', 'of type object or one of undefined, null, or worker_threads.SHARE_ENV', env);
      }
      const program = fileOf(filename, options);
      for (const name of limitNames) this.#limits[name] = options.resourceLimits?.[name] ?? -1;
      const heap = options.resourceLimits?.maxOldGenerationSizeMb;
      const young = options.resourceLimits?.maxYoungGenerationSizeMb;
      const stack = options.resourceLimits?.stackSizeMb;
      const transfer = [...options.transferList ?? []];
      let input;
      if (options.stdin) {
        input = new MessageChannel();
        transfer.push(input.port2);
      }
      const streams = this.#outputs = [undefined, new Output(1, !options.stdout), new Output(2, !options.stderr)];
      this.stdin = input ? inputOf(input.port1) : null;
      this.#handle = native.start({
        ...program,
        name: options.name === undefined ? undefined : String(options.name),
        argv: (options.argv ?? []).map(String),
        env: env === SHARE_ENV ? true : env ?? undefined,
        memoryBytes: heap > 0 ? (heap + (young > 0 ? young : 0)) * MiB : undefined,
        stackBytes: stack > 0 ? stack * MiB : undefined,
        transfer,
        startup: {
          workerData: options.workerData,
          environmentData,
          limits: this.#limits,
          name: options.name === undefined ? '' : String(options.name),
          input: input?.port2,
        },
        onPort: (port) => {
          port.addEventListener('message', ({ data }) => this.emit('message', data));
          port.addEventListener('messageerror', ({ data }) => this.emit('messageerror', data));
          port.unref();
        },
        onEvent: (kind, ...details) => {
          if (kind === 'online') this.emit('online');
          else if (kind === 'output') streams[details[0]].push(details[1]);
          else if (kind === 'error') this.#fail(details[0]);
          else this.#ended(details, streams);
        },
      });
      this.#threadId = this.#handle.threadId;
      this.threadName = options.name === undefined ? '' : String(options.name);
      process.nextTick(() => process.emit('worker', this));
    }

    #fail(error) {
      this.#hadError = true;
      this.emit('error', error);
    }

    #ended([code, how, text], streams) {
      this.#handle.port.close();
      this.#handle = undefined;
      this.#threadId = -1;
      streams[1].push(null);
      streams[2].push(null);
      let failure;
      if (how === 'memory') {
        failure = coded(Error, 'ERR_WORKER_OUT_OF_MEMORY',
          `Worker terminated due to reaching memory limit: ${text}`);
      } else if (how === 'not made') {
        failure = coded(Error, 'ERR_WORKER_INIT_FAILED', `Worker initialization failure: ${text}`);
      } else if (how === 'failed' && !this.#hadError) {
        failure = new Error(text);
      }
      try {
        if (failure !== undefined && !this.#hadError) this.#fail(failure);
      } finally {
        this.emit('exit', code);
        this.removeAllListeners();
      }
    }

    postMessage(...args) {
      this.#handle?.port.postMessage(...args);
    }

    terminate(callback) {
      if (typeof callback === 'function') this.once('exit', (code) => callback(null, code));
      if (this.#handle === undefined) return Promise.resolve();
      const ended = new Promise((resolve) => this.once('exit', resolve));
      this.#handle.terminate();
      this.#handle.ref();
      return ended;
    }

    async [Symbol.asyncDispose]() { await this.terminate(); }

    get stdout() { return this.#outputs[1].stream; }
    get stderr() { return this.#outputs[2].stream; }
    ref() { this.#handle?.ref(); }
    unref() { this.#handle?.unref(); }
    get threadId() { return this.#threadId; }
    get resourceLimits() { return this.#handle === undefined ? {} : { ...this.#limits }; }
  }

  return {
    BroadcastChannel,
    MessageChannel,
    MessagePort,
    SHARE_ENV,
    Worker,
    getEnvironmentData: (key) => environmentData.get(key),
    isInternalThread: false,
    isMainThread,
    isMarkedAsUntransferable: native.isMarkedAsUntransferable,
    markAsUncloneable: native.markAsUncloneable,
    markAsUntransferable: native.markAsUntransferable,
    parentPort,
    receiveMessageOnPort: native.receiveMessageOnPort,
    resourceLimits: startup?.limits ?? {},
    setEnvironmentData(key, value) {
      if (value === undefined) environmentData.delete(key);
      else environmentData.set(key, value);
    },
    threadId: native.threadId,
    threadName: startup?.name ?? '',
    workerData: startup === undefined ? null : startup.workerData,
  };
})
