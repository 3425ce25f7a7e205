// Piping, <https://streams.spec.whatwg.org/#readable-stream-pipe-to>.

(function ({ base, defaults, readable, writable, writing, signals }) {
  const {
    DONE, chain, invalidState, newPromise, nothing, record, resolvedPromise, then,
  } = base;
  const { Reader, cancel } = readable;
  const { read } = defaults;
  const { abort, closeQueuedOrInFlight } = writable;
  const { Writer, closeWithErrorPropagation, release, write } = writing;

  const Pipe = record(class {
    constructor(source, dest, options) {
      this.source = source;
      this.dest = dest;
      this.options = options;
      this.reader = new Reader(source, false);
      this.writer = new Writer(dest);
      source.disturbed = true;
      this.isShuttingDown = false;
      this.lastWrite = DONE;
      this.finished = newPromise();
      this.stopListening = nothing;
      this.step = () => this.readOne();
      this.request = this.newRequest();
    }

    start() {
      const { signal } = this.options;
      // 14. If signal is not undefined: let abortAlgorithm be the following steps: …
      if (signal !== undefined) {
        if (signals.isAborted(signal)) {
          this.abort(signals.reason(signal));
          return this.finished.promise;
        }
        this.stopListening = signals.onAbort(signal, () => this.abort(signals.reason(signal)));
      }
      this.watch();
      this.next();
      return this.finished.promise;
    }

    // ---- Reading and writing ----

    // Reads once there is room: "While WritableStreamDefaultWriterGetDesiredSize(writer) is ≤ 0 or
    // is null, the user agent must not read from reader."
    next() {
      if (this.isShuttingDown) return;
      const { dest } = this;
      // OPTIMIZATION: with room there is nothing to wait for.
      if (dest.state === 'writable' && !dest.backpressure) this.readOne();
      else then(this.writer.ready.promise, this.step, nothing);
    }
    readOne() {
      if (!this.isShuttingDown) read(this.reader, this.request);
    }
    newRequest() {
      return {
        __proto__: null,
        // Written in a job of its own: who enqueues a chunk must not find itself in the sink.
        chunk: (value) => {
          this.lastWrite = chain(DONE, () => {
            const written = write(this.writer, value);
            this.next();
            return then(written, nothing, nothing);
          });
        },
        // Both are seen by who watches the reader.
        close: nothing,
        error: nothing,
      };
    }

    // ---- "The following conditions": errors and closing, forward and backward ----

    watch() {
      const { dest, options, reader, source, writer } = this;
      // Errors must be propagated forward.
      whenErrored(source, reader, (error) => this.shutDown(
        options.preventAbort ? undefined : () => abort(dest, error), { error }));
      // Errors must be propagated backward.
      whenErrored(dest, writer, (error) => this.shutDown(
        options.preventCancel ? undefined : () => cancel(source, error), { error }));
      // Closing must be propagated forward.
      whenClosed(source, reader, () => this.shutDown(
        options.preventClose ? undefined : () => closeWithErrorPropagation(writer)));
      // Closing must be propagated backward.
      if (closeQueuedOrInFlight(dest) || dest.state === 'closed') {
        const error = invalidState('Destination WritableStream is closed');
        this.shutDown(options.preventCancel ? undefined : () => cancel(source, error), { error });
      }
    }

    abort(error) {
      const { dest, options, source } = this;
      this.shutDown(() => {
        const actions = [];
        if (!options.preventAbort) {
          actions[actions.length] = dest.state === 'writable' ? abort(dest, error) : resolvedPromise();
        }
        if (!options.preventCancel) {
          actions[actions.length] = source.state === 'readable' ? cancel(source, error) : resolvedPromise();
        }
        return waitForAll(actions);
      }, { error });
    }

    // ---- "Shutdown with an action", "shutdown", "finalize" ----

    // `failure` holds the error to end with, if there is one.
    shutDown(action, failure) {
      if (this.isShuttingDown) return;
      this.isShuttingDown = true;
      const { dest } = this;
      const act = () => {
        if (action === undefined) this.finalize(failure);
        else then(action(), () => this.finalize(failure), (error) => this.finalize({ error }));
      };
      // 3. If dest.[[state]] is "writable" and ! WritableStreamCloseQueuedOrInFlight(dest) is
      // false: if any chunks have been read but not yet written, write them to dest; wait until
      // every chunk that has been read has been written.
      if (dest.state === 'writable' && !closeQueuedOrInFlight(dest)) then(this.allWritten(), act);
      else act();
    }
    allWritten() {
      const { lastWrite } = this;
      return chain(lastWrite, () => (lastWrite === this.lastWrite ? DONE : this.allWritten()));
    }
    finalize(failure) {
      release(this.writer);
      this.reader.release();
      this.stopListening();
      if (failure !== undefined) this.finished.reject(failure.error);
      else this.finished.resolve();
    }
  });

  function whenErrored(stream, holder, act) {
    if (stream.state === 'errored') act(stream.storedError);
    else then(holder.closed.promise, nothing, act);
  }
  function whenClosed(stream, holder, act) {
    if (stream.state === 'closed') act();
    else then(holder.closed.promise, act, nothing);
  }

  // <https://webidl.spec.whatwg.org/#waiting-for-all-promise>, of two at most.
  function waitForAll(promises) {
    if (promises.length === 0) return resolvedPromise();
    const { promise, resolve, reject } = newPromise();
    let left = promises.length;
    const one = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    for (let index = 0; index < promises.length; index += 1) then(promises[index], one, reject);
    return promise;
  }

  // Both streams are not locked: whoever calls this has looked.
  const pipe = (source, dest, options) => new Pipe(source, dest, options).start();
  return { pipe };
})
