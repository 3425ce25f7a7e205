// What readable streams have in common with arrays.
//
// <https://nodejs.org/api/stream.html#readablemapfn-options>
//
// `toStream` gives iterables that become streams, `toPromise` gives promises.

(function ({ part }) {
  const { AbortError, aborted, check, coded, invalidArgument, make, outOfRange } = part('stream/errors');
  const { addAbortSignal, onAbort } = part('stream/abort');
  const { finished } = part('stream/finished');
  const { isNode, isWritable } = part('stream/questions');
  const kNothing = Symbol('nothing'), kEnd = Symbol('end');

  function checkOptions(options) {
    if (options === undefined || options === null) return;
    check.object(options, 'options');
    if (options.signal !== undefined && options.signal !== null) check.signal(options.signal, 'options.signal');
  }
  function checkCallback(callback, name) {
    if (typeof callback !== 'function') throw invalidArgument(name, 'of type function', callback);
  }
  function throwIfAborted(options) {
    if (options?.signal?.aborted) throw aborted(options.signal);
  }

  // Calls that run at the same time, whose results come in the order of the chunks.
  class Mapping {
    constructor(stream, callback, options, concurrency, maxQueued) {
      Object.assign(this, { stream, callback, concurrency, maxQueued });
      this.signal = AbortSignal.any(options?.signal ? [options.signal] : []);
      this.results = [];
      this.running = 0;
      this.isDone = false;
      this.wakeReader = this.wakeWriter = undefined;
    }

    wake(name) {
      this[name]?.();
      this[name] = undefined;
    }
    settled() {
      this.running--;
      this.goOn();
    }
    goOn() {
      const isRoom = this.running < this.concurrency && this.results.length < this.maxQueued;
      if (!this.isDone && isRoom) this.wake('wakeWriter');
    }
    add(result) {
      this.running++;
      result.then(() => this.settled(), () => {
        this.isDone = true;
        this.settled();
      });
      this.results.push(result);
    }
    start(chunk) {
      try {
        const result = this.callback(chunk, { signal: this.signal });
        return result === kNothing ? undefined : Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    }

    async write() {
      try {
        for await (const chunk of this.stream) {
          if (this.isDone) return;
          if (this.signal.aborted) throw new AbortError();
          const result = this.start(chunk);
          if (result === undefined) continue;
          this.add(result);
          this.wake('wakeReader');
          const isFull = this.results.length >= this.maxQueued || this.running >= this.concurrency;
          if (!this.isDone && isFull) await new Promise((resolve) => { this.wakeWriter = resolve; });
        }
        this.results.push(kEnd);
      } catch (error) {
        this.add(Promise.reject(error));
      } finally {
        this.isDone = true;
        this.wake('wakeReader');
      }
    }

    async* read() {
      this.write();
      try {
        for (;;) {
          while (this.results.length > 0) {
            const result = await this.results[0];
            if (result === kEnd) return;
            if (this.signal.aborted) throw new AbortError();
            if (result !== kNothing) yield result;
            this.results.shift();
            this.goOn();
          }
          await new Promise((resolve) => { this.wakeReader = resolve; });
        }
      } finally {
        this.isDone = true;
        this.wake('wakeWriter');
      }
    }
  }

  function map(stream, callback, options) {
    checkCallback(callback, 'fn');
    checkOptions(options);
    const concurrency = Math.floor(options?.concurrency ?? 1);
    const ahead = Math.floor(options?.highWaterMark ?? concurrency - 1);
    check.integer(concurrency, 'options.concurrency', 1);
    check.integer(ahead, 'options.highWaterMark', 0);
    return new Mapping(stream, callback, options, concurrency, ahead + concurrency).read();
  }

  function filter(stream, callback, options) {
    checkCallback(callback, 'fn');
    const keep = async (value, more) => (await callback(value, more) ? value : kNothing);
    return map(stream, keep, options);
  }

  async function* flatten(values) {
    for await (const value of values) yield* value;
  }

  function toCount(number) {
    const count = Number(number);
    if (Number.isNaN(count)) return 0;
    if (count < 0) throw outOfRange('number', '>= 0', count);
    return count;
  }
  async function* dropped(stream, count, options) {
    throwIfAborted(options);
    for await (const chunk of stream) {
      throwIfAborted(options);
      if (count-- <= 0) yield chunk;
    }
  }
  async function* taken(stream, count, options) {
    throwIfAborted(options);
    for await (const chunk of stream) {
      throwIfAborted(options);
      if (count-- > 0) yield chunk;
      // Nothing more is read than is needed.
      if (count <= 0) return;
    }
  }

  const toStream = {
    drop(number, options = undefined) {
      checkOptions(options);
      return dropped(this, toCount(number), options);
    },
    filter(fn, options) { return filter(this, fn, options); },
    flatMap(fn, options) { return flatten(map(this, fn, options)); },
    map(fn, options) { return map(this, fn, options); },
    take(number, options = undefined) {
      checkOptions(options);
      return taken(this, toCount(number), options);
    },
  };

  async function some(stream, callback, options) {
    for await (const chunk of filter(stream, callback, options)) {
      void chunk;
      return true;
    }
    return false;
  }

  const toPromise = {
    async every(fn, options = undefined) {
      checkCallback(fn, 'fn');
      return !(await some(this, async (...args) => !(await fn(...args)), options));
    },
    async forEach(fn, options) {
      checkCallback(fn, 'fn');
      const call = async (value, more) => {
        await fn(value, more);
        return kNothing;
      };
      for await (const chunk of map(this, call, options)) void chunk;
    },
    async reduce(reducer, initialValue, options) {
      checkCallback(reducer, 'reducer');
      checkOptions(options);
      const outer = options?.signal;
      if (outer?.aborted) {
        const error = aborted(outer);
        this.once('error', () => {});
        await new Promise((resolve) => { finished(this.destroy(error), resolve); });
        throw error;
      }
      const controller = new AbortController();
      const stop = outer ? onAbort(outer, () => controller.abort()) : () => {};
      let hasValue = arguments.length > 1, value = initialValue;
      try {
        for await (const chunk of this) {
          throwIfAborted(options);
          value = hasValue ? await reducer(value, chunk, { signal: controller.signal }) : chunk;
          hasValue = true;
        }
        if (!hasValue) {
          throw coded(TypeError, 'ERR_MISSING_ARGS', 'Reduce of an empty stream requires an initial value');
        }
      } finally {
        stop();
        controller.abort();
      }
      return value;
    },
    async toArray(options) {
      checkOptions(options);
      const chunks = [];
      for await (const chunk of this) {
        throwIfAborted(options);
        chunks.push(chunk);
      }
      return chunks;
    },
    async some(fn, options = undefined) { return some(this, fn, options); },
    async find(fn, options) {
      for await (const chunk of filter(this, fn, options)) return chunk;
      return undefined;
    },
  };

  function compose(stream, options) {
    checkOptions(options);
    if (isNode(stream) && !isWritable(stream)) throw make.invalidValue('stream', stream, 'must be writable');
    const composed = part('stream/join').compose(this, stream);
    if (options?.signal) addAbortSignal(options.signal, composed);
    return composed;
  }

  return { compose, toPromise, toStream };
})
