// What all parts of the Streams standard stand on: promises, slots, interfaces, conversions.
//
// Everything a script could replace later is taken when this is loaded. The state of a stream, a
// reader or a controller is a record of its own without prototype, which no script ever sees; the
// object that script has is an empty one with a slot for that record.
//
// <https://streams.spec.whatwg.org/>, <https://webidl.spec.whatwg.org/>

(function ({ codedError, invalidArgument }) {
  const { apply, construct, getPrototypeOf, ownKeys } = Reflect;
  const { create, defineProperty, getOwnPropertyDescriptor, setPrototypeOf } = Object;
  const bind = Function.prototype.bind;
  // A method as a function whose first argument is `this`.
  const uncurried = apply(bind, bind, [Function.prototype.call]);
  const getter = (prototype, name) => uncurried(getOwnPropertyDescriptor(prototype, name).get);

  const typeError = (code, message) => codedError('TypeError', code, message);
  const rangeError = (code, message) => codedError('RangeError', code, message);
  const invalidState = (message) => typeError('ERR_INVALID_STATE', `Invalid state: ${message}`);

  const isObject = (value) =>
    (typeof value === 'object' && value !== null) || typeof value === 'function';

  // ---- Promises: <https://webidl.spec.whatwg.org/#a-new-promise> and what follows there ----

  const then = uncurried(Promise.prototype.then);
  const newPromise = apply(bind, Promise.withResolvers, [Promise]);
  const resolvedPromise = apply(bind, Promise.resolve, [Promise]);
  const rejectedPromise = apply(bind, Promise.reject, [Promise]);
  const nothing = () => {};
  // Of the promises that no script sees, one is enough that is fulfilled with nothing.
  const DONE = resolvedPromise();

  // A promise resolved with a value: unlike `Promise.resolve`, never the value itself.
  function promiseOf(value) {
    if (!isObject(value)) return value === undefined ? DONE : resolvedPromise(value);
    const { promise, resolve } = newPromise();
    resolve(value);
    return promise;
  }
  // A promise resolved with one of ours, in as many jobs, but without asking that for its `then`,
  // which a script may have replaced.
  function adopted(promise) {
    const { promise: result, resolve, reject } = newPromise();
    then(DONE, () => { then(promise, resolve, reject); });
    return result;
  }
  // The result of reacting to a promise with a step that gives one of ours; `anyway`: also to its
  // rejection.
  function chain(promise, step, anyway = false) {
    const { promise: result, resolve, reject } = newPromise();
    const run = () => {
      try {
        const made = step();
        then(DONE, () => { then(made, resolve, reject); });
      } catch (error) {
        reject(error);
      }
    };
    then(promise, run, anyway ? run : reject);
    return result;
  }
  const markHandled = (promise) => { then(promise, undefined, nothing); };

  // ---- Records and slots ----

  // Makes a class of records: nothing that script puts into `Object.prototype` reaches them.
  const record = (Class) => (setPrototypeOf(Class.prototype, null), Class);

  // A promise that may be asked whether it is pending. Those that say how a stream ends or has
  // room may be rejected with nobody listening.
  const Deferred = record(class {
    constructor() {
      const { promise, resolve, reject } = newPromise();
      this.promise = promise;
      this.settle = resolve;
      this.refuse = reject;
      this.isPending = true;
    }
    resolve(value) {
      if (!this.isPending) return;
      this.isPending = false;
      this.settle(value);
    }
    reject(reason) {
      if (!this.isPending) return;
      this.isPending = false;
      markHandled(this.promise);
      this.refuse(reason);
    }
    static resolved() {
      const made = new Deferred();
      made.resolve();
      return made;
    }
    static rejected(reason) {
      const made = new Deferred();
      made.reject(reason);
      return made;
    }
    // This, rejected, or a new one that is, if this is settled.
    rejectedOrNew(reason) {
      if (!this.isPending) return Deferred.rejected(reason);
      this.reject(reason);
      return this;
    }
  });

  // Gives objects a hidden field: the base class returns the object that the field is put into.
  class Given {
    constructor(object) {
      return object;
    }
  }
  // What an interface needs to find the record of one of its objects.
  let allSlots;
  function slot(name) {
    class Slot extends Given {
      #state;
      constructor(object, state) {
        super(object);
        this.#state = state;
      }
      static of(object) {
        return isObject(object) && #state in object ? object.#state : undefined;
      }
    }
    const { of } = Slot;
    allSlots = { __proto__: null, of, next: allSlots };
    return {
      name,
      attach: (object, state) => new Slot(object, state),
      of,
      // The record of `this`, or what Node throws.
      checked(object) {
        const state = of(object);
        if (state === undefined) {
          throw typeError('ERR_INVALID_THIS', `Value of "this" must be of type ${name}`);
        }
        return state;
      },
    };
  }

  function isPlatformObject(object) {
    for (let slot = allSlots; slot !== undefined; slot = slot.next) {
      const { of } = slot;
      if (of(object) !== undefined) return true;
    }
    return false;
  }

  // ---- Interfaces ----

  const illegalConstructor = () => typeError('ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');

  const INSPECT = Symbol.for('nodejs.util.inspect.custom');

  // Gives a class the shape of an interface: members that can be enumerated, and a tag. `shown`
  // says what `console.log` shows of a record.
  function asInterface(Class, own, shown) {
    const { prototype } = Class;
    const { name } = own;
    for (const holder of [prototype, Class]) {
      for (const key of ownKeys(holder)) {
        const isOwn = holder === Class && (key === 'prototype' || key === 'name' || key === 'length');
        if (typeof key !== 'string' || key === 'constructor' || isOwn) continue;
        defineProperty(holder, key, { __proto__: null, enumerable: true });
      }
    }
    defineProperty(prototype, Symbol.toStringTag, { __proto__: null, value: name, configurable: true });
    const value = function (depth, options, inspect) {
      const state = own.of(this);
      return state === undefined ? this : `${name} ${inspect(shown(state), options)}`;
    };
    defineProperty(prototype, INSPECT, { __proto__: null, value, configurable: true, writable: true });
    return Class;
  }

  // An operation that gives a promise never throws.
  function promised(steps) {
    try {
      return steps();
    } catch (error) {
      return rejectedPromise(error);
    }
  }

  // ---- Conversions ----

  function dictionary(value, name) {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw invalidArgument(name, 'of type object', value);
    return value;
  }
  // A callback function that may be absent.
  function callback(holder, member, name) {
    const value = holder[member];
    if (value === undefined) return undefined;
    if (typeof value !== 'function') throw invalidArgument(`${name}.${member}`, 'of type function', value);
    return value;
  }
  // A callback that gives a promise: what it throws is a rejection.
  const promisedCall = (callback, self) => (first, second) => {
    try {
      return promiseOf(apply(callback, self, second === undefined ? [first] : [first, second]));
    } catch (error) {
      return rejectedPromise(error);
    }
  };
  const MOST_EXACT = Number.MAX_SAFE_INTEGER;
  const { trunc } = Math;
  // `[EnforceRange] unsigned long long`
  function enforcedInteger(value, name) {
    const number = +value;
    const whole = trunc(number);
    if (!(whole >= 0 && whole <= MOST_EXACT)) {
      throw typeError('ERR_INVALID_ARG_VALUE', `The argument '${name}' is not an integer from 0 to ${MOST_EXACT}`);
    }
    return whole + 0;
  }

  // ---- <https://streams.spec.whatwg.org/#queue-with-sizes> ----

  // A list that is taken from at its front, and the total size of what is in it.
  const Queue = record(class {
    constructor() {
      this.clear();
    }
    clear() {
      this.first = this.last = undefined;
      this.length = this.totalSize = 0;
    }
    // #enqueue-value-with-size
    enqueue(value, size) {
      // 2. If ! IsNonNegativeNumber(size) is false, throw a RangeError exception.
      // 3. If size is +∞, throw a RangeError exception.
      if (typeof size !== 'number' || !(size >= 0) || size === Infinity) {
        throw rangeError('ERR_INVALID_ARG_VALUE', `The argument 'size' is invalid. Received ${size}`);
      }
      this.push(value, size);
    }
    push(value, size) {
      const entry = { __proto__: null, value, size, next: undefined };
      if (this.last === undefined) this.first = entry;
      else this.last.next = entry;
      this.last = entry;
      this.length += 1;
      this.totalSize += size;
    }
    // #dequeue-value
    shift() {
      const { value, size, next } = this.first;
      this.first = next;
      if (next === undefined) this.last = undefined;
      this.length -= 1;
      // 5. Set container.[[queueTotalSize]] to container.[[queueTotalSize]] − valueWithSize's size.
      // 6. If container.[[queueTotalSize]] < 0, set it to 0. (This can occur due to rounding errors.)
      this.totalSize -= size;
      if (this.totalSize < 0) this.totalSize = 0;
      return value;
    }
    // #peek-queue-value
    peek() {
      return this.first?.value;
    }
    // Empties the list, and gives each value to `each`.
    drain(each) {
      let entry = this.first;
      this.clear();
      for (; entry !== undefined; entry = entry.next) each(entry.value);
    }
  });

  return {
    DONE, Deferred, Queue, adopted, apply, asInterface, callback, chain, codedError, construct, create, defineProperty,
    dictionary, enforcedInteger, getPrototypeOf, getter, illegalConstructor, invalidArgument,
    invalidState, isObject, isPlatformObject, markHandled, newPromise, nothing, promiseOf, promised, promisedCall,
    rangeError, record, rejectedPromise, resolvedPromise, slot, then, typeError,
    uncurried,
  };
})
