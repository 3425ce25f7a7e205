// `WritableStream` and its abstract operations, <https://streams.spec.whatwg.org/#ws>.
//
// A record of a stream holds that of its controller, and its writer's while it is locked.

(function ({ base, signals, strategies }) {
  const {
    DONE, Deferred, Queue, apply, asInterface, callback, create, illegalConstructor,
    invalidArgument, invalidState, isObject, newPromise, promiseOf, promised, promisedCall,
    rangeError, record, rejectedPromise, resolvedPromise, slot, then,
  } = base;
  const { readStrategy, strategyOf } = strategies;

  const streams = slot('WritableStream');
  const controllers = slot('WritableStreamDefaultController');

  const Stream = record(class {
    // #initialize-writable-stream
    constructor() {
      this.state = 'writable';
      this.storedError = this.writer = this.controller = this.inFlightWriteRequest = undefined;
      this.closeRequest = this.inFlightCloseRequest = this.pendingAbortRequest = undefined;
      this.writeRequests = new Queue();
      this.backpressure = false;
      this.object = undefined;
    }
  });

  // In the queue: the end of the stream.
  const CLOSE = create(null);

  const Controller = record(class {
    constructor(stream, algorithms, { highWaterMark, size }) {
      this.stream = stream;
      this.queue = new Queue();
      this.started = false;
      this.highWaterMark = highWaterMark;
      this.size = size;
      this.write = algorithms.write;
      this.close = algorithms.close;
      this.abort = algorithms.abort;
      // Made when a script asks for the signal.
      this.abortController = this.abortReason = undefined;
      this.object = undefined;
    }
    // #writable-stream-default-controller-clear-algorithms
    clear() {
      this.write = this.close = this.abort = this.size = undefined;
    }
    // #writable-stream-default-controller-get-desired-size
    get desiredSize() {
      return this.highWaterMark - this.queue.totalSize;
    }
    // #writable-stream-default-controller-get-backpressure
    get backpressure() {
      return this.desiredSize <= 0;
    }
  });

  // ---- Streams ----

  // #create-writable-stream; `start` is called with the controller's object, and gives a promise.
  function createWritable(algorithms, strategy, start, object = create(WritableStream.prototype)) {
    const stream = new Stream();
    stream.object = object;
    streams.attach(object, stream);
    setUpController(stream, algorithms, strategy, start);
    return stream;
  }

  // #writable-stream-abort
  function abort(stream, reason) {
    // 1. If stream.[[state]] is "closed" or "errored", return a promise resolved with undefined.
    if (stream.state === 'closed' || stream.state === 'errored') return resolvedPromise();
    // 2. Signal abort on stream.[[controller]].[[abortController]] with reason.
    signalAbort(stream.controller, reason);
    // 3. Let state be stream.[[state]]. 4. If it is "closed" or "errored", return a promise
    // resolved with undefined. (The signal may have run script.)
    if (stream.state === 'closed' || stream.state === 'errored') return resolvedPromise();
    // 5. If stream.[[pendingAbortRequest]] is not undefined, return its promise.
    if (stream.pendingAbortRequest) return stream.pendingAbortRequest.promised.promise;
    // 7. Let wasAlreadyErroring be false. 8. If state is "erroring", set it to true, and reason to
    // undefined.
    const wasAlreadyErroring = stream.state === 'erroring';
    if (wasAlreadyErroring) reason = undefined;
    const promised = newPromise();
    stream.pendingAbortRequest = { __proto__: null, promised, reason, wasAlreadyErroring };
    // 11. If wasAlreadyErroring is false, perform ! WritableStreamStartErroring(stream, reason).
    if (!wasAlreadyErroring) startErroring(stream, reason);
    return promised.promise;
  }

  // #writable-stream-close
  function close(stream) {
    if (stream.state === 'closed' || stream.state === 'errored') {
      return rejectedPromise(invalidState('WritableStream is closed'));
    }
    const promised = newPromise();
    stream.closeRequest = promised;
    // 6. If writer is not undefined, and stream.[[backpressure]] is true, and state is "writable",
    // resolve writer.[[readyPromise]] with undefined.
    if (stream.writer !== undefined && stream.backpressure && stream.state === 'writable') {
      stream.writer.ready.resolve();
    }
    // 7. Perform ! WritableStreamDefaultControllerClose(stream.[[controller]]).
    stream.controller.queue.push(CLOSE, 0);
    advanceQueueIfNeeded(stream.controller);
    return promised.promise;
  }

  // #writable-stream-close-queued-or-in-flight
  const closeQueuedOrInFlight = (stream) =>
    stream.closeRequest !== undefined || stream.inFlightCloseRequest !== undefined;

  const hasOperationInFlight = (stream) =>
    stream.inFlightWriteRequest !== undefined || stream.inFlightCloseRequest !== undefined;

  // #writable-stream-deal-with-rejection
  function dealWithRejection(stream, error) {
    if (stream.state === 'writable') startErroring(stream, error);
    else finishErroring(stream);
  }

  // #writable-stream-start-erroring
  function startErroring(stream, reason) {
    stream.state = 'erroring';
    stream.storedError = reason;
    // 7. If writer is not undefined, perform
    // ! WritableStreamDefaultWriterEnsureReadyPromiseRejected(writer, reason).
    stream.writer?.rejectReady(reason);
    // 8. If ! WritableStreamHasOperationMarkedInFlight(stream) is false and
    // controller.[[started]] is true, perform ! WritableStreamFinishErroring(stream).
    if (!hasOperationInFlight(stream) && stream.controller.started) finishErroring(stream);
  }

  // #writable-stream-finish-erroring
  function finishErroring(stream) {
    const { controller, storedError } = stream;
    stream.state = 'errored';
    // 4. Perform ! stream.[[controller]].[[ErrorSteps]]().
    controller.queue.clear();
    // 6. For each writeRequest of stream.[[writeRequests]]: reject it with storedError.
    stream.writeRequests.drain((request) => request.reject(storedError));
    const request = stream.pendingAbortRequest;
    if (request === undefined) {
      rejectCloseAndClosed(stream);
      return;
    }
    stream.pendingAbortRequest = undefined;
    // 11. If abortRequest's was already erroring is true: reject its promise with storedError.
    if (request.wasAlreadyErroring) {
      request.promised.reject(storedError);
      rejectCloseAndClosed(stream);
      return;
    }
    // 12. Let promise be ! stream.[[controller]].[[AbortSteps]](abortRequest's reason).
    const { abort } = controller;
    const result = abort === undefined ? DONE : abort(request.reason);
    controller.clear();
    then(result, () => {
      request.promised.resolve();
      rejectCloseAndClosed(stream);
    }, (reason) => {
      request.promised.reject(reason);
      rejectCloseAndClosed(stream);
    });
  }

  // #writable-stream-reject-close-and-closed-promise-if-needed
  function rejectCloseAndClosed(stream) {
    if (stream.closeRequest !== undefined) {
      stream.closeRequest.reject(stream.storedError);
      stream.closeRequest = undefined;
    }
    stream.writer?.rejectClosed(stream.storedError);
  }

  // #writable-stream-update-backpressure
  function updateBackpressure(stream, backpressure) {
    const { writer } = stream;
    if (writer !== undefined && backpressure !== stream.backpressure) {
      // 4.1. If backpressure is true, set writer.[[readyPromise]] to a new promise.
      if (backpressure) writer.ready = new Deferred();
      else writer.ready.resolve();
    }
    stream.backpressure = backpressure;
  }

  // ---- Controllers ----

  // #set-up-writable-stream-default-controller
  function setUpController(stream, algorithms, strategy, start) {
    const controller = new Controller(stream, algorithms, strategy);
    stream.controller = controller;
    controller.object = create(WritableStreamDefaultController.prototype);
    controllers.attach(controller.object, controller);
    updateBackpressure(stream, controller.backpressure);
    // 15. Let startResult be the result of performing startAlgorithm. (This may throw an exception.)
    then(start(controller.object), () => {
      controller.started = true;
      advanceQueueIfNeeded(controller);
    }, (reason) => {
      controller.started = true;
      dealWithRejection(stream, reason);
    });
  }

  function signalAbort(controller, reason) {
    controller.abortReason = { __proto__: null, reason };
    if (controller.abortController) signals.abort(controller.abortController, reason);
  }

  // #writable-stream-default-controller-get-chunk-size
  function chunkSize(controller, chunk) {
    const { size } = controller;
    if (size === undefined) return 1;
    try {
      return size(chunk);
    } catch (error) {
      errorIfNeeded(controller, error);
      return 1;
    }
  }

  // #writable-stream-default-controller-write
  function controllerWrite(controller, chunk, size) {
    try {
      controller.queue.enqueue(chunk, size);
    } catch (error) {
      errorIfNeeded(controller, error);
      return;
    }
    const { stream } = controller;
    if (!closeQueuedOrInFlight(stream) && stream.state === 'writable') {
      updateBackpressure(stream, controller.backpressure);
    }
    advanceQueueIfNeeded(controller);
  }

  // #writable-stream-default-controller-advance-queue-if-needed
  function advanceQueueIfNeeded(controller) {
    const { stream, queue } = controller;
    if (!controller.started || stream.inFlightWriteRequest !== undefined) return;
    if (stream.state === 'erroring') {
      finishErroring(stream);
      return;
    }
    if (queue.length === 0) return;
    const value = queue.peek();
    if (value === CLOSE) processClose(controller);
    else processWrite(controller, value);
  }

  // #writable-stream-default-controller-process-close
  function processClose(controller) {
    const { stream } = controller;
    // 2. Perform ! WritableStreamMarkCloseRequestInFlight(stream).
    stream.inFlightCloseRequest = stream.closeRequest;
    stream.closeRequest = undefined;
    controller.queue.shift();
    const result = controller.close();
    controller.clear();
    then(result, () => finishInFlightClose(stream), (reason) => {
      // #writable-stream-finish-in-flight-close-with-error
      stream.inFlightCloseRequest.reject(reason);
      stream.inFlightCloseRequest = undefined;
      if (stream.pendingAbortRequest !== undefined) {
        stream.pendingAbortRequest.promised.reject(reason);
        stream.pendingAbortRequest = undefined;
      }
      dealWithRejection(stream, reason);
    });
  }

  // #writable-stream-finish-in-flight-close
  function finishInFlightClose(stream) {
    stream.inFlightCloseRequest.resolve();
    stream.inFlightCloseRequest = undefined;
    // 5. If state is "erroring": (The error was too late to do anything, so it is ignored.)
    if (stream.state === 'erroring') {
      stream.storedError = undefined;
      if (stream.pendingAbortRequest !== undefined) {
        stream.pendingAbortRequest.promised.resolve();
        stream.pendingAbortRequest = undefined;
      }
    }
    stream.state = 'closed';
    stream.writer?.closed.resolve();
  }

  // #writable-stream-default-controller-process-write
  function processWrite(controller, chunk) {
    const { stream } = controller;
    // 2. Perform ! WritableStreamMarkFirstWriteRequestInFlight(stream).
    stream.inFlightWriteRequest = stream.writeRequests.shift();
    then(controller.write(chunk, controller.object), () => {
      // #writable-stream-finish-in-flight-write
      stream.inFlightWriteRequest.resolve();
      stream.inFlightWriteRequest = undefined;
      const { state } = stream;
      controller.queue.shift();
      if (!closeQueuedOrInFlight(stream) && state === 'writable') {
        updateBackpressure(stream, controller.backpressure);
      }
      advanceQueueIfNeeded(controller);
    }, (reason) => {
      if (stream.state === 'writable') controller.clear();
      // #writable-stream-finish-in-flight-write-with-error
      stream.inFlightWriteRequest.reject(reason);
      stream.inFlightWriteRequest = undefined;
      dealWithRejection(stream, reason);
    });
  }

  // #writable-stream-default-controller-error
  function controllerError(controller, error) {
    controller.clear();
    startErroring(controller.stream, error);
  }
  // #writable-stream-default-controller-error-if-needed
  function errorIfNeeded(controller, error) {
    if (controller.stream.state === 'writable') controllerError(controller, error);
  }

  // ---- Interfaces ----

  // #set-up-writable-stream-default-controller-from-underlying-sink
  function sinkAlgorithms(sink, given) {
    const members = { __proto__: null };
    for (const name of ['abort', 'close', 'start']) members[name] = callback(sink, name, 'sink');
    members.type = sink.type;
    members.write = callback(sink, 'write', 'sink');
    // 3. If underlyingSinkDict["type"] exists, throw a RangeError exception.
    if (members.type !== undefined) {
      throw rangeError('ERR_INVALID_ARG_VALUE', `The argument 'sink.type' is invalid. Received ${members.type}`);
    }
    const done = () => DONE;
    const { abort, close, start, write } = members;
    return {
      __proto__: null,
      start: start ? (controller) => promiseOf(apply(start, given, [controller])) : done,
      abort: abort ? promisedCall(abort, given) : done,
      close: close ? promisedNothing(close, given) : done,
      write: write ? promisedCall(write, given) : done,
    };
  }
  function promisedNothing(close, sink) {
    return () => {
      try {
        return promiseOf(apply(close, sink, []));
      } catch (error) {
        return rejectedPromise(error);
      }
    };
  }

  const locked = () => rejectedPromise(invalidState('WritableStream is locked'));

  // <https://streams.spec.whatwg.org/#ws-class>
  class WritableStream {
    constructor(underlyingSink = undefined, strategy = undefined) {
      if (underlyingSink !== undefined && !isObject(underlyingSink)) {
        throw invalidArgument('sink', 'of type object', underlyingSink);
      }
      const given = readStrategy(strategy);
      const algorithms = sinkAlgorithms(underlyingSink ?? create(null), underlyingSink);
      createWritable(algorithms, strategyOf(given, 1), algorithms.start, this);
    }
    get locked() {
      return streams.checked(this).writer !== undefined;
    }
    abort(reason = undefined) {
      return promised(() => {
        const stream = streams.checked(this);
        return stream.writer ? locked() : abort(stream, reason);
      });
    }
    close() {
      return promised(() => {
        const stream = streams.checked(this);
        if (stream.writer) return locked();
        if (closeQueuedOrInFlight(stream)) {
          return rejectedPromise(invalidState('Failure closing WritableStream'));
        }
        return close(stream);
      });
    }
    getWriter() {
      streams.checked(this);
      return writable.acquireWriter(this);
    }
  }
  asInterface(WritableStream, streams, ({ writer, state }) => ({ locked: writer !== undefined, state }));

  // <https://streams.spec.whatwg.org/#ws-default-controller-class>
  class WritableStreamDefaultController {
    constructor() {
      throw illegalConstructor();
    }
    get signal() {
      const controller = controllers.checked(this);
      if (controller.abortController === undefined) {
        controller.abortController = signals.newController();
        if (controller.abortReason) signals.abort(controller.abortController, controller.abortReason.reason);
      }
      return signals.signalOf(controller.abortController);
    }
    error(reason = undefined) {
      errorIfNeeded(controllers.checked(this), reason);
    }
  }
  asInterface(WritableStreamDefaultController, controllers, () => ({}));

  const writable = {
    WritableStream, WritableStreamDefaultController, abort,
    // Comes with the writer's own part.
    acquireWriter: undefined,
    chunkSize, close, closeQueuedOrInFlight, controllerWrite, createWritable, errorIfNeeded,
    streams,
  };
  return writable;
})
