// Waiting for events: `once`, `on` and `addAbortListener` of node:events.
//
// <https://nodejs.org/api/events.html#eventsonceemitter-name-options>

(function ({ invalidArgument, isEmitter, outOfRange }) {
  function checkObject(value, name) {
    if (value === null || typeof value !== 'object') throw invalidArgument(name, 'of type object', value);
  }
  function checkSignal(signal, name) {
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
      throw invalidArgument(name, 'an instance of AbortSignal', signal);
    }
  }
  function abortError(signal) {
    const error = new Error('The operation was aborted', { cause: signal.reason });
    error.code = 'ABORT_ERR';
    error.name = 'AbortError';
    return error;
  }
  function checkedOptions(options = {}) {
    checkObject(options, 'options');
    checkSignal(options.signal, 'options.signal');
    if (options.signal?.aborted) throw abortError(options.signal);
    return options;
  }

  // Listeners that go together.
  class Listeners {
    #list = [];
    add(emitter, name, listener) {
      if (isEmitter(emitter)) emitter.on(name, listener);
      else if (typeof emitter?.addEventListener === 'function') emitter.addEventListener(name, listener);
      else throw invalidArgument('emitter', 'an instance of EventEmitter', emitter);
      this.#list.push([emitter, name, listener]);
    }
    removeAll() {
      for (const [emitter, name, listener] of this.#list.splice(0)) {
        if (isEmitter(emitter)) emitter.removeListener(name, listener);
        else emitter.removeEventListener(name, listener);
      }
    }
  }

  async function once(emitter, name, options) {
    const { signal } = checkedOptions(options);
    const listeners = new Listeners();
    return new Promise((resolve, reject) => {
      const fail = (error) => {
        listeners.removeAll();
        reject(error);
      };
      listeners.add(emitter, name, (...args) => {
        listeners.removeAll();
        resolve(args);
      });
      // 'error' of an event target is an event like others.
      if (name !== 'error' && isEmitter(emitter)) listeners.add(emitter, 'error', fail);
      if (signal) listeners.add(signal, 'abort', () => fail(abortError(signal)));
    });
  }

  // Events in the order in which they came, each once.
  class Events {
    #emitter;
    #marks;
    #listeners = new Listeners();
    #events = [];
    #waiting = [];
    #failure = null;
    #isFinished = false;
    #isPaused = false;

    constructor(emitter, name, options, marks) {
      this.#emitter = emitter;
      this.#marks = marks;
      this.#listeners.add(emitter, name, (...args) => this.#received(args));
      if (name !== 'error' && isEmitter(emitter)) {
        this.#listeners.add(emitter, 'error', (error) => this.#failed(error));
      }
      for (const end of options.close ?? []) this.#listeners.add(emitter, end, () => this.return());
      const { signal } = options;
      if (signal) this.#listeners.add(signal, 'abort', () => this.#failed(abortError(signal)));
    }

    #received(args) {
      if (this.#waiting.length > 0) {
        this.#waiting.shift().resolve({ done: false, value: args });
        return;
      }
      this.#events.push(args);
      if (!this.#isPaused && this.#events.length > this.#marks.high) {
        this.#isPaused = true;
        this.#emitter.pause();
      }
    }
    #failed(error) {
      if (this.#waiting.length > 0) this.#waiting.shift().reject(error);
      else this.#failure = { error };
      this.return();
    }

    next() {
      if (this.#events.length > 0) {
        const value = this.#events.shift();
        if (this.#isPaused && this.#events.length < this.#marks.low) {
          this.#isPaused = false;
          this.#emitter.resume();
        }
        return Promise.resolve({ done: false, value });
      }
      if (this.#failure !== null) {
        const { error } = this.#failure;
        this.#failure = null;
        return Promise.reject(error);
      }
      if (this.#isFinished) return this.return();
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    return() {
      this.#listeners.removeAll();
      this.#isFinished = true;
      for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
      return Promise.resolve({ done: true, value: undefined });
    }
    throw(error) {
      if (!(error instanceof Error)) {
        throw invalidArgument('EventEmitter.AsyncIterator', 'an instance of Error', error);
      }
      this.#failed(error);
      return Promise.resolve({ done: true, value: undefined });
    }
  }
  const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype);

  function toMark(value, name, otherwise) {
    if (value === undefined) return otherwise;
    if (typeof value !== 'number') throw invalidArgument(name, 'of type number', value);
    if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
    if (value < 1) throw outOfRange(name, `>= 1 && <= ${Number.MAX_SAFE_INTEGER}`, value);
    return value;
  }

  function on(emitter, name, given) {
    const options = checkedOptions(given);
    const high = options.highWaterMark ?? options.highWatermark, low = options.lowWaterMark ?? options.lowWatermark;
    const marks = {
      high: toMark(high, 'options.highWaterMark', Number.MAX_SAFE_INTEGER),
      low: toMark(low, 'options.lowWaterMark', 1),
    };
    const events = new Events(emitter, name, options, marks);
    return Object.setPrototypeOf({
      next: () => events.next(),
      return: () => events.return(),
      throw: (error) => events.throw(error),
      [Symbol.asyncIterator]() { return this; },
    }, AsyncIteratorPrototype);
  }

  // <https://nodejs.org/api/events.html#eventsaddabortlistenersignal-listener>
  function addAbortListener(signal, listener) {
    if (signal === undefined) throw invalidArgument('signal', 'an instance of AbortSignal', signal);
    checkSignal(signal, 'signal');
    if (typeof listener !== 'function') throw invalidArgument('listener', 'of type function', listener);
    let stop = () => {};
    if (signal.aborted) {
      queueMicrotask(() => listener());
    } else {
      signal.addEventListener('abort', listener, { once: true });
      stop = () => signal.removeEventListener('abort', listener);
    }
    return { __proto__: null, [Symbol.dispose]: () => stop() };
  }

  return { addAbortListener, on, once };
})
