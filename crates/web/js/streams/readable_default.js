// `ReadableStreamDefaultReader`, <https://streams.spec.whatwg.org/#default-reader-class>, and
// `ReadableStreamDefaultController`, <https://streams.spec.whatwg.org/#rs-default-controller-class>.

(function ({ base, readable }) {
  const {
    Queue, asInterface, create, illegalConstructor, invalidArgument, invalidState, newPromise,
    promised, record, rejectedPromise, slot,
  } = base;
  const { Reader, Stream, callPullIfNeeded, streams } = readable;

  const readers = slot('ReadableStreamDefaultReader');
  const controllers = slot('ReadableStreamDefaultController');

  // ---- Reader ----

  // What `read` waits with.
  const PromisedRead = record(class {
    constructor() {
      const { promise, resolve, reject } = newPromise();
      this.promise = promise;
      this.resolve = resolve;
      this.error = reject;
    }
    chunk(value) {
      this.resolve({ value, done: false });
    }
    close(value) {
      this.resolve({ value, done: true });
    }
  });

  // #readable-stream-default-reader-read
  function read(reader, request) {
    const { stream } = reader;
    stream.disturbed = true;
    if (stream.state === 'closed') request.close();
    else if (stream.state === 'errored') request.error(stream.storedError);
    else stream.controller.pullSteps(request);
  }

  const notBound = () => rejectedPromise(invalidState('The reader is not bound to a ReadableStream'));

  // The mixin ReadableStreamGenericReader.
  const closedOf = (slot, reader) => promised(() => slot.checked(reader).closed.promise);
  const cancelOf = (slot, reader, reason) => promised(() => {
    const { stream } = slot.checked(reader);
    return stream === undefined ? notBound() : readable.cancel(stream, reason);
  });

  class ReadableStreamDefaultReader {
    constructor(stream) {
      const state = streams.of(stream);
      if (state === undefined) throw invalidArgument('stream', 'an instance of ReadableStream', stream);
      readers.attach(this, new Reader(state, false));
    }
    get closed() {
      return closedOf(readers, this);
    }
    cancel(reason = undefined) {
      return cancelOf(readers, this, reason);
    }
    read() {
      return promised(() => {
        const reader = readers.checked(this);
        if (reader.stream === undefined) return notBound();
        const request = new PromisedRead();
        read(reader, request);
        return request.promise;
      });
    }
    releaseLock() {
      const reader = readers.checked(this);
      if (reader.stream !== undefined) reader.release();
    }
  }
  const shownReader = (reader) => ({
    stream: reader.stream?.object,
    readRequests: reader.requests.length,
    close: reader.closed.promise,
  });
  asInterface(ReadableStreamDefaultReader, readers, shownReader);

  // ---- Controller ----

  const Controller = record(class {
    constructor(stream, algorithms, { highWaterMark, size }) {
      this.stream = stream;
      this.queue = new Queue();
      this.highWaterMark = highWaterMark;
      this.size = size;
      this.pull = algorithms.pull;
      this.cancel = algorithms.cancel;
      this.started = this.pulling = this.pullAgain = this.closeRequested = false;
      this.isByte = false;
      this.object = undefined;
    }
    // #rs-default-controller-private-cancel
    cancelSteps(reason) {
      this.queue.clear();
      const { cancel } = this;
      const result = cancel(reason);
      this.clear();
      return result;
    }
    // #rs-default-controller-private-pull
    pullSteps(request) {
      const { queue, stream } = this;
      if (queue.length === 0) {
        stream.reader.requests.push(request, 0);
        callPullIfNeeded(this);
        return;
      }
      const chunk = queue.shift();
      if (this.closeRequested && queue.length === 0) {
        this.clear();
        readable.close(stream);
      } else {
        callPullIfNeeded(this);
      }
      request.chunk(chunk);
    }
    // #abstract-opdef-readablestreamdefaultcontroller-releasesteps
    release() {}
    // #readable-stream-default-controller-clear-algorithms
    clear() {
      this.pull = this.cancel = this.size = undefined;
    }
    // #readable-stream-default-controller-should-call-pull
    shouldCallPull() {
      const { stream } = this;
      if (!this.canCloseOrEnqueue() || !this.started) return false;
      if (stream.reader !== undefined && stream.reader.requests.length > 0) return true;
      return this.highWaterMark - this.queue.totalSize > 0;
    }
    // #readable-stream-default-controller-can-close-or-enqueue
    canCloseOrEnqueue() {
      return !this.closeRequested && this.stream.state === 'readable';
    }
    // #readable-stream-default-controller-has-backpressure
    get backpressure() {
      return !this.shouldCallPull();
    }
    // #readable-stream-default-controller-get-desired-size
    get desiredSize() {
      const { state } = this.stream;
      if (state === 'errored') return null;
      return state === 'closed' ? 0 : this.highWaterMark - this.queue.totalSize;
    }
    // #readable-stream-default-controller-close
    close() {
      if (!this.canCloseOrEnqueue()) return;
      this.closeRequested = true;
      if (this.queue.length === 0) {
        this.clear();
        readable.close(this.stream);
      }
    }
    // #readable-stream-default-controller-enqueue
    enqueue(chunk) {
      if (!this.canCloseOrEnqueue()) return;
      const { stream } = this;
      if (stream.reader !== undefined && stream.reader.requests.length > 0) {
        stream.reader.requests.shift().chunk(chunk);
      } else {
        // 4. Let result be the result of performing controller.[[strategySizeAlgorithm]], passing
        // in chunk, and interpreting the result as a completion record.
        try {
          const { size } = this;
          this.queue.enqueue(chunk, size(chunk));
        } catch (error) {
          this.error(error);
          throw error;
        }
      }
      callPullIfNeeded(this);
    }
    // #readable-stream-default-controller-error
    error(reason) {
      if (this.stream.state !== 'readable') return;
      this.queue.clear();
      this.clear();
      readable.error(this.stream, reason);
    }
  });

  // #set-up-readable-stream-default-controller
  function setUpController(stream, algorithms, strategy) {
    const controller = new Controller(stream, algorithms, strategy);
    stream.controller = controller;
    controller.object = create(ReadableStreamDefaultController.prototype);
    controllers.attach(controller.object, controller);
    readable.start(controller, algorithms.start(controller.object));
  }

  // #create-readable-stream
  function createReadable(algorithms, strategy, prototype) {
    const stream = new Stream(create(prototype));
    setUpController(stream, algorithms, strategy);
    return stream;
  }

  class ReadableStreamDefaultController {
    constructor() {
      throw illegalConstructor();
    }
    get desiredSize() {
      return controllers.checked(this).desiredSize;
    }
    close() {
      const controller = controllers.checked(this);
      if (!controller.canCloseOrEnqueue()) throw invalidState('Controller is already closed');
      controller.close();
    }
    enqueue(chunk = undefined) {
      const controller = controllers.checked(this);
      if (!controller.canCloseOrEnqueue()) throw invalidState('Controller is already closed');
      controller.enqueue(chunk);
    }
    error(reason = undefined) {
      controllers.checked(this).error(reason);
    }
  }
  asInterface(ReadableStreamDefaultController, controllers, () => ({}));

  return {
    PromisedRead, ReadableStreamDefaultController, ReadableStreamDefaultReader, cancelOf, closedOf,
    createReadable, notBound, read, readers, setUpController, shownReader,
  };
})
