// Streams as iterables, and iterables as streams: <https://streams.spec.whatwg.org/#rs-asynciterator>
// and <https://streams.spec.whatwg.org/#abstract-opdef-readablestreamfromiterable>.

(function ({ base, defaults, readable }) {
  const {
    DONE, apply, chain, create, getPrototypeOf, isObject, newPromise, promiseOf, rejectedPromise,
    resolvedPromise, slot, then, typeError,
  } = base;
  const { Reader } = readable;
  const { read } = defaults;

  const iterators = slot('ReadableStream AsyncIterator');
  const AsyncIteratorPrototype = getPrototypeOf(getPrototypeOf(async function* () {}.prototype));

  // What stands for "end of iteration".
  const END = create(null);

  // #rs-asynciterator-prototype-next
  function nextResult(iterator) {
    const { reader } = iterator;
    const { promise, resolve, reject } = newPromise();
    read(reader, {
      __proto__: null,
      chunk: resolve,
      close() {
        iterator.isFinished = true;
        reader.release();
        resolve(END);
      },
      error(reason) {
        iterator.isFinished = true;
        reader.release();
        reject(reason);
      },
    });
    return then(promise, resultOf);
  }
  const resultOf = (value) =>
    (value === END ? { value: undefined, done: true } : { value, done: false });

  // #rs-asynciterator-prototype-return
  function end({ preventCancel, reader }, value) {
    if (preventCancel) {
      reader.release();
      return resolvedPromise(value);
    }
    const result = readable.cancel(reader.stream, value);
    reader.release();
    return then(result, () => value);
  }

  // One step after the other, whatever is asked for meanwhile:
  // <https://webidl.spec.whatwg.org/#js-asynchronous-iterator-prototype-object>
  function queued(iterator, steps) {
    const { ongoing } = iterator;
    iterator.ongoing = ongoing === undefined ? steps() : chain(ongoing, steps, true);
    return iterator.ongoing;
  }
  const finished = (value) => resolvedPromise({ value, done: true });
  function checked(object) {
    try {
      return { iterator: iterators.checked(object) };
    } catch (error) {
      return { refusal: rejectedPromise(error) };
    }
  }

  const prototype = {
    __proto__: AsyncIteratorPrototype,
    next() {
      const { iterator, refusal } = checked(this);
      if (refusal) return refusal;
      return queued(iterator, () => (iterator.isFinished ? finished() : nextResult(iterator)));
    },
    return(value) {
      const { iterator, refusal } = checked(this);
      if (refusal) return refusal;
      const result = queued(iterator, () => {
        if (iterator.isFinished) return resolvedPromise(value);
        iterator.isFinished = true;
        return end(iterator, value);
      });
      return then(result, (value) => ({ value, done: true }));
    },
  };

  function valuesOf(stream, preventCancel) {
    const object = create(prototype);
    iterators.attach(object, {
      __proto__: null, reader: new Reader(stream, false), preventCancel, isFinished: false, ongoing: undefined,
    });
    return object;
  }

  // ---- From iterables ----

  function method(object, key) {
    const found = object[key];
    if (found === undefined || found === null) return undefined;
    if (typeof found !== 'function') throw typeError('ERR_INVALID_ARG_TYPE', `${String(key)} is not a function`);
    return found;
  }
  const { asyncIterator, iterator: syncIterator } = Symbol;

  // ? GetIterator(asyncIterable, async)
  function iteratorOf(iterable) {
    // A string is one by ECMAScript, but no `async_sequence` by Web IDL.
    if (!isObject(iterable)) {
      throw typeError('ERR_ARG_NOT_ITERABLE', 'The argument must be an iterable object');
    }
    const own = method(iterable, asyncIterator);
    const make = own ?? method(iterable, syncIterator);
    if (make === undefined) throw typeError('ERR_ARG_NOT_ITERABLE', 'The argument must be an iterable object');
    const iterator = apply(make, iterable, []);
    if (!isObject(iterator)) throw typeError('ERR_INVALID_STATE', 'The iterator is not an object');
    return { __proto__: null, iterator, next: iterator.next, isSync: own === undefined };
  }
  function checkResult(result) {
    if (!isObject(result)) throw typeError('ERR_INVALID_STATE', 'The result of an iterator is not an object');
    return result;
  }
  // What %AsyncFromSyncIteratorPrototype% makes of a result.
  function awaited(result) {
    const { done, value } = checkResult(result);
    return then(promiseOf(value), (value) => ({ __proto__: null, done, value }));
  }

  // #abstract-opdef-readablestreamfromiterable
  function fromIterable(iterable, prototype) {
    const { iterator, next, isSync } = iteratorOf(iterable);
    let stream;
    function pull() {
      let result;
      try {
        result = apply(next, iterator, []);
        result = isSync ? awaited(result) : promiseOf(result);
      } catch (error) {
        return rejectedPromise(error);
      }
      return then(result, (result) => {
        if (checkResult(result).done) stream.controller.close();
        else stream.controller.enqueue(result.value);
      });
    }
    function cancel(reason) {
      let result;
      try {
        const end = method(iterator, 'return');
        if (end === undefined) return DONE;
        result = apply(end, iterator, [reason]);
        result = isSync ? awaited(result) : promiseOf(result);
      } catch (error) {
        return rejectedPromise(error);
      }
      return then(result, (result) => { checkResult(result); });
    }
    stream = defaults.createReadable(
      { __proto__: null, start: () => DONE, pull, cancel },
      { __proto__: null, highWaterMark: 0, size: () => 1 },
      prototype,
    );
    return stream;
  }

  return { fromIterable, valuesOf };
})
