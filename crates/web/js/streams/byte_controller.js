// The inside of `ReadableByteStreamController`: its queue of bytes, and the views that readers want
// filled. <https://streams.spec.whatwg.org/#rbs-controller-abstract-ops>

(function ({ base, readable, views }) {
  const { Queue, record, rangeError, invalidState } = base;
  const { addRequest, callPullIfNeeded, hasByobReader, hasDefaultReader, requestCount } = readable;
  const { bytesOf, cloneBytes, copyBytes, isDetached, newView, transfer, bufferBytes } = views;
  const { min } = Math;

  // A view that is to be filled: #pull-into-descriptor.
  const PullInto = record(class {
    constructor(buffer, byteOffset, byteLength, minimumFill, elementSize, kind, readerType) {
      this.buffer = buffer;
      this.bufferByteLength = bufferBytes(buffer);
      this.byteOffset = byteOffset;
      this.byteLength = byteLength;
      this.bytesFilled = 0;
      this.minimumFill = minimumFill;
      this.elementSize = elementSize;
      this.kind = kind;
      // 'default', 'byob', or 'none' once its reader was released.
      this.readerType = readerType;
    }
    // #readable-byte-stream-controller-convert-pull-into-descriptor
    toView() {
      const length = this.bytesFilled / this.elementSize;
      return newView(this.kind, transfer(this.buffer), this.byteOffset, length);
    }
  });

  const Controller = record(class {
    constructor(stream, algorithms, highWaterMark, autoAllocateChunkSize) {
      this.stream = stream;
      // Of `{ buffer, byteOffset, byteLength }`, counted in bytes.
      this.queue = new Queue();
      this.highWaterMark = highWaterMark;
      this.autoAllocateChunkSize = autoAllocateChunkSize;
      this.pull = algorithms.pull;
      this.cancel = algorithms.cancel;
      this.started = this.pulling = this.pullAgain = this.closeRequested = false;
      this.pendingPullIntos = new Queue();
      this.isByte = true;
      this.byobRequest = null;
      this.object = undefined;
    }
    // #rbs-controller-private-cancel
    cancelSteps(reason) {
      this.clearPendingPullIntos();
      this.queue.clear();
      const { cancel } = this;
      const result = cancel(reason);
      this.clear();
      return result;
    }
    // #rbs-controller-private-pull
    pullSteps(request) {
      if (this.queue.totalSize > 0) {
        this.fillReadRequest(request);
        return;
      }
      const size = this.autoAllocateChunkSize;
      if (size !== undefined) {
        let buffer;
        try {
          buffer = new ArrayBuffer(size);
        } catch (error) {
          request.error(error);
          return;
        }
        this.pendingPullIntos.push(new PullInto(buffer, 0, size, 1, 1, 'Uint8Array', 'default'), 0);
      }
      addRequest(this.stream, request);
      callPullIfNeeded(this);
    }
    // #abstract-opdef-readablebytestreamcontroller-releasesteps
    release() {
      const first = this.pendingPullIntos.peek();
      if (first === undefined) return;
      first.readerType = 'none';
      this.pendingPullIntos.clear();
      this.pendingPullIntos.push(first, 0);
    }
    // #readable-byte-stream-controller-clear-algorithms
    clear() {
      this.pull = this.cancel = undefined;
    }
    clearPendingPullIntos() {
      this.invalidateByobRequest();
      this.pendingPullIntos.clear();
    }
    // #readable-byte-stream-controller-invalidate-byob-request
    invalidateByobRequest() {
      if (this.byobRequest === null) return;
      this.byobRequest.controller = undefined;
      this.byobRequest.view = null;
      this.byobRequest = null;
    }
    // #readable-byte-stream-controller-should-call-pull
    shouldCallPull() {
      const { stream } = this;
      if (stream.state !== 'readable' || this.closeRequested || !this.started) return false;
      if (stream.reader !== undefined && requestCount(stream) > 0) return true;
      return this.highWaterMark - this.queue.totalSize > 0;
    }
    get desiredSize() {
      const { state } = this.stream;
      if (state === 'errored') return null;
      return state === 'closed' ? 0 : this.highWaterMark - this.queue.totalSize;
    }
    // #readable-byte-stream-controller-close
    close() {
      const { stream } = this;
      if (this.closeRequested || stream.state !== 'readable') return;
      if (this.queue.totalSize > 0) {
        this.closeRequested = true;
        return;
      }
      // 4. If controller.[[pendingPullIntos]] is not empty: if the first one's bytes filled are no
      // whole elements: error the stream, and throw.
      const first = this.pendingPullIntos.peek();
      if (first !== undefined && first.bytesFilled % first.elementSize !== 0) {
        const error = invalidState('Partial read');
        this.error(error);
        throw error;
      }
      this.clear();
      readable.close(stream);
    }
    // #readable-byte-stream-controller-error
    error(reason) {
      if (this.stream.state !== 'readable') return;
      this.clearPendingPullIntos();
      this.queue.clear();
      this.clear();
      readable.error(this.stream, reason);
    }
    // #readable-byte-stream-controller-enqueue
    enqueue({ buffer, byteOffset, byteLength }) {
      const { stream } = this;
      if (this.closeRequested || stream.state !== 'readable') return;
      if (isDetached(buffer)) throw detached();
      const bytes = transfer(buffer);
      const first = this.pendingPullIntos.peek();
      if (first !== undefined) {
        if (isDetached(first.buffer)) throw detached();
        this.invalidateByobRequest();
        first.buffer = transfer(first.buffer);
        if (first.readerType === 'none') this.enqueueReleased(first);
      }
      if (hasDefaultReader(stream)) {
        this.processReadRequests();
        if (requestCount(stream) === 0) {
          this.enqueueBytes(bytes, byteOffset, byteLength);
        } else {
          if (this.pendingPullIntos.length > 0) this.shiftPullInto();
          stream.reader.requests.shift().chunk(bytesOf(bytes, byteOffset, byteLength));
        }
      } else {
        this.enqueueBytes(bytes, byteOffset, byteLength);
        if (hasByobReader(stream)) this.commitAll(this.processPullIntos());
      }
      callPullIfNeeded(this);
    }
    // #readable-byte-stream-controller-enqueue-chunk-to-queue
    enqueueBytes(buffer, byteOffset, byteLength) {
      this.queue.push({ __proto__: null, buffer, byteOffset, byteLength }, byteLength);
    }
    // #abstract-opdef-readablebytestreamcontrollerenqueueclonedchunktoqueue
    enqueueClone(buffer, byteOffset, byteLength) {
      let clone;
      try {
        clone = cloneBytes(buffer, byteOffset, byteLength);
      } catch (error) {
        this.error(error);
        throw error;
      }
      this.enqueueBytes(clone, 0, byteLength);
    }
    // #abstract-opdef-readablebytestreamcontrollerenqueuedetachedpullintotoqueue
    enqueueReleased(descriptor) {
      if (descriptor.bytesFilled > 0) {
        this.enqueueClone(descriptor.buffer, descriptor.byteOffset, descriptor.bytesFilled);
      }
      this.shiftPullInto();
    }
    shiftPullInto() {
      return this.pendingPullIntos.shift();
    }
    // #abstract-opdef-readablebytestreamcontrollerfillreadrequestfromqueue
    fillReadRequest(request) {
      const { buffer, byteOffset, byteLength } = this.queue.shift();
      this.handleQueueDrain();
      request.chunk(bytesOf(buffer, byteOffset, byteLength));
    }
    // #readable-byte-stream-controller-handle-queue-drain
    handleQueueDrain() {
      if (this.queue.totalSize === 0 && this.closeRequested) {
        this.clear();
        readable.close(this.stream);
      } else {
        callPullIfNeeded(this);
      }
    }
    // #abstract-opdef-readablebytestreamcontrollerprocessreadrequestsusingqueue
    processReadRequests() {
      const { requests } = this.stream.reader;
      while (requests.length > 0 && this.queue.totalSize > 0) this.fillReadRequest(requests.shift());
    }
    // #readable-byte-stream-controller-process-pull-into-descriptors-using-queue
    processPullIntos() {
      const filled = new Queue();
      while (this.pendingPullIntos.length > 0 && this.queue.totalSize > 0) {
        if (!this.fillPullInto(this.pendingPullIntos.peek())) break;
        filled.push(this.shiftPullInto(), 0);
      }
      return filled;
    }
    commitAll(filled) {
      filled.drain((descriptor) => this.commit(descriptor));
    }
    // #readable-byte-stream-controller-commit-pull-into-descriptor
    commit(descriptor) {
      const { stream } = this;
      const view = descriptor.toView();
      const request = stream.reader.requests.shift();
      if (stream.state === 'closed') request.close(view);
      else request.chunk(view);
    }
    // #readable-byte-stream-controller-fill-pull-into-descriptor-from-queue
    fillPullInto(into) {
      const { queue } = this;
      const most = min(queue.totalSize, into.byteLength - into.bytesFilled);
      const mostFilled = into.bytesFilled + most;
      const aligned = mostFilled - mostFilled % into.elementSize;
      const ready = aligned >= into.minimumFill;
      let remaining = ready ? aligned - into.bytesFilled : most;
      while (remaining > 0) {
        const head = queue.peek();
        const count = min(remaining, head.byteLength);
        copyBytes(into.buffer, into.byteOffset + into.bytesFilled, head.buffer, head.byteOffset, count);
        if (head.byteLength === count) {
          queue.shift();
        } else {
          head.byteOffset += count;
          head.byteLength -= count;
          queue.first.size -= count;
          queue.totalSize -= count;
        }
        into.bytesFilled += count;
        remaining -= count;
      }
      return ready;
    }
    // #readable-byte-stream-controller-pull-into
    pullInto(view, minimum, request) {
      const { stream } = this;
      const { elementSize, kind, byteOffset, byteLength } = view;
      let buffer;
      try {
        buffer = transfer(view.buffer);
      } catch (error) {
        request.error(error);
        return;
      }
      const descriptor =
        new PullInto(buffer, byteOffset, byteLength, minimum * elementSize, elementSize, kind, 'byob');
      if (this.pendingPullIntos.length > 0) {
        this.pendingPullIntos.push(descriptor, 0);
        addRequest(stream, request);
        return;
      }
      if (stream.state === 'closed') {
        request.close(newView(kind, buffer, byteOffset, 0));
        return;
      }
      if (this.queue.totalSize > 0) {
        if (this.fillPullInto(descriptor)) {
          const filled = descriptor.toView();
          this.handleQueueDrain();
          request.chunk(filled);
          return;
        }
        if (this.closeRequested) {
          const error = invalidState('ReadableStream closed in the middle of an element');
          this.error(error);
          request.error(error);
          return;
        }
      }
      this.pendingPullIntos.push(descriptor, 0);
      addRequest(stream, request);
      callPullIfNeeded(this);
    }
    // #readable-byte-stream-controller-respond
    respond(count) {
      const first = this.pendingPullIntos.peek();
      if (this.stream.state === 'closed') {
        if (count !== 0) throw invalidState('Controller is already closed');
      } else {
        if (count === 0) throw invalidState('Cannot respond with no bytes while the stream is readable');
        if (first.bytesFilled + count > first.byteLength) throw tooMuch('bytesWritten', count);
      }
      first.buffer = transfer(first.buffer);
      this.respondInternal(count);
    }
    // #readable-byte-stream-controller-respond-with-new-view
    respondWithView({ buffer, byteOffset, byteLength }) {
      const first = this.pendingPullIntos.peek();
      if (this.stream.state === 'closed') {
        if (byteLength !== 0) throw invalidState('Controller is already closed');
      } else if (byteLength === 0) {
        throw invalidState('Cannot respond with no bytes while the stream is readable');
      }
      if (first.byteOffset + first.bytesFilled !== byteOffset) throw tooMuch('view.byteOffset', byteOffset);
      if (first.bufferByteLength !== bufferBytes(buffer)) {
        throw tooMuch('view.buffer.byteLength', bufferBytes(buffer));
      }
      if (first.bytesFilled + byteLength > first.byteLength) throw tooMuch('view.byteLength', byteLength);
      first.buffer = transfer(buffer);
      this.respondInternal(byteLength);
    }
    // #readable-byte-stream-controller-respond-internal
    respondInternal(count) {
      const first = this.pendingPullIntos.peek();
      this.invalidateByobRequest();
      if (this.stream.state === 'closed') this.respondClosed(first);
      else this.respondReadable(count, first);
      callPullIfNeeded(this);
    }
    // #readable-byte-stream-controller-respond-in-closed-state
    respondClosed(first) {
      const { stream } = this;
      if (first.readerType === 'none') this.shiftPullInto();
      if (!hasByobReader(stream)) return;
      const filled = new Queue();
      while (filled.length < requestCount(stream)) filled.push(this.shiftPullInto(), 0);
      this.commitAll(filled);
    }
    // #readable-byte-stream-controller-respond-in-readable-state
    respondReadable(count, descriptor) {
      descriptor.bytesFilled += count;
      if (descriptor.readerType === 'none') {
        this.enqueueReleased(descriptor);
        this.commitAll(this.processPullIntos());
        return;
      }
      if (descriptor.bytesFilled < descriptor.minimumFill) return;
      this.shiftPullInto();
      const remainder = descriptor.bytesFilled % descriptor.elementSize;
      if (remainder > 0) {
        const end = descriptor.byteOffset + descriptor.bytesFilled;
        this.enqueueClone(descriptor.buffer, end - remainder, remainder);
      }
      descriptor.bytesFilled -= remainder;
      const filled = this.processPullIntos();
      this.commit(descriptor);
      this.commitAll(filled);
    }
  });

  const detached = () => invalidState('The buffer of the chunk is detached');
  const tooMuch = (name, value) =>
    rangeError('ERR_INVALID_ARG_VALUE', `The argument '${name}' is invalid. Received ${value}`);

  return { Controller };
})
