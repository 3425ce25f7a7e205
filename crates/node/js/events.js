// node:events, <https://nodejs.org/api/events.html>

(function ({ builtin, inspect, invalidArgument, later, listenersOfTarget, outOfRange }) {
  const kErrorMonitor = Symbol('events.errorMonitor');
  const kCapture = Symbol.for('nodejs.rejection');
  const captures = Symbol('kCapture');
  let defaultMaxListeners = 10;
  // What `setMaxListeners` was told of event targets.
  const targetMaxListeners = new WeakMap();

  function checkCount(name, n) {
    if (typeof n !== 'number') throw invalidArgument(name, 'of type number', n);
    if (!(n >= 0)) throw outOfRange(name, '>= 0', n);
  }
  function checkBoolean(name, value) {
    if (typeof value !== 'boolean') throw invalidArgument(name, 'of type boolean', value);
  }

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
    if (options?.captureRejections) {
      checkBoolean('options.captureRejections', options.captureRejections);
      this[captures] = true;
    }
  };

  const hidden = (object, name, value) => Object.defineProperty(object, name, {
    value, writable: true, enumerable: false, configurable: true,
  });
  const proto = EventEmitter.prototype;
  proto._events = undefined;
  proto._eventsCount = 0;
  proto._maxListeners = undefined;
  // Set by `EventEmitter.captureRejections` for all.
  hidden(proto, captures, false);

  proto.setMaxListeners = function setMaxListeners(n) {
    checkCount('setMaxListeners', n);
    this._maxListeners = n;
    return this;
  };

  proto.getMaxListeners = function getMaxListeners() {
    return this._maxListeners ?? defaultMaxListeners;
  };

  function unhandledError(args) {
    const error = args[0];
    if (error instanceof Error) return error;
    let text = error;
    try {
      text = typeof error === 'string' ? `'${error}'` : inspect(error);
    } catch {
      // What cannot be shown is told as it is.
    }
    return Object.assign(new Error(`Unhandled error. (${text})`), {
      code: 'ERR_UNHANDLED_ERROR', context: error,
    });
  }

  // With `captureRejections` a listener's promise that is rejected is an 'error'.
  function call(emitter, listener, type, args) {
    const result = Reflect.apply(listener, emitter, args);
    if (result === undefined || result === null || !emitter[captures]) return;
    try {
      const { then } = result;
      if (typeof then !== 'function') return;
      Reflect.apply(then, result, [undefined, (error) => builtin('process').nextTick(rejected, emitter, error, type, args)]);
    } catch (error) {
      emitter.emit('error', error);
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
    const max = emitter._maxListeners ?? defaultMaxListeners;
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
    builtin('process').emitWarning(warning);
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
    function wrapper(...args) {
      if (fired) return undefined;
      fired = true;
      emitter.removeListener(type, wrapper);
      return Reflect.apply(listener, emitter, args);
    }
    wrapper.listener = listener;
    return wrapper;
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
      listener = list.listener ?? listener;
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
    const list = this._events?.[type];
    if (list === undefined) return 0;
    if (listener !== undefined && listener !== null) {
      return this.listeners(type).filter((one) => one === listener).length;
    }
    return typeof list === 'function' ? 1 : list.length;
  };
  proto.eventNames = function eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
  };

  // What works for emitters and event targets alike.
  const isEmitter = (value) => typeof value?.on === 'function';
  const notEmitter = (value, name = 'emitter') => (
    invalidArgument(name, 'an instance of EventEmitter or EventTarget', value));

  function getEventListeners(emitter, type) {
    if (typeof emitter?.listeners === 'function') return emitter.listeners(type);
    const listeners = listenersOfTarget(emitter, type);
    if (listeners === undefined) throw notEmitter(emitter);
    return listeners;
  }
  function listenerCount(emitter, type) {
    if (typeof emitter?.listenerCount === 'function') return emitter.listenerCount(type);
    if (emitter instanceof EventEmitter) return proto.listenerCount.call(emitter, type);
    return getEventListeners(emitter, type).length;
  }
  function getMaxListeners(emitter) {
    if (typeof emitter?.getMaxListeners === 'function') return emitter._maxListeners ?? defaultMaxListeners;
    if (!(emitter instanceof EventTarget)) throw notEmitter(emitter);
    return targetMaxListeners.get(emitter) ?? defaultMaxListeners;
  }
  function setMaxListeners(n = defaultMaxListeners, ...emitters) {
    checkCount('setMaxListeners', n);
    if (emitters.length === 0) defaultMaxListeners = n;
    for (const emitter of emitters) {
      if (typeof emitter?.setMaxListeners === 'function') emitter.setMaxListeners(n);
      else if (emitter instanceof EventTarget) targetMaxListeners.set(emitter, n);
      else throw notEmitter(emitter, 'eventTargets');
    }
  }

  class EventEmitterAsyncResource extends EventEmitter {
    #resource;

    constructor(options = undefined) {
      const { name = new.target.name, ...others } = typeof options === 'string' ? { name: options } : options ?? {};
      super(others);
      const { AsyncResource } = builtin('async_hooks');
      this.#resource = Object.assign(new AsyncResource(name, others), { eventEmitter: this });
    }

    emit(name, ...args) { return this.#resource.runInAsyncScope(super.emit, this, name, ...args); }
    emitDestroy() { this.#resource.emitDestroy(); }
    get asyncId() { return this.#resource.asyncId(); }
    get triggerAsyncId() { return this.#resource.triggerAsyncId(); }
    get asyncResource() { return this.#resource; }
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
      checkCount('defaultMaxListeners', n);
      defaultMaxListeners = n;
    },
  });

  Object.defineProperty(EventEmitter, 'captureRejections', {
    enumerable: true,
    get: () => proto[captures],
    set(value) {
      checkBoolean('EventEmitter.captureRejections', value);
      proto[captures] = value;
    },
  });

  // Most scripts need none of these: the part that has them is loaded with the first call.
  let waiting;
  const awaiting = () => (waiting ??= later({ inspect, invalidArgument, isEmitter, outOfRange }));
  return Object.assign(EventEmitter, {
    EventEmitter,
    EventEmitterAsyncResource,
    addAbortListener(signal, listener) { return awaiting().addAbortListener(signal, listener); },
    captureRejectionSymbol: kCapture,
    errorMonitor: kErrorMonitor,
    getEventListeners,
    getMaxListeners,
    listenerCount,
    async once(emitter, name, options = undefined) { return awaiting().once(emitter, name, options); },
    on(emitter, name, options = undefined) { return awaiting().on(emitter, name, options); },
    setMaxListeners,
    usingDomains: false,
  });
})
