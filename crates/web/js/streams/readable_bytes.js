// The interfaces of byte streams: `ReadableByteStreamController`, `ReadableStreamBYOBRequest` and
// `ReadableStreamBYOBReader`. <https://streams.spec.whatwg.org/#rbs-controller-class>

(function ({ base, byteController, defaults, readable, views }) {
  const {
    asInterface, create, dictionary, enforcedInteger, illegalConstructor, invalidArgument,
    invalidState, promised, rangeError, record, slot, typeError,
  } = base;
  const { Reader, Stream, streams } = readable;
  const { PromisedRead, cancelOf, closedOf, notBound, shownReader } = defaults;
  const { bufferBytes, bytesOf, viewOf } = views;

  const controllers = slot('ReadableByteStreamController');
  const requests = slot('ReadableStreamBYOBRequest');
  const readers = slot('ReadableStreamBYOBReader');

  // #set-up-readable-byte-stream-controller
  function setUpController(stream, algorithms, highWaterMark, autoAllocateChunkSize) {
    const controller =
      new byteController.Controller(stream, algorithms, highWaterMark, autoAllocateChunkSize);
    stream.controller = controller;
    controller.object = create(ReadableByteStreamController.prototype);
    controllers.attach(controller.object, controller);
    readable.start(controller, algorithms.start(controller.object));
  }

  // #abstract-opdef-createreadablebytestream
  function createByteStream(algorithms, prototype) {
    const stream = new Stream(create(prototype));
    setUpController(stream, algorithms, 0, undefined);
    return stream;
  }

  const Request = record(class {
    constructor(controller, view) {
      this.controller = controller;
      this.view = view;
      this.object = create(ReadableStreamBYOBRequest.prototype);
      requests.attach(this.object, this);
    }
  });

  // #abstract-opdef-readablebytestreamcontrollergetbyobrequest
  function byobRequest(controller) {
    const first = controller.pendingPullIntos.peek();
    if (controller.byobRequest === null && first !== undefined) {
      const { buffer, byteOffset, bytesFilled, byteLength } = first;
      const view = bytesOf(buffer, byteOffset + bytesFilled, byteLength - bytesFilled);
      controller.byobRequest = new Request(controller, view);
    }
    return controller.byobRequest;
  }

  class ReadableByteStreamController {
    constructor() {
      throw illegalConstructor();
    }
    get byobRequest() {
      return byobRequest(controllers.checked(this))?.object ?? null;
    }
    get desiredSize() {
      return controllers.checked(this).desiredSize;
    }
    close() {
      checkOpen(controllers.checked(this)).close();
    }
    enqueue(chunk) {
      const controller = controllers.checked(this);
      const view = viewOf(chunk, 'chunk');
      if (view.byteLength === 0 || bufferBytes(view.buffer) === 0) {
        throw invalidState('chunk ArrayBuffer is zero-length or detached');
      }
      checkOpen(controller).enqueue(view);
    }
    error(reason = undefined) {
      controllers.checked(this).error(reason);
    }
  }
  asInterface(ReadableByteStreamController, controllers, () => ({}));

  function checkOpen(controller) {
    if (controller.closeRequested) throw invalidState('Controller is already closed');
    if (controller.stream.state !== 'readable') throw invalidState('ReadableStream is already closed');
    return controller;
  }

  // <https://streams.spec.whatwg.org/#rs-byob-request-class>
  class ReadableStreamBYOBRequest {
    constructor() {
      throw illegalConstructor();
    }
    get view() {
      return requests.checked(this).view;
    }
    respond(bytesWritten) {
      const request = requests.checked(this);
      if (arguments.length === 0) throw missing('bytesWritten');
      const count = enforcedInteger(bytesWritten, 'bytesWritten');
      const { controller, view } = request;
      if (controller === undefined) throw invalidated();
      if (viewOf(view, 'view').detached) throw invalidState('Viewed ArrayBuffer is detached');
      controller.respond(count);
    }
    respondWithNewView(view) {
      const { controller } = requests.checked(this);
      const given = viewOf(view, 'view');
      if (controller === undefined) throw invalidated();
      if (given.detached) throw invalidState('Viewed ArrayBuffer is detached');
      controller.respondWithView(given);
    }
  }
  asInterface(ReadableStreamBYOBRequest, requests, ({ view, controller }) => ({
    view,
    controller: controller?.object,
  }));

  const missing = (name) => typeError('ERR_MISSING_ARGS', `The "${name}" argument must be specified`);
  const invalidated = () => invalidState('This BYOB request has been invalidated');

  // #readable-stream-byob-reader-read
  function read(reader, view, minimum, request) {
    const { stream } = reader;
    stream.disturbed = true;
    if (stream.state === 'errored') request.error(stream.storedError);
    else stream.controller.pullInto(view, minimum, request);
  }

  // <https://streams.spec.whatwg.org/#byob-reader-class>
  class ReadableStreamBYOBReader {
    constructor(stream) {
      const state = streams.of(stream);
      if (state === undefined) throw invalidArgument('stream', 'an instance of ReadableStream', stream);
      if (state.reader !== undefined) throw invalidState('ReadableStream is locked');
      if (!state.controller.isByte) {
        throw invalidArgument('stream', 'a byte stream', stream);
      }
      readers.attach(this, new Reader(state, true));
    }
    get closed() {
      return closedOf(readers, this);
    }
    cancel(reason = undefined) {
      return cancelOf(readers, this, reason);
    }
    // #byob-reader-read
    read(view, options = undefined) {
      return promised(() => {
        const reader = readers.checked(this);
        const given = viewOf(view, 'view');
        const minimum = minimumOf(options);
        if (given.byteLength === 0 || bufferBytes(given.buffer) === 0) {
          throw invalidState('View or Viewed ArrayBuffer is zero-length or detached');
        }
        if (minimum === 0) throw typeError('ERR_INVALID_ARG_VALUE', "The property 'options.min' must be greater than 0");
        if (minimum > given.byteLength / given.elementSize) {
          throw rangeError('ERR_OUT_OF_RANGE', `The value of "options.min" is out of range. Received ${minimum}`);
        }
        if (reader.stream === undefined) return notBound();
        const request = new PromisedRead();
        read(reader, given, minimum, request);
        return request.promise;
      });
    }
    releaseLock() {
      const reader = readers.checked(this);
      if (reader.stream !== undefined) reader.release();
    }
  }
  asInterface(ReadableStreamBYOBReader, readers, shownReader);

  function minimumOf(options) {
    const minimum = dictionary(options, 'options')?.min;
    return minimum === undefined ? 1 : enforcedInteger(minimum, 'options.min');
  }

  return {
    ReadableByteStreamController, ReadableStreamBYOBReader, ReadableStreamBYOBRequest, byobRequest,
    createByteStream, read, setUpController,
  };
})
