// `WritableStreamDefaultWriter`, <https://streams.spec.whatwg.org/#default-writer-class>.

(function ({ base, writable }) {
  const {
    Deferred, asInterface, invalidArgument, invalidState, newPromise, promised, record,
    rejectedPromise, resolvedPromise, slot,
  } = base;
  const { abort, chunkSize, close, closeQueuedOrInFlight, controllerWrite, streams } = writable;

  const writers = slot('WritableStreamDefaultWriter');

  const Writer = record(class {
    // #set-up-writable-stream-default-writer
    constructor(stream) {
      if (stream.writer !== undefined) throw invalidState('WritableStream is locked');
      this.stream = stream;
      stream.writer = this;
      const { state, storedError } = stream;
      // 5. to 8. What the two promises are depends on the state.
      if (state === 'writable') {
        this.ready = !closeQueuedOrInFlight(stream) && stream.backpressure 
          ? new Deferred() : Deferred.resolved();
        this.closed = new Deferred();
      } else if (state === 'erroring') {
        this.ready = Deferred.rejected(storedError);
        this.closed = new Deferred();
      } else if (state === 'closed') {
        this.ready = Deferred.resolved();
        this.closed = Deferred.resolved();
      } else {
        this.ready = Deferred.rejected(storedError);
        this.closed = Deferred.rejected(storedError);
      }
    }
    // #writable-stream-default-writer-ensure-ready-promise-rejected
    rejectReady(reason) {
      this.ready = this.ready.rejectedOrNew(reason);
    }
    // #writable-stream-default-writer-ensure-closed-promise-rejected
    rejectClosed(reason) {
      this.closed = this.closed.rejectedOrNew(reason);
    }
  });

  // #writable-stream-default-writer-write
  function write(writer, chunk) {
    const { stream } = writer;
    const { controller } = stream;
    const size = chunkSize(controller, chunk);
    // 5. If stream is not equal to writer.[[stream]], return a promise rejected with a TypeError.
    // (Asking for the size may have run script.)
    if (stream !== writer.stream) return released();
    const { state } = stream;
    if (state === 'errored') return rejectedPromise(stream.storedError);
    if (closeQueuedOrInFlight(stream) || state === 'closed') {
      return rejectedPromise(invalidState('WritableStream is closed'));
    }
    if (state === 'erroring') return rejectedPromise(stream.storedError);
    // 11. Let promise be ! WritableStreamAddWriteRequest(stream).
    const request = newPromise();
    stream.writeRequests.push(request, 0);
    controllerWrite(controller, chunk, size);
    return request.promise;
  }

  // #writable-stream-default-writer-release
  function release(writer) {
    const { stream } = writer;
    const error = invalidState('Writer has been released');
    writer.rejectReady(error);
    writer.rejectClosed(error);
    stream.writer = undefined;
    writer.stream = undefined;
  }

  // #writable-stream-default-writer-close-with-error-propagation
  function closeWithErrorPropagation(writer) {
    const { stream } = writer;
    const { state } = stream;
    if (closeQueuedOrInFlight(stream) || state === 'closed') return resolvedPromise();
    if (state === 'errored') return rejectedPromise(stream.storedError);
    return close(stream);
  }

  // #writable-stream-default-writer-get-desired-size
  function desiredSize({ state, controller }) {
    if (state === 'errored' || state === 'erroring') return null;
    return state === 'closed' ? 0 : controller.desiredSize;
  }

  const released = () => rejectedPromise(invalidState('Writer is not bound to a WritableStream'));

  class WritableStreamDefaultWriter {
    constructor(stream) {
      const state = streams.of(stream);
      if (state === undefined) throw invalidArgument('stream', 'an instance of WritableStream', stream);
      writers.attach(this, new Writer(state));
    }
    get closed() {
      return promised(() => writers.checked(this).closed.promise);
    }
    get desiredSize() {
      const { stream } = writers.checked(this);
      if (stream === undefined) throw invalidState('Writer is not bound to a WritableStream');
      return desiredSize(stream);
    }
    get ready() {
      return promised(() => writers.checked(this).ready.promise);
    }
    abort(reason = undefined) {
      return promised(() => {
        const { stream } = writers.checked(this);
        return stream === undefined ? released() : abort(stream, reason);
      });
    }
    close() {
      return promised(() => {
        const { stream } = writers.checked(this);
        if (stream === undefined) return released();
        if (closeQueuedOrInFlight(stream)) {
          return rejectedPromise(invalidState('Failure to close WritableStream'));
        }
        return close(stream);
      });
    }
    releaseLock() {
      const writer = writers.checked(this);
      if (writer.stream !== undefined) release(writer);
    }
    write(chunk = undefined) {
      return promised(() => {
        const writer = writers.checked(this);
        return writer.stream === undefined ? released() : write(writer, chunk);
      });
    }
  }
  asInterface(WritableStreamDefaultWriter, writers, (writer) => ({
    stream: writer.stream?.object,
    close: writer.closed.promise,
    ready: writer.ready.promise,
    desiredSize: writer.stream === undefined ? null : desiredSize(writer.stream),
  }));
  writable.acquireWriter = (stream) => new WritableStreamDefaultWriter(stream);

  return { Writer, WritableStreamDefaultWriter, closeWithErrorPropagation, desiredSize, release, write };
})
