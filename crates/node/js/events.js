// node:events, <https://nodejs.org/api/events.html>

(function ({ invalidArgument, outOfRange, inspect }) {
  const kErrorMonitor = Symbol('events.errorMonitor');
  const kCapture = Symbol('nodejs.rejection');
  const captures = Symbol('kCapture');
  let defaultMaxListeners = 10;

  function checkListener(listener) {
    if (typeof listener !== 'function') {
      throw invalidArgument('listener', 'of type function', listener);
    }
  }

  function EventEmitter(options) {
    EventEmitter.init.call(this, options);
  }

  EventEmitter.init = function (options) {
    if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
      this._events = { __proto__: null };
      this._eventsCount = 0;
    }
    this._maxListeners = this._maxListeners || undefined;
    if (options?.captureRejections) this[captures] = true;
  };

  const proto = EventEmitter.prototype;
  proto._events = undefined;
  proto._eventsCount = 0;
  proto._maxListeners = undefined;

  proto.setMaxListeners = function setMaxListeners(n) {
    if (typeof n !== 'number' || n < 0 || Number.isNaN(n)) {
      throw outOfRange('setMaxListeners', 'a non-negative number', n);
    }
    this._maxListeners = n;
    return this;
  };

  proto.getMaxListeners = function getMaxListeners() {
    return this._maxListeners ?? defaultMaxListeners;
  };

  function unhandledError(args) {
    const error = args[0];
    if (error instanceof Error) return error;
    const text = typeof error === 'string' ? `'${error}'` : inspect(error);
    const wrapped = new Error(`Unhandled error. (${text})`);
    wrapped.code = 'ERR_UNHANDLED_ERROR';
    wrapped.context = error;
    return wrapped;
  }

  function call(emitter, listener, type, args) {
    const result = Reflect.apply(listener, emitter, args);
    if (emitter[captures] && typeof result?.then === 'function') {
      result.then(undefined, (error) => process.nextTick(rejected, emitter, error, type, args));
    }
  }

  function rejected(emitter, error, type, args) {
    if (typeof emitter[kCapture] === 'function') {
      emitter[kCapture](error, type, ...args);
      return;
    }
    const before = emitter[captures];
    try {
      emitter[captures] = false;
      emitter.emit('error', error);
    } finally {
      emitter[captures] = before;
    }
  }

  proto.emit = function emit(type, ...args) {
    const events = this._events;
    if (type === 'error') {
      if (events?.[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args);
      if (events?.error === undefined) throw unhandledError(args);
    }
    const handler = events?.[type];
    if (handler === undefined) return false;
    if (typeof handler === 'function') {
      call(this, handler, type, args);
    } else {
      for (const listener of [...handler]) call(this, listener, type, args);
    }
    return true;
  };

  function add(emitter, type, listener, where) {
    checkListener(listener);
    let events = emitter._events;
    if (events === undefined) {
      events = emitter._events = { __proto__: null };
      emitter._eventsCount = 0;
    } else if (events.newListener !== undefined) {
      emitter.emit('newListener', type, listener.listener ?? listener);
      events = emitter._events;
    }
    const existing = events[type];
    if (existing === undefined) {
      events[type] = listener;
      emitter._eventsCount++;
      return emitter;
    }
    const list = typeof existing === 'function' ? (events[type] = [existing]) : existing;
    if (where === 'first') list.unshift(listener);
    else list.push(listener);
    warnOfLeak(emitter, type, list);
    return emitter;
  }

  function warnOfLeak(emitter, type, list) {
    const max = emitter.getMaxListeners();
    if (max <= 0 || list.length <= max || list.warned) return;
    list.warned = true;
    const warning = new Error(
      `Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners ` +
      `added to ${inspect(emitter, { depth: -1 })}. MaxListeners is ${max}. ` +
      'Use emitter.setMaxListeners() to increase limit');
    warning.name = 'MaxListenersExceededWarning';
    warning.emitter = emitter;
    warning.type = type;
    warning.count = list.length;
    process.emitWarning(warning);
  }

  proto.addListener = function addListener(type, listener) {
    return add(this, type, listener, 'last');
  };
  proto.on = proto.addListener;
  proto.prependListener = function prependListener(type, listener) {
    return add(this, type, listener, 'first');
  };

  function onceWrap(emitter, type, listener) {
    checkListener(listener);
    let fired = false;
    function wrapped(...args) {
      if (fired) return undefined;
      fired = true;
      emitter.removeListener(type, wrapped);
      return Reflect.apply(listener, emitter, args);
    }
    wrapped.listener = listener;
    return wrapped;
  }

  proto.once = function once(type, listener) {
    return this.on(type, onceWrap(this, type, listener));
  };
  proto.prependOnceListener = function prependOnceListener(type, listener) {
    return this.prependListener(type, onceWrap(this, type, listener));
  };

  function forget(emitter, type) {
    if (--emitter._eventsCount === 0) emitter._events = { __proto__: null };
    else delete emitter._events[type];
  }

  proto.removeListener = function removeListener(type, listener) {
    checkListener(listener);
    const events = this._events;
    const list = events?.[type];
    if (list === undefined) return this;
    if (list === listener || list.listener === listener) {
      forget(this, type);
    } else if (typeof list !== 'function') {
      const at = list.findLastIndex((one) => one === listener || one.listener === listener);
      if (at < 0) return this;
      list.splice(at, 1);
      if (list.length === 1) events[type] = list[0];
    } else {
      return this;
    }
    if (events.removeListener !== undefined) this.emit('removeListener', type, listener);
    return this;
  };
  proto.off = proto.removeListener;

  proto.removeAllListeners = function removeAllListeners(type) {
    const events = this._events;
    if (events === undefined) return this;
    if (events.removeListener === undefined) {
      if (type === undefined) {
        this._events = { __proto__: null };
        this._eventsCount = 0;
      } else if (events[type] !== undefined) {
        forget(this, type);
      }
      return this;
    }
    if (type === undefined) {
      for (const key of Reflect.ownKeys(events)) {
        if (key !== 'removeListener') this.removeAllListeners(key);
      }
      this.removeAllListeners('removeListener');
      return this;
    }
    for (const listener of this.rawListeners(type).reverse()) this.removeListener(type, listener);
    return this;
  };

  proto.rawListeners = function rawListeners(type) {
    const list = this._events?.[type];
    if (list === undefined) return [];
    return typeof list === 'function' ? [list] : [...list];
  };
  proto.listeners = function listeners(type) {
    return this.rawListeners(type).map((one) => one.listener ?? one);
  };
  proto.listenerCount = function listenerCount(type, listener) {
    if (listener === undefined) return this.rawListeners(type).length;
    return this.listeners(type).filter((one) => one === listener).length;
  };
  proto.eventNames = function eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
  };

  function abortError(signal) {
    const error = new Error('The operation was aborted', { cause: signal.reason });
    error.name = 'AbortError';
    error.code = 'ABORT_ERR';
    return error;
  }

  async function once(emitter, name, options) {
    const signal = options?.signal;
    if (signal?.aborted) throw abortError(signal);
    return new Promise((resolve, reject) => {
      const done = () => {
        emitter.removeListener(name, resolved);
        emitter.removeListener('error', failed);
        signal?.removeEventListener('abort', aborted);
      };
      const resolved = (...args) => { done(); resolve(args); };
      const failed = (error) => { done(); reject(error); };
      const aborted = () => { done(); reject(abortError(signal)); };
      emitter.once(name, resolved);
      if (name !== 'error') emitter.once('error', failed);
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  function on(emitter, name, options) {
    const signal = options?.signal;
    if (signal?.aborted) throw abortError(signal);
    const events = [], waiting = [];
    let failure = null, finished = false;
    const received = (...args) => {
      if (waiting.length > 0) waiting.shift().resolve({ value: args, done: false });
      else events.push(args);
    };
    const failed = (error) => {
      if (waiting.length > 0) waiting.shift().reject(error);
      else failure = error;
      iterator.return();
    };
    const aborted = () => failed(abortError(signal));
    const iterator = {
      next() {
        if (events.length > 0) return Promise.resolve({ value: events.shift(), done: false });
        if (failure !== null) {
          const error = failure;
          failure = null;
          return Promise.reject(error);
        }
        if (finished) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      return() {
        emitter.removeListener(name, received);
        emitter.removeListener('error', failed);
        signal?.removeEventListener('abort', aborted);
        finished = true;
        for (const one of waiting.splice(0)) one.resolve({ value: undefined, done: true });
        return Promise.resolve({ value: undefined, done: true });
      },
      throw(error) {
        failed(error);
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]() { return this; },
    };
    emitter.on(name, received);
    if (name !== 'error') emitter.on('error', failed);
    for (const end of options?.close ?? []) emitter.on(end, () => iterator.return());
    signal?.addEventListener('abort', aborted, { once: true });
    return iterator;
  }

  for (const name of Object.keys(proto)) {
    if (typeof proto[name] === 'function') {
      Object.defineProperty(proto, name, { enumerable: true });
    }
  }

  Object.defineProperty(EventEmitter, 'defaultMaxListeners', {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
      if (typeof n !== 'number' || n < 0 || Number.isNaN(n)) {
        throw outOfRange('defaultMaxListeners', 'a non-negative number', n);
      }
      defaultMaxListeners = n;
    },
  });

  return Object.assign(EventEmitter, {
    EventEmitter,
    once,
    on,
    errorMonitor: kErrorMonitor,
    captureRejectionSymbol: kCapture,
    listenerCount: (emitter, type) => emitter.listenerCount(type),
    getEventListeners: (emitter, type) => emitter.listeners(type),
    getMaxListeners: (emitter) => emitter.getMaxListeners(),
    setMaxListeners(n = defaultMaxListeners, ...emitters) {
      if (emitters.length === 0) EventEmitter.defaultMaxListeners = n;
      for (const emitter of emitters) emitter.setMaxListeners(n);
    },
  });
})
