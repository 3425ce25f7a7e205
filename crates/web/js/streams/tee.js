// Two streams out of one, <https://streams.spec.whatwg.org/#abstract-opdef-readablestreamtee>.

(function ({ base, bytes, defaults, readable, views }) {
  const { DONE, newPromise, nothing, record, then } = base;
  const { Reader, streams } = readable;
  const { read } = defaults;

  // What both kinds of branches share: who was cancelled, and why.
  const Branches = record(class {
    constructor(stream) {
      this.stream = stream;
      this.canceled = [false, false];
      this.reasons = [undefined, undefined];
      this.cancelled = newPromise();
      this.branches = [undefined, undefined];
      this.isReading = false;
    }
    // 15. Let cancel1Algorithm be the following steps, taking a reason argument: …
    cancelOf(index) {
      return (reason) => {
        this.canceled[index] = true;
        this.reasons[index] = reason;
        if (this.canceled[1 - index]) {
          const [first, second] = this.reasons;
          this.cancelWhole([first, second]);
        }
        return this.cancelled.promise;
      };
    }
    cancelWhole(reason) {
      then(readable.cancel(this.stream, reason), this.cancelled.resolve, this.cancelled.reject);
    }
    // Does this to the controllers of the branches that are not cancelled.
    each(act) {
      const [first, second] = this.branches;
      if (!this.canceled[0]) act(first.controller, 0);
      if (!this.canceled[1]) act(second.controller, 1);
    }
    settle() {
      if (!this.canceled[0] || !this.canceled[1]) this.cancelled.resolve();
    }
    // Upon rejection of reader.[[closedPromise]] with reason r, error both.
    forwardErrors(reader, isCurrent = () => true) {
      then(reader.closed.promise, nothing, (reason) => {
        if (!isCurrent()) return;
        const [first, second] = this.branches;
        first.controller.error(reason);
        second.controller.error(reason);
        this.settle();
      });
    }
  });

  // #abstract-opdef-readablestreamdefaulttee
  function teeDefault(stream, prototype) {
    const reader = new Reader(stream, false);
    const shared = new Branches(stream);
    let readAgain = false;
    const request = {
      __proto__: null,
      // 1. Queue a microtask: else a branch that is errored by this could see it too early.
      chunk(value) {
        then(DONE, () => {
          readAgain = false;
          shared.each((controller) => controller.enqueue(value));
          shared.isReading = false;
          if (readAgain) pull();
        });
      },
      close() {
        shared.isReading = false;
        shared.each((controller) => controller.close());
        shared.settle();
      },
      error() {
        shared.isReading = false;
      },
    };
    function pull() {
      if (shared.isReading) {
        readAgain = true;
        return DONE;
      }
      shared.isReading = true;
      read(reader, request);
      return DONE;
    }
    const branch = (index) => defaults.createReadable(
      { __proto__: null, start: () => DONE, pull, cancel: shared.cancelOf(index) },
      { __proto__: null, highWaterMark: 1, size: () => 1 },
      prototype,
    );
    shared.branches[0] = branch(0);
    shared.branches[1] = branch(1);
    shared.forwardErrors(reader);
    return shared.branches;
  }

  // #abstract-opdef-readablebytestreamtee
  function teeBytes(stream, prototype) {
    const shared = new Branches(stream);
    const readAgain = [false, false];
    let reader = new Reader(stream, false);

    function useReader(isByob) {
      if (reader.isByob === isByob) return;
      reader.release();
      reader = new Reader(stream, isByob);
      forward();
    }
    function forward() {
      const own = reader;
      shared.forwardErrors(own, () => own === reader);
    }
    // A copy for the second branch; without one, both end.
    function copyOf({ buffer, byteOffset, byteLength }) {
      try {
        const clone = views.cloneBytes(buffer, byteOffset, byteLength);
        return views.viewOf(views.bytesOf(clone, 0, byteLength), 'chunk');
      } catch (error) {
        shared.branches[0].controller.error(error);
        shared.branches[1].controller.error(error);
        shared.cancelWhole(error);
        return undefined;
      }
    }
    function finishRead() {
      shared.isReading = false;
      if (readAgain[0]) pullOf(0)();
      else if (readAgain[1]) pullOf(1)();
    }
    function ended() {
      shared.isReading = false;
    }

    const defaultRequest = {
      __proto__: null,
      chunk(value) {
        then(DONE, () => {
          readAgain[0] = readAgain[1] = false;
          const view = views.viewOf(value, 'chunk');
          const isForBoth = !shared.canceled[0] && !shared.canceled[1];
          const copy = isForBoth ? copyOf(view) : view;
          if (copy === undefined) {
            shared.isReading = false;
            return;
          }
          shared.each((controller, index) => controller.enqueue(index === 0 ? view : copy));
          finishRead();
        });
      },
      close() {
        shared.isReading = false;
        shared.each((controller) => controller.close());
        for (const { controller } of shared.branches) {
          if (controller.pendingPullIntos.length > 0) controller.respond(0);
        }
        shared.settle();
      },
      error: ended,
    };

    // #abstract-opdef-pullwithbyobreader: the view of one branch is filled, the other gets a copy.
    function byobRequestFor(index) {
      const other = 1 - index;
      return {
        __proto__: null,
        chunk(value) {
          then(DONE, () => {
            readAgain[0] = readAgain[1] = false;
            const own = shared.branches[index].controller;
            const view = views.viewOf(value, 'chunk');
            if (!shared.canceled[other]) {
              const copy = copyOf(view);
              if (copy === undefined) {
                shared.isReading = false;
                return;
              }
              if (!shared.canceled[index]) own.respondWithView(view);
              shared.branches[other].controller.enqueue(copy);
            } else if (!shared.canceled[index]) {
              own.respondWithView(view);
            }
            finishRead();
          });
        },
        close(value) {
          shared.isReading = false;
          const own = shared.branches[index].controller;
          const others = shared.branches[other].controller;
          shared.each((controller) => controller.close());
          if (value !== undefined) {
            if (!shared.canceled[index]) own.respondWithView(views.viewOf(value, 'chunk'));
            if (!shared.canceled[other] && others.pendingPullIntos.length > 0) others.respond(0);
          }
          shared.settle();
        },
        error: ended,
      };
    }

    function pullOf(index) {
      return () => {
        if (shared.isReading) {
          readAgain[index] = true;
          return DONE;
        }
        shared.isReading = true;
        const request = bytes.byobRequest(shared.branches[index].controller);
        if (request === null) {
          useReader(false);
          read(reader, defaultRequest);
        } else {
          useReader(true);
          bytes.read(reader, views.viewOf(request.view, 'view'), 1, byobRequestFor(index));
        }
        return DONE;
      };
    }
    const branch = (index) => bytes.createByteStream(
      { __proto__: null, start: () => DONE, pull: pullOf(index), cancel: shared.cancelOf(index) },
      prototype,
    );
    shared.branches[0] = branch(0);
    shared.branches[1] = branch(1);
    forward();
    return shared.branches;
  }

  const tee = (stream, prototype) =>
    (stream.controller.isByte ? teeBytes(stream, prototype) : teeDefault(stream, prototype));
  return { tee };
})
