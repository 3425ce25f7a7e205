// node:timers/promises, <https://nodejs.org/api/timers.html#timers-promises-api>

(function ({ coded, invalidArgument }) {
  function abortError(signal) {
    const error = coded(Error, 'ABORT_ERR', 'The operation was aborted');
    error.name = 'AbortError';
    if (signal?.reason !== undefined) error.cause = signal.reason;
    return error;
  }

  function check({ signal, ref }) {
    if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
      throw invalidArgument('options.signal', 'an instance of AbortSignal', signal);
    }
    if (ref !== undefined && typeof ref !== 'boolean') throw invalidArgument('options.ref', 'of type boolean', ref);
  }

  // A promise that `begin` settles by calling back, and that a signal ends early.
  function awaited(begin, cancel, value, options = {}) {
    if (options === null || typeof options !== 'object') {
      return Promise.reject(invalidArgument('options', 'of type object', options));
    }
    try {
      check(options);
    } catch (error) {
      return Promise.reject(error);
    }
    const { signal, ref = true } = options;
    if (signal?.aborted) return Promise.reject(abortError(signal));
    return new Promise((resolve, reject) => {
      let onAbort;
      const timer = begin(() => {
        if (onAbort) signal.removeEventListener('abort', onAbort);
        resolve(value);
      });
      if (!ref) timer.unref?.();
      if (signal) {
        onAbort = () => {
          cancel(timer);
          reject(abortError(signal));
        };
        signal.addEventListener('abort', onAbort, { once: true });
      }
    });
  }

  const after = (delay, value, options) => awaited((done) => setTimeout(done, delay), clearTimeout, value, options);
  const soon = (value, options) => awaited((done) => setImmediate(done), clearImmediate, value, options);

  async function* every(delay, value, options = {}) {
    check(options);
    const { signal, ref = true } = options;
    if (signal?.aborted) throw abortError(signal);
    let [due, wake] = [0, () => {}];
    const timer = setInterval(() => {
      due++;
      wake();
    }, delay);
    if (!ref) timer.unref?.();
    const onAbort = () => wake();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        if (due === 0 && !signal?.aborted) await new Promise((resolve) => { wake = resolve; });
        if (signal?.aborted) throw abortError(signal);
        for (; due > 0; due--) yield value;
      }
    } finally {
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  class Scheduler {
    wait(delay, options) { return after(delay, undefined, options); }
    yield() { return soon(); }
  }

  return {
    setTimeout: Object.defineProperty(after, 'name', { value: 'setTimeout' }),
    setImmediate: Object.defineProperty(soon, 'name', { value: 'setImmediate' }),
    setInterval: Object.defineProperty(every, 'name', { value: 'setInterval' }),
    scheduler: new Scheduler(),
  };
})
