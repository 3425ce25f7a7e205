// node:async_hooks, <https://nodejs.org/api/async_context.html>: what is carried is a frame, a map from
// the storages to what they hold, which is never changed once it is current.

(function ({ coded, invalidArgument, missing, natives }) {
  const { currentFrame, followPromises, setFrame } = natives('async_hooks');
  followPromises();

  function checkFunction(name, value) {
    if (typeof value !== 'function') throw invalidArgument(name, 'of type function', value);
  }

  // What `fn` returns, called in `frame`.
  function within(frame, fn, thisArg, args) {
    const before = currentFrame();
    setFrame(frame);
    try {
      return Reflect.apply(fn, thisArg, args);
    } finally {
      setFrame(before);
    }
  }

  const without = (frame, storage) => {
    const rest = new Map(frame);
    rest.delete(storage);
    return rest;
  };

  class RunScope {
    #storage;
    #before;
    #isOver = false;

    constructor(storage, store) {
      this.#storage = storage;
      this.#before = storage.getStore();
      storage.enterWith(store);
    }

    dispose() {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#storage.enterWith(this.#before);
    }

    [Symbol.dispose]() { this.dispose(); }
  }

  class AsyncLocalStorage {
    #defaultValue;
    #name;

    constructor(options = {}) {
      if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
      this.#defaultValue = options.defaultValue;
      if (options.name !== undefined) this.#name = `${options.name}`;
    }

    get name() { return this.#name || ''; }

    static bind(fn) { return AsyncResource.bind(fn); }

    static snapshot() {
      return AsyncLocalStorage.bind(function (fn, ...args) { return Reflect.apply(fn, this, args); });
    }

    disable() {
      const frame = currentFrame();
      if (frame?.has(this)) setFrame(without(frame, this));
    }

    enterWith(store) { setFrame(new Map(currentFrame()).set(this, store)); }

    run(store, fn, ...args) {
      return within(new Map(currentFrame()).set(this, store), fn, null, args);
    }

    exit(fn, ...args) {
      const frame = currentFrame();
      return within(frame && without(frame, this), fn, null, args);
    }

    getStore() {
      const frame = currentFrame();
      return frame?.has(this) ? frame.get(this) : this.#defaultValue;
    }

    withScope(store) { return new RunScope(this, store); }
  }

  // The program itself is number 1.
  const MAIN = { id: 1, trigger: 0, object: {} };
  let running = MAIN;
  let last = MAIN.id;

  class AsyncResource {
    #call;
    #frame = currentFrame();

    constructor(type, options = {}) {
      if (typeof type !== 'string') throw invalidArgument('type', 'of type string', type);
      const trigger = (typeof options === 'number' ? options : options.triggerAsyncId) ?? running.id;
      if (!Number.isSafeInteger(trigger) || trigger < -1) {
        throw coded(RangeError, 'ERR_INVALID_ASYNC_ID', `Invalid triggerAsyncId value: ${trigger}`);
      }
      this.#call = { id: ++last, trigger, object: this };
    }

    runInAsyncScope(fn, thisArg, ...args) {
      const before = running;
      running = this.#call;
      try {
        return within(this.#frame, fn, thisArg, args);
      } finally {
        running = before;
      }
    }

    emitDestroy() { return this; }
    asyncId() { return this.#call.id; }
    triggerAsyncId() { return this.#call.trigger; }

    bind(fn, thisArg) {
      checkFunction('fn', fn);
      const resource = this;
      const bound = function (...args) {
        return resource.runInAsyncScope(fn, thisArg === undefined ? this : thisArg, ...args);
      };
      return Object.defineProperty(bound, 'length', { value: fn.length, configurable: true });
    }

    static bind(fn, type, thisArg) {
      checkFunction('fn', fn);
      return new AsyncResource(type || fn.name || 'bound-anonymous-fn').bind(fn, thisArg);
    }
  }

  return {
    AsyncLocalStorage,
    AsyncResource,
    createHook: missing('async_hooks', 'createHook'),
    executionAsyncId: () => running.id,
    executionAsyncResource: () => running.object,
    triggerAsyncId: () => running.trigger,
  };
})
