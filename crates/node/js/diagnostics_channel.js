// node:diagnostics_channel, <https://nodejs.org/api/diagnostics_channel.html>

(function ({ invalidArgument }) {
  // By name. They stay: whoever asks for one keeps it, and names are few.
  const known = new Map();

  function report(error) {
    process.nextTick(() => { throw error; });
  }

  class Channel {
    #subscribers = [];
    // What each bound store holds while `runStores` runs is made of the message by this.
    #stores = new Map();

    constructor(name) { this.name = name; }

    get hasSubscribers() { return this.#subscribers.length > 0 || this.#stores.size > 0; }

    subscribe(subscriber) {
      if (typeof subscriber !== 'function') throw invalidArgument('subscription', 'of type function', subscriber);
      this.#subscribers = [...this.#subscribers, subscriber];
      known.set(this.name, this);
    }

    unsubscribe(subscriber) {
      const at = this.#subscribers.indexOf(subscriber);
      if (at === -1) return false;
      this.#subscribers = this.#subscribers.toSpliced(at, 1);
      return true;
    }

    publish(message) {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber(message, this.name);
        } catch (error) {
          report(error);
        }
      }
    }

    bindStore(store, transform = (message) => message) {
      this.#stores.set(store, transform);
      known.set(this.name, this);
    }

    unbindStore(store) { return this.#stores.delete(store); }

    withStoreScope(message) {
      const scopes = new DisposableStack();
      for (const [store, transform] of this.#stores) scopes.use(store.withScope(transform(message)));
      this.publish(message);
      return scopes;
    }

    runStores(message, fn, thisArg, ...args) {
      let run = () => {
        this.publish(message);
        return Reflect.apply(fn, thisArg, args);
      };
      for (const [store, transform] of this.#stores) {
        const next = run;
        run = () => {
          let held;
          try {
            held = transform(message);
          } catch (error) {
            report(error);
            return next();
          }
          return store.run(held, next);
        };
      }
      return run();
    }
  }

  function channel(name) {
    if (typeof name !== 'string' && typeof name !== 'symbol') throw invalidArgument('channel', 'of type string or symbol', name);
    const found = known.get(name);
    if (found !== undefined) return found;
    const made = new Channel(name);
    known.set(name, made);
    return made;
  }

  const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

  class TracingChannel {
    constructor(nameOrChannels) {
      for (const event of EVENTS) {
        this[event] = typeof nameOrChannels === 'string' ? channel(`tracing:${nameOrChannels}:${event}`) : nameOrChannels[event];
      }
    }

    get hasSubscribers() { return EVENTS.some((event) => this[event]?.hasSubscribers); }

    subscribe(handlers) {
      for (const event of EVENTS) if (handlers[event]) this[event]?.subscribe(handlers[event]);
    }

    unsubscribe(handlers) {
      return EVENTS.filter((event) => handlers[event]).map((event) => this[event]?.unsubscribe(handlers[event])).every(Boolean);
    }

    // What `body` returns, between `start` and `end`.
    #traced(context, body) {
      return this.start.runStores(context, () => {
        try {
          return body();
        } catch (error) {
          context.error = error;
          this.error.publish(context);
          throw error;
        } finally {
          this.end.publish(context);
        }
      });
    }

    traceSync(fn, context = {}, thisArg, ...args) {
      const call = () => Reflect.apply(fn, thisArg, args);
      return this.hasSubscribers ? this.#traced(context, () => (context.result = call())) : call();
    }

    tracePromise(fn, context = {}, thisArg, ...args) {
      const call = () => Promise.resolve(Reflect.apply(fn, thisArg, args));
      if (!this.hasSubscribers) return call();
      const settled = (key, publishError) => (value) => {
        context[key] = value;
        if (publishError) this.error.publish(context);
        this.asyncStart.publish(context);
        this.asyncEnd.publish(context);
        if (publishError) throw value;
        return value;
      };
      return this.#traced(context, () => call().then(settled('result', false), settled('error', true)));
    }

    traceCallback(fn, position = -1, context = {}, thisArg, ...args) {
      const call = () => Reflect.apply(fn, thisArg, args);
      if (!this.hasSubscribers) return call();
      const at = position < 0 ? args.length + position : position;
      const callback = args[at];
      if (typeof callback !== 'function') throw invalidArgument('callback', 'of type function', callback);
      const { asyncStart, asyncEnd, error: failed } = this;
      args[at] = function (error, result) {
        if (error) {
          context.error = error;
          failed.publish(context);
        } else {
          context.result = result;
        }
        return asyncStart.runStores(context, () => {
          try {
            return Reflect.apply(callback, this, arguments);
          } finally {
            asyncEnd.publish(context);
          }
        });
      };
      return this.#traced(context, call);
    }
  }

  return {
    channel,
    hasSubscribers: (name) => known.get(name)?.hasSubscribers ?? false,
    subscribe: (name, subscriber) => { channel(name).subscribe(subscriber); },
    unsubscribe: (name, subscriber) => channel(name).unsubscribe(subscriber),
    tracingChannel: (nameOrChannels) => new TracingChannel(nameOrChannels),
    Channel,
  };
})
